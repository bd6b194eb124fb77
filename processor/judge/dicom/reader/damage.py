"""What stands where a data element should: filling, another file, a cut, damage, an element without a VR (PS3.5 7).

Damage within a sequence of known length harms nothing around it, unless it is what the object is made for (PS3.3 A).
"""

from intake.dicom import boundaries
from intake.dicom.encoding import LONG_HEADER, LONG_VRS, SHORT_VRS, UNKNOWN, Encoding, Header, settle_length
from intake.dicom.streams import take_bytes
from processor.judge.dicom.dictionary import tags
from processor.judge.dicom.elements.data_set import Pixels
from processor.judge.dicom.elements.levels import Level
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

CONTENT_GROUPS = frozenset({
    0x3002,  # RT images: exposures and fluence maps
    0x3004,  # dose-volume histograms
    0x3006,  # structure sets: contours
    0x3008,  # treatment records
    0x300A,  # plans: beams, fractions, brachytherapy
    0x300C,  # plans: what they refer to
    0x3010,  # radiations, segments and prescriptions of the second generation
    0x0046,  # refractions and lenses
    0x0062,  # segmentations
    0x0064,  # deformable registrations
    0x0066,  # surfaces and tracts
    0x0068,  # implant templates
    0x0070,  # presentation states, registrations, fiducials
    0x0072,  # hanging protocols
    0x0074,  # procedure steps
    0x0076,  # implant assemblies
    0x0078,  # implant template groups
    0x0082,  # assessments
    0x5200,  # functional groups: the geometry of each frame
    0x5400,  # waveforms
})  # fmt: skip
"""Groups all of whose sequences are content."""
CONTENT_TAGS = frozenset({
    0x0040A730,  # the content of a structured report
    0x00409096,  # real world values
})  # fmt: skip
"""Further such sequences, of groups that hold others as well."""

CONTENT_GROUPS_WITHOUT_IMAGE = frozenset({
    0x0022,  # ophthalmic measurements
    0x0024,  # visual fields
})  # fmt: skip
CONTENT_TAGS_WITHOUT_IMAGE = frozenset({
    0x00081115,  # the series that a presentation state shows, or a key object points at
})  # fmt: skip
"""What is content in an object without an image, and surrounds the image in others."""


def is_stray(head: Header, encoding: Encoding, pixels: Pixels | None, stream: Stream, position: int) -> bool:
    """Say whether what looks like an element of the whole data set cannot be one: its tag or its place tells."""
    if head.tag >> 16 in tags.RESERVED or stream.buffer.startswith(ARCHIVE, position - stream.origin):
        return True
    behind = pixels is not None and head.tag <= pixels.tag
    return behind and not boundaries.is_meant(head, encoding, stream, position)


def check_trailing(stream: Stream, position: int, findings: Findings, *, after_pixels: bool) -> None:
    """Meet bytes at the outermost level that are no data element. Raises UnreadableFileError but for filling."""
    finding = _classify_trailing(stream, position, after_pixels=after_pixels)
    if finding != TRAILING:
        raise UnreadableFileError(finding, f"byte {position}")
    findings.add(finding, f"byte {position}")


def _classify_trailing(stream: Stream, position: int, *, after_pixels: bool) -> str:
    rest = take_bytes(stream, position, LOOK)
    if rest.lstrip(b"\0").startswith(ARCHIVE):
        return "archive-appended"
    # Behind filling, a second file's preamble may start anywhere.
    if rest.find(b"DICM", PREAMBLE) >= 0:
        return "second-file-appended"
    if len(rest) == LOOK and ends_as_archive(stream, position):
        return "archive-appended"
    if after_pixels or not rest.strip(b"\0"):
        return TRAILING
    return "truncated" if len(rest) < 12 else "structure-invalid"


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


def settle_header(stream: Stream, position: int, head: Header, level: Level, findings: Findings) -> Header:
    """Return a header without a VR of the standard with the length that is meant, and tell where it states another one.

    A VR that the standard may have added since has the long form, and is taken as it is.
    """
    settled = settle_length(stream, position, head, level.limit, level.encoding)
    if not settled.vr or settled.size == head.size == LONG_HEADER:
        return settled
    findings.add("vr-invalid", tags.format_tag(head.tag))
    # Only of a value whose length takes four bytes is it open whether it is a sequence.
    return settled._replace(vr=b"" if settled.size == LONG_HEADER else UNKNOWN)


def holds_content(tag: int, *, has_image: bool) -> bool:
    """Say whether the sequence of this tag, at the outermost level, is what the object is made for."""
    if tag >> 16 in CONTENT_GROUPS or tag in CONTENT_TAGS:
        return True
    return not has_image and (tag >> 16 in CONTENT_GROUPS_WITHOUT_IMAGE or tag in CONTENT_TAGS_WITHOUT_IMAGE)


class Damage:
    """What is damaged within the sequences of one file."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._damaged: set[int] = set()

    def add(self, sequence: int, where: str) -> None:
        """Note damage within the outermost sequence of this tag."""
        self._findings.add("sequence-damaged", where)
        self._damaged.add(sequence)

    def weigh(self, *, has_image: bool) -> None:
        """Tell damage to what the object is made for from damage to what merely goes with it."""
        if self._damaged and any(holds_content(tag, has_image=has_image) for tag in self._damaged):
            self._findings.replace("sequence-damaged", "content-damaged")
