"""Elements behind the pixel data that belong before them: meant where they are whole, filling where they are not."""

from intake.dicom.dictionary.vrs import public_vr
from intake.dicom.elements import UNDEFINED_LENGTH, Header
from intake.dicom.encoding import LONG_VRS, SHORT_VRS, Encoding
from intake.dicom.streams import Stream

PIXELS = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})
FILE_META_GROUP = 0x0002


def counts(head: Header, encoding: Encoding, stream: Stream, position: int) -> bool:
    """Say whether an element at `position`, behind pixel data and with a lower tag, is meant, and not other bytes."""
    if head.tag in PIXELS or head.tag >> 16 == FILE_META_GROUP or head.length == UNDEFINED_LENGTH:
        return False
    meant = head.vr in SHORT_VRS or head.vr in LONG_VRS if encoding.explicit else public_vr(head.tag) is not None
    return meant and stream.holds(position + head.size + head.length)
