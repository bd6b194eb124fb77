"""What a walk over a data set learns."""

from dataclasses import dataclass
from typing import NamedTuple

from intake.dicom.encoding import Encoding
from processor.judge.dicom.elements.element_scanner import Values
from processor.judge.dicom.elements.offsets import NO_OFFSETS, Offsets


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
