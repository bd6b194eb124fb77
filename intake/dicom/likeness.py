"""Whether two files hold the same image: an image is its data set, not its file (docs/adr/0038).

What a data set says, free of how it is encoded, is a sum for each of its elements. Two files of one data set have the
same sums, whatever their file meta information, transfer syntax, VR form, byte order, lengths, group lengths, order of
elements and padding. Sums of sequences do not depend on how these are written either. One walk, in memory that grows
with the elements of one data set and never with values or items.
"""

import hashlib
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache

from intake.dicom.budget import Budget
from intake.dicom.dictionary.vrs import public_vr
from intake.dicom.encoding import BEHIND
from intake.dicom.errors import UnreadableDataSetError
from intake.dicom.events import Event, Kind
from intake.dicom.reader import open_file
from intake.dicom.scanner import Scanner
from intake.dicom.streams import ByteSource

SOP_INSTANCE_UID = 0x00080018
PIXEL_DATA = 0x7FE00010
OFFSET_TABLES = frozenset({0x7FE00001, 0x7FE00002})
PADDING = 0xFFFCFFFC
GE_BIG_PIXELS = "1.2.840.113619.5.2"

_EMPTY = hashlib.sha256(b"empty").digest()
_TEXTS = frozenset(
    ["AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "PN", "SH", "ST", "TM", "UC", "UI", "UR", "UT"]
)
_WIDTHS = {
    **dict.fromkeys(("AT", "OW", "SS", "US", "US or SS", "OB or OW", "US or OW"), 2),
    **dict.fromkeys(("FL", "OF", "OL", "SL", "UL"), 4),
    **dict.fromkeys(("FD", "OD", "OV", "SV", "UV"), 8),
}
"""Value representation → bytes of a number, which the byte order turns round."""


@dataclass(frozen=True, slots=True)
class Pixels:
    """The sums of Pixel Data. Both are those of nothing where there is none."""

    parts: bytes = _EMPTY
    """Of the value, or of the fragments one by one, without their offset table."""
    joined: bytes = _EMPTY
    """Of the fragments' bytes, however they are cut."""
    encapsulated: bool = False

    @property
    def are_there(self) -> bool:
        return self.joined not in {_EMPTY, hashlib.sha256().digest()}


@dataclass(slots=True)
class Digest:
    """What one file's data set says."""

    transfer_syntax: str
    elements: dict[int, bytes] = field(default_factory=dict)
    """Tag of the outermost data set → sum of all that stands under it; Pixel Data is not among them."""
    pixels: Pixels = field(default_factory=Pixels)


def digest(source: ByteSource, budget: Budget) -> Digest:
    """Walk through a file's data set. Raises UnreadableDataSetError, TooCostlyError, and what the source raises."""
    scanner, transfer_syntax = open_file(source, budget, guessing=True)
    return _Walk(scanner, Digest(transfer_syntax)).walk()


class _Walk:
    def __init__(self, scanner: Scanner, into: Digest) -> None:
        self._scanner, self._into = scanner, into
        self._events = scanner.events()

    def walk(self) -> Digest:
        for event in self._events:
            if event.tag == PIXEL_DATA and event.kind is Kind.FRAGMENTS:
                self._into.pixels = self._sum_fragments()
            elif event.tag == PIXEL_DATA:
                value = self._sum(event)
                self._into.pixels = Pixels(value, value)
            elif not _is_wrapping(event.tag):
                _put(self._into.elements, event.tag, self._sum(event))
        rest, filling = hashlib.sha256(), True
        for piece in self._scanner.rest():
            rest.update(piece)
            filling = filling and not piece.strip(b"\0")
        if not filling:
            self._into.elements[BEHIND] = rest.digest()
        return self._into

    def _sum(self, event: Event) -> bytes:
        """Return the sum of an element, whose event was the last one."""
        if event.kind is Kind.ELEMENT:
            return self._sum_value(event)
        if event.kind is Kind.FRAGMENTS:
            return self._sum_fragments().parts
        if event.kind is Kind.SEQUENCE:
            return self._sum_items()
        raise UnreadableDataSetError("the data set is damaged")

    def _sum_value(self, event: Event) -> bytes:
        """Return the sum of a value as little endian files have it."""
        big = event.encoding.big or (event.tag == PIXEL_DATA and self._into.transfer_syntax == GE_BIG_PIXELS)
        width = _WIDTHS.get(event.vr, 1) if big else 1
        total, text, empty = hashlib.sha256(), _is_text(event.tag), True
        left = event.length
        for piece in self._scanner.pieces(event):
            left -= len(piece)
            told = _swap(piece, width) if width > 1 else piece
            told = told.rstrip(b"\0 ") if text and not left else told
            empty = empty and not told
            total.update(told)
        return _EMPTY if empty else total.digest()

    def _sum_fragments(self) -> Pixels:
        parts, joined, first = hashlib.sha256(), hashlib.sha256(), True
        for event in self._events:
            if event.kind is Kind.END:
                return Pixels(parts.digest(), joined.digest(), encapsulated=True)
            if event.kind is not Kind.FRAGMENT:
                break
            if not first:
                parts.update(event.length.to_bytes(8))
                for piece in self._scanner.pieces(event):
                    parts.update(piece)
                    joined.update(piece)
            first = False
        raise UnreadableDataSetError("the fragments are damaged")

    def _sum_items(self) -> bytes:
        """Return the sum of a sequence's items, up to its end. Its depth is bounded by the scanner."""
        total, empty = hashlib.sha256(b"items"), True
        for event in self._events:
            if event.kind is Kind.END:
                return _EMPTY if empty else total.digest()
            if event.kind is not Kind.ITEM:
                break
            empty = False
            total.update(self._sum_item())
        raise UnreadableDataSetError("a sequence is damaged")

    def _sum_item(self) -> bytes:
        held: dict[int, bytes] = {}
        for event in self._events:
            if event.kind is Kind.END:
                return hashlib.sha256(b"".join(tag.to_bytes(4) + held[tag] for tag in sorted(held))).digest()
            if not _is_wrapping(event.tag):
                _put(held, event.tag, self._sum(event))
        raise UnreadableDataSetError("an item is cut off")


def _put(held: dict[int, bytes], tag: int, total: bytes) -> None:
    """Keep an element's sum. Where it stands there twice with two values, that tells of both in their order."""
    known = held.get(tag, total)
    held[tag] = total if known == total else hashlib.sha256(known + total).digest()


@lru_cache(4096)
def _is_wrapping(tag: int) -> bool:
    """Say whether an element tells of the encoding, and nothing of what is encoded."""
    return tag != 0 and (tag & 0xFFFF == 0 or tag >> 16 == 2 or tag in OFFSET_TABLES or tag == PADDING)


@lru_cache(4096)
def _is_text(tag: int) -> bool:
    """Say whether padding belongs to no value: by the dictionary, as not all encodings state what it is.

    Private elements are taken as they are: who does not know what they hold does not know what pads them either.
    """
    return not tag >> 16 & 1 and public_vr(tag) in _TEXTS


def _swap(piece: bytes, width: int) -> bytes:
    """Return numbers of the other byte order. A rest that is no number stays as it is."""
    whole = len(piece) // width * width
    turned = bytearray(whole)
    for offset in range(width):
        turned[offset::width] = piece[width - 1 - offset : whole : width]
    return bytes(turned) + piece[whole:]


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
