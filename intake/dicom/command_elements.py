"""Elements of group 0000 in front of a data set: of the message by which it was sent, and none of its own (PS3.7 E)."""

from intake.dicom.elements import header
from intake.dicom.encoding import EXPLICIT, IMPLICIT_ITEMS
from intake.dicom.streams import Stream, take_bytes

MOST = 64
"""Elements of one command; the standard's longest has 10."""
LONGEST = 1024
"""Bytes of one of their values."""
_GROUP_LENGTH = 0


def end_of_commands(stream: Stream, start: int) -> int:
    """Return where command elements that stand at `start` end: at `start` where there are none.

    Zeros are none, nor is anything whose elements do not ascend within their group.
    """
    position, last = start, -1
    for _ in range(MOST):
        following = _find_end(stream, position, last)
        if following is None:
            break
        last = int.from_bytes(take_bytes(stream, position, 4)[2:], "little")
        position = following
    return position


def _find_end(stream: Stream, position: int, last: int) -> int | None:
    """Return where the command element at `position` ends, or None where none stands."""
    head = take_bytes(stream, position, 12)
    if len(head) < 12 or head[:2] != b"\0\0":
        return None
    number = int.from_bytes(head[2:4], "little")
    found = header(head, 0, 12, EXPLICIT) or header(head, 0, 12, IMPLICIT_ITEMS)
    if found is None or number <= last or found.length > LONGEST or (number == _GROUP_LENGTH and found.length != 4):
        return None
    following = position + found.size + found.length
    return following if len(take_bytes(stream, following, 8)) == 8 else None
