"""What stands where a data element should: harmless filling, another file, damage, or a cut."""

from intake.dicom import boundaries
from intake.dicom.encoding import LONG_VRS, SHORT_VRS, Encoding, Header
from processor.judge.dicom.dictionary import tags
from processor.judge.dicom.elements.data_set import Pixels
from processor.judge.dicom.elements.element_scanner import RESERVED
from processor.judge.inspection.errors import UnreadableFileError
from processor.judge.inspection.findings import Findings
from processor.judge.inspection.window import Stream, Window

TRAILING = "trailing-bytes"
ARCHIVE = b"PK\3\4"
PREAMBLE = 128
ARCHIVE_END, ARCHIVE_END_SIZE = b"PK\5\6", 22
"""By which programs find an archive, whatever stands before it (APPNOTE.TXT 4.3.16)."""

LOOK = 4 * 1024
IMPOSSIBLE_EXCESS = 1 << 30
IMPOSSIBLE_FACTOR = 1000


def is_stray(head: Header, encoding: Encoding, pixels: Pixels | None, stream: Stream, position: int) -> bool:
    """Say whether what looks like an element of the whole data set cannot be one: its tag or its place tells."""
    if head.tag >> 16 in RESERVED or stream.buffer.startswith(ARCHIVE, position - stream.origin):
        return True
    behind = pixels is not None and head.tag <= pixels.tag
    return behind and not boundaries.is_meant(head, encoding, stream, position)


def check(stream: Stream, position: int, findings: Findings, *, after_pixels: bool) -> None:
    """Meet bytes at the outermost level that are no data element. Raises UnreadableFileError but for filling."""
    finding = _classify(stream, position, after_pixels=after_pixels)
    if finding != TRAILING:
        raise UnreadableFileError(finding, f"byte {position}")
    findings.add(finding, f"byte {position}")


def _classify(stream: Stream, position: int, *, after_pixels: bool) -> str:
    there = min(stream.show(position, LOOK), LOOK)
    at = position - stream.origin
    rest = stream.buffer[at : at + there]
    if rest.lstrip(b"\0").startswith(ARCHIVE):
        return "archive-appended"
    # Behind filling, a second file's preamble may start anywhere.
    if rest.find(b"DICM", PREAMBLE) >= 0:
        return "second-file-appended"
    if there == LOOK and ends_as_archive(stream, position):
        return "archive-appended"
    if after_pixels or not rest.strip(b"\0"):
        return TRAILING
    return "truncated" if there < 12 else "structure-invalid"


def ends_as_archive(stream: Stream, position: int) -> bool:
    """Say whether a file ends with an archive's end record; its comment may be as long as we look."""
    if not isinstance(stream, Window):
        return False
    start = max(position, stream.size - LOOK)
    stream.show(start, stream.size - start)
    at = stream.buffer.rfind(ARCHIVE_END, start - stream.origin)
    comment = stream.buffer[at + ARCHIVE_END_SIZE - 2 : at + ARCHIVE_END_SIZE]
    return at >= 0 and at + ARCHIVE_END_SIZE + int.from_bytes(comment, "little") == len(stream.buffer)


def classify_overrun(following: int, size: int) -> str:
    """Return the code of the finding on a length that leads to `following` in a stream of `size` bytes.

    A length that is off by a gigabyte and a thousandfold never belonged to a file that was cut.
    """
    impossible = following - size > IMPOSSIBLE_EXCESS and following > IMPOSSIBLE_FACTOR * size
    return "length-impossible" if impossible else "truncated"


def may_follow_pixels(head: Header) -> bool:
    """Say whether an element behind the image is meant, so that it was cut off, and not some other bytes."""
    return head.vr in SHORT_VRS or head.vr in LONG_VRS or head.tag in {0xFFFAFFFA, 0xFFFCFFFC, tags.PIXEL_DATA}
