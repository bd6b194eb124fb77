"""What a data set says of its pixels, and where they lie."""

from array import array
from dataclasses import dataclass, field
from typing import NamedTuple

from intake.dicom.errors import UnreadableDataSetError

FLOAT_PIXELS, DOUBLE_PIXELS, PIXEL_DATA = 0x7FE00008, 0x7FE00009, 0x7FE00010
HALVED_CHROMA = frozenset({"YBR_FULL_422", "YBR_PARTIAL_422"})
"""Two samples stand for each pixel instead of three, as long as they are not compressed (PS3.3 C.7.6.3.1.2)."""
GE_BIG_PIXELS = "1.2.840.113619.5.2"
VIDEO = (
    *(f"1.2.840.10008.1.2.4.{number}" for number in range(100, 109)),
    *(f"1.2.840.10008.1.2.7.{number}" for number in range(1, 4)),
)
"""What transfer syntaxes begin with whose frames and fragments have nothing to do with each other (PS3.5 A.4.5)."""


class NoPixelsError(UnreadableDataSetError):
    """Raised when a data set holds no pixels of its own: what is nested in its sequences are other images'."""


class NoSuchFrameError(UnreadableDataSetError):
    """Raised when a frame is asked for that the data set does not count."""


class Extent(NamedTuple):
    """Bytes of the object."""

    start: int
    length: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PixelDescription:
    """The image pixel module of the outermost data set; 0 or empty where it does not say, and None for the planes."""

    transfer_syntax: str
    rows: int
    columns: int
    samples: int
    planar: int | None
    """0: the samples of a pixel beside each other; 1: plane by plane."""
    photometric: str
    bits_allocated: int
    bits_stored: int
    high_bit: int
    signed: bool
    frames: int
    """1 unless stated otherwise."""

    tag: int
    """FLOAT_PIXELS, DOUBLE_PIXELS or PIXEL_DATA."""
    vr: str
    big: bool
    """Whether the words of the value are big endian."""
    encapsulated: bool
    deflated: bool
    """Whether the value lies in a deflated data set: `start` counts the bytes that it is inflated to."""
    start: int
    """Offset of the value: of the pixels, or of the item that holds the basic offset table."""
    length: int
    """Of native pixels in bytes; 0 for encapsulated ones."""

    @property
    def frame_bits(self) -> int:
        """Bits of one native frame. Frames follow each other without filling (PS3.5 8.1.1)."""
        halved = self.photometric in HALVED_CHROMA and self.samples == 3
        return self.rows * self.columns * (2 if halved else self.samples or 1) * self.bits_allocated

    @property
    def word(self) -> int:
        """Bytes of a word of native pixels, which the byte order turns round."""
        return {"OW": 2, "OF": 4, "OL": 4, "OD": 8, "OV": 8}.get(self.vr, 1)

    @property
    def is_video(self) -> bool:
        return self.transfer_syntax.startswith(VIDEO)


@dataclass(slots=True)
class PixelIndex:
    """All that further frames of the same object version are found by without another look at its header."""

    description: PixelDescription
    items: int = 0
    """Where the first item behind the basic offset table lies."""
    starts: "array[int]" = field(default_factory=lambda: array("Q"))
    """Of each frame: its first item, as an offset table has it, counted from `items`. Empty: there is no table."""
    lengths: "array[int]" = field(default_factory=lambda: array("Q"))
    """Of each frame in bytes, from the extended offset table alone."""
    walked: "Fragments | None" = None
    """All fragments, once they were walked."""

    @property
    def size(self) -> int:
        """Bytes of memory, roughly."""
        arrays = [self.starts, self.lengths]
        if self.walked is not None:
            arrays += [self.walked.starts, self.walked.lengths, self.walked.first_of_frame]
        return 1024 + sum(each.itemsize * len(each) for each in arrays)


@dataclass(slots=True)
class Fragments:
    """The fragments of encapsulated pixel data, and which of them each frame begins with."""

    starts: "array[int]" = field(default_factory=lambda: array("Q"))
    lengths: "array[int]" = field(default_factory=lambda: array("Q"))
    first_of_frame: "array[int]" = field(default_factory=lambda: array("Q"))

    def list_extents(self, number: int) -> list[Extent]:
        """Return where a frame lies. Raises NoSuchFrameError."""
        if not 1 <= number <= len(self.first_of_frame):
            raise NoSuchFrameError(f"there are fragments of {len(self.first_of_frame)} frames")
        last = self.first_of_frame[number] if number < len(self.first_of_frame) else len(self.starts)
        return [Extent(self.starts[at], self.lengths[at]) for at in range(self.first_of_frame[number - 1], last)]
