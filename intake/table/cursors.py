"""Positions in lists: a page's `next` is the sort key that it ended with.

They are plain, and for whoever may read the list. What leaves the system are cursors, into which the portal seals them
(`portal/cursors.py`); what is not a position of the list is refused here all the same, before DynamoDB sees it.
"""

import re

from intake.errors import InvalidCursorError

LONGEST_POSITION = 200
"""Characters; DynamoDB refuses sort keys above 1024 bytes."""
_POSITION = re.compile(r"[ -~]+#[0-9a-z-]*[0-9a-z]")
"""Every sort key that a list goes by ends with an id."""
_AFTER_ALL = "~"
"""Sorts after every time and id, where a list without a position begins."""
_CREATED_KEY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{8,15}Z#[0-9a-z-]{1,60}")
"""As `intake.files.item_keys.build_created_key` writes it."""


def check_position(position: str, low: str = "", high: str = _AFTER_ALL) -> str:
    """Return a position, which must lie between two sort keys. Raises InvalidCursorError."""
    known = len(position) <= LONGEST_POSITION and _POSITION.fullmatch(position)
    if not (known and low < position < high):
        raise InvalidCursorError("the position is not one of this list")
    return position


def read_time_position(position: str | None) -> str:
    """Return the `created_key` that a page of a list, newest first, stands before. Raises InvalidCursorError."""
    if position is not None and not _CREATED_KEY.fullmatch(position):
        raise InvalidCursorError("the position is not one of a list by time")
    return _AFTER_ALL if position is None else position
