"""Where a data set begins and ends, when elements stand before and behind it that are none of its own."""

from intake.dicom.dictionary.vrs import public_vr
from intake.dicom.encoding import (
    EXPLICIT,
    IMPLICIT_ITEMS,
    LONG_VRS,
    SHORT_VRS,
    UNDEFINED_LENGTH,
    Encoding,
    Header,
    header,
)
from intake.dicom.streams import Stream, take_bytes

MOST_COMMANDS = 64
"""Elements of one command; the standard's longest has 10."""
LONGEST_COMMAND = 1024
"""Bytes of one of their values."""
_GROUP_LENGTH = 0


def end_of_commands(stream: Stream, start: int) -> int:
    """Return where command elements that stand at `start` end: at `start` where there are none.

    Zeros are none, nor is anything whose elements do not ascend within their group.
    """
    position, last = start, -1
    for _ in range(MOST_COMMANDS):
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
    if found is None or number <= last or found.length > LONGEST_COMMAND:
        return None
    if number == _GROUP_LENGTH and found.length != 4:
        return None
    following = position + found.size + found.length
    return following if len(take_bytes(stream, following, 8)) == 8 else None


PIXELS = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})
FILE_META_GROUP = 0x0002


def is_meant(head: Header, encoding: Encoding, stream: Stream, position: int) -> bool:
    """Say whether an element at `position`, behind pixel data and with a lower tag, is meant, and not other bytes."""
    if head.tag in PIXELS or head.tag >> 16 == FILE_META_GROUP or head.length == UNDEFINED_LENGTH:
        return False
    meant = head.vr in SHORT_VRS or head.vr in LONG_VRS if encoding.explicit else public_vr(head.tag) is not None
    return meant and stream.holds(position + head.size + head.length)


class OutermostEnd:
    """Where the outermost data set of a stream ends before the stream does."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._pixels = 0
        """The tag of the pixel data, once they were met."""

    def is_at(self, position: int, head: Header, encoding: Encoding) -> bool:
        """Say whether what looks like an element at `position`, each of which is asked for in order, is filling.

        No element has group 0 in a file. One that belongs before the pixel data counts behind them where it is meant.
        """
        if head.tag in PIXELS and not self._pixels:
            self._pixels = head.tag
            return False
        if head.tag >> 16 == 0 or head.tag > self._pixels:
            return head.tag >> 16 == 0
        return not is_meant(head, encoding, self._stream, position)
