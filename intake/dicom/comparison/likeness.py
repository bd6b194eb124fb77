"""Whether two files hold the same image: an image is its data set, not its file (docs/adr/0038)."""

from dataclasses import dataclass
from enum import StrEnum

from intake.dicom.comparison.digest import PIXEL_DATA, Digest

SOP_INSTANCE_UID = 0x00080018


class Likeness(StrEnum):
    """How two data sets that claim to be one instance compare."""

    SAME = "same"
    """Nothing differs but how it is encoded."""
    RECOMPRESSED = "recompressed"
    """All but the pixels is the same, and those are compressed in another way; they were not decoded."""
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True)
class Compared:
    """A likeness, and the elements of the outermost data set that differ: in it, or below it."""

    likeness: Likeness
    differing: tuple[int, ...] = ()


def compare(one: Digest, other: Digest) -> Compared:
    """Compare what two files say. Files without a SOP Instance UID are never the same."""
    tags = one.elements.keys() | other.elements.keys()
    differing = sorted(tag for tag in tags if one.elements.get(tag) != other.elements.get(tag))
    if SOP_INSTANCE_UID not in tags:
        return Compared(Likeness.DIFFERENT, (SOP_INSTANCE_UID,))
    if one.pixels == other.pixels and not differing:
        return Compared(Likeness.SAME)
    if not differing and _are_recompressed(one, other):
        return Compared(Likeness.RECOMPRESSED)
    pixels = () if one.pixels == other.pixels else (PIXEL_DATA,)
    return Compared(Likeness.DIFFERENT, tuple(sorted((*differing, *pixels))))


def _are_recompressed(one: Digest, other: Digest) -> bool:
    """Say whether different pixels may be of one image.

    In one transfer syntax, only fragments that are cut in another way are: other bytes are another picture, as far as
    anybody can tell who does not decode them.
    """
    encapsulated = one.pixels.encapsulated or other.pixels.encapsulated
    if not (encapsulated and one.pixels.are_there and other.pixels.are_there):
        return False
    return one.pixels.joined == other.pixels.joined or one.transfer_syntax != other.transfer_syntax
