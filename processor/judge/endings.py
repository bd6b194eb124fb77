"""What stands where a data element should: harmless filling, another file, damage, or a cut."""

from intake.dicom.elements import Header
from intake.dicom.encoding import LONG_VRS, SHORT_VRS
from processor.judge import tags
from processor.judge.window import Stream

TRAILING = "trailing-bytes"
ARCHIVE = b"PK\3\4"

LOOK = 4 * 1024
IMPOSSIBLE_EXCESS = 1 << 30
IMPOSSIBLE_FACTOR = 1000


def classify(stream: Stream, position: int, *, after_pixels: bool) -> str:
    """Return the code of the finding on bytes that are no data element, at the outermost level."""
    there = min(stream.show(position, LOOK), LOOK)
    at = position - stream.origin
    rest = stream.buffer[at : at + there]
    if rest.startswith(ARCHIVE):
        return "archive-appended"
    if rest[128:132] == b"DICM":
        return "second-file-appended"
    if after_pixels or not rest.strip(b"\0"):
        return TRAILING
    return "truncated" if there < 12 else "structure-invalid"


def overrun(following: int, size: int) -> str:
    """Return the code of the finding on a length that leads to `following` in a stream of `size` bytes.

    A length that is off by a gigabyte and a thousandfold never belonged to a file that was cut.
    """
    impossible = following - size > IMPOSSIBLE_EXCESS and following > IMPOSSIBLE_FACTOR * size
    return "length-impossible" if impossible else "truncated"


def may_follow_pixels(head: Header) -> bool:
    """Say whether an element behind the image is meant, so that it was cut off, and not some other bytes."""
    return head.vr in SHORT_VRS or head.vr in LONG_VRS or head.tag in {0xFFFAFFFA, 0xFFFCFFFC, tags.PIXEL_DATA}
