"""What a walk over a data set learns: the kept values, the pixel data, its basic offset table (PS3.5 7, A.4)."""

import struct
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from intake.dicom.encoding import Encoding
from processor.judge.dicom.dictionary import tags
from processor.judge.dicom.dictionary.attributes import ABSENT, LOOKALIKE, Values
from processor.judge.inspection.findings import Findings

IDENTITIES = frozenset({
    tags.SOP_INSTANCE_UID,
    tags.STUDY_INSTANCE_UID,
    tags.SERIES_INSTANCE_UID,
    tags.PATIENT_ID,
    tags.PATIENT_NAME,
    tags.PATIENT_BIRTH_DATE,
    tags.ACCESSION_NUMBER,
})  # fmt: skip
"""What says whose the image is, and which one."""
PADDING = b"\0 "
NAME_PADDING = b"\0 ^="
"""Empty components and groups at a name's end say nothing (PS3.5 6.2.1)."""


class Offsets(NamedTuple):
    """What is known of a basic offset table."""

    frames: int = 0
    """How many frames it has entries for; 0 for an empty table, which is allowed."""
    damaged: bool = False
    """Whether its length, first entry or order are wrong, or an entry does not lead to a fragment that was seen."""
    entries: tuple[int, ...] = ()
    """From the first fragment on in bytes, where the table was at hand and is in order."""

    def is_wrong(self, frames: int) -> bool:
        """Say whether the table cannot be that of an image of so many frames."""
        return self.damaged or self.frames not in {0, frames}

    def compare_with(self, starts: set[int], seen: int) -> "Offsets":
        """Compare the entries below `seen` with where fragments start."""
        misled = any(entry < seen and entry not in starts for entry in self.entries)
        return self._replace(damaged=self.damaged or misled)


NO_OFFSETS = Offsets()


def read_offsets(value: bytes, length: int, order: str) -> Offsets:
    """Read a table of `length` bytes, of which `value` is at hand."""
    if length % 4 or len(value) < length:
        return Offsets(length // 4, damaged=bool(length % 4))
    entries = struct.unpack(f"{order}{length // 4}I", value)
    ascending = not entries or (entries[0] == 0 and all(one < other for one, other in pairwise(entries)))
    return Offsets(len(entries), damaged=not ascending, entries=entries if ascending else ())


class Pixels(NamedTuple):
    """The pixel data of the whole data set."""

    tag: int
    length: int
    """In bytes, or UNDEFINED_LENGTH for encapsulated pixel data."""
    first: bytes = b""
    """The first bytes of the first fragment, where they were at hand."""
    fragments: int | None = None
    """How many fragments there are; None where they were not all seen."""
    offsets: Offsets = NO_OFFSETS


@dataclass(slots=True)
class DataSet:
    """What was learnt from a walk, as far as it came."""

    encoding: Encoding
    values: Values
    """Of the kept elements, and those of the file meta information."""
    pixels: Pixels | None = None
    extended_offsets: int | None = None
    """Length of the extended offset table in bytes, where there is one (PS3.3 C.7.6.3.1.8)."""
    unchecked: bool = False
    """Whether the image, or what describes its frames, was too large to be read to its end, and the rest never seen."""

    def keep_first(self, tag: int, value: bytes, findings: Findings) -> None:
        """Keep an element's value unless it has one already; one that is empty is none, an identity has no second one.

        Readers differ in which one they take (pydicom the last, dcmtk the first), so that two values of what says whose
        the image is would be filed under one patient and shown under another.
        """
        known = self.values[tag]
        if known is ABSENT or not known.strip(PADDING):
            self.values[tag] = LOOKALIKE if value == ABSENT else value
        elif tag in IDENTITIES:
            padding = NAME_PADDING if tag == tags.PATIENT_NAME else PADDING
            if value.strip(padding) not in {b"", known.strip(padding)}:
                findings.add("identity-ambiguous", tags.format_tag(tag))
