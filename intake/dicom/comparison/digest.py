"""What a data set says, free of how it is encoded, as a sum for each of its elements.

Two files of one data set have the same sums, whatever their file meta information, transfer syntax, VR form, byte
order, lengths, group lengths, order of elements and padding. Sums of sequences do not depend on how these are written
either. One walk, in memory that grows with the elements of one data set and never with values or items.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from intake.dicom.budget import Budget
from intake.dicom.dictionary.vrs import public_vr
from intake.dicom.elements import BEHIND
from intake.dicom.errors import UnreadableFileError
from intake.dicom.events import Event, Kind
from intake.dicom.reader import open_file
from intake.dicom.scanner import Scanner
from intake.dicom.streams import ByteSource

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
    """Walk through a file's data set. Raises UnreadableFileError, BudgetSpentError, and what the source raises."""
    scanner, transfer_syntax = open_file(source, budget, guessing=True)
    return _Walk(scanner, Digest(transfer_syntax)).walk()


class _Walk:
    def __init__(self, scanner: Scanner, into: Digest) -> None:
        self._scanner, self._into = scanner, into
        self._events = scanner.events()

    def walk(self) -> Digest:
        for event in self._events:
            if event.tag == PIXEL_DATA:
                self._into.pixels = self._sum_pixels(event)
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
        raise UnreadableFileError("the data set is damaged")

    def _sum_value(self, event: Event) -> bytes:
        total, text, empty = hashlib.sha256(), _is_text(event.tag), True
        left = event.length
        for piece in self._read_numbers(event):
            left -= len(piece)
            told = piece.rstrip(b"\0 ") if text and not left else piece
            empty = empty and not told
            total.update(told)
        return _EMPTY if empty else total.digest()

    def _read_numbers(self, event: Event) -> Iterator[bytes]:
        """Yield an element's value as little endian files have it."""
        big = event.encoding.big or (event.tag == PIXEL_DATA and self._into.transfer_syntax == GE_BIG_PIXELS)
        width = _WIDTHS.get(event.vr, 1) if big else 1
        for piece in self._scanner.pieces(event):
            yield _swap(piece, width) if width > 1 else piece

    def _sum_pixels(self, event: Event) -> Pixels:
        if event.kind is Kind.FRAGMENTS:
            return self._sum_fragments()
        value = self._sum(event)
        return Pixels(value, value)

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
        raise UnreadableFileError("the fragments are damaged")

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
        raise UnreadableFileError("a sequence is damaged")

    def _sum_item(self) -> bytes:
        held: dict[int, bytes] = {}
        for event in self._events:
            if event.kind is Kind.END:
                return hashlib.sha256(b"".join(tag.to_bytes(4) + held[tag] for tag in sorted(held))).digest()
            if not _is_wrapping(event.tag):
                _put(held, event.tag, self._sum(event))
        raise UnreadableFileError("an item is cut off")


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
