"""Elements behind the pixel data that belong before them: meant where they are whole, filling where they are not."""

from intake.dicom.dictionary.vrs import public_vr
from intake.dicom.elements import UNDEFINED_LENGTH, Header
from intake.dicom.encoding import LONG_VRS, SHORT_VRS, Encoding
from intake.dicom.streams import Stream

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
