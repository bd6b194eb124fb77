"""Cursors of lists: opaque texts that say behind which sort key a page begins."""

import base64

_LONGEST_POSITION = 200
"""Characters; DynamoDB refuses sort keys above 1024 bytes."""
_AFTER_ALL = "~"
"""Sorts after every time and id, where a list without a cursor begins."""


def cursor_of(position: str) -> str:
    return base64.urlsafe_b64encode(position.encode()).decode().rstrip("=")


def position_of(cursor: str, begins: str = "") -> str:
    """Read a cursor. Raises ValueError for text that is none, or that leads out of the list."""
    try:
        position = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode("ascii")
    except ValueError as error:
        raise ValueError("the cursor is not one that this list gave") from error
    if not (position.isprintable() and position.startswith(begins) and 0 < len(position) <= _LONGEST_POSITION):
        raise ValueError("the cursor is not one that this list gave")
    return position


def before(cursor: str | None) -> str:
    """Return the sort key that a page of a list, newest first, stands before. Raises ValueError."""
    return position_of(cursor) if cursor else _AFTER_ALL
