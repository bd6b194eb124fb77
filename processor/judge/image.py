"""The image's description, and the length of the pixel data that follows from it (PS3.3 C.7.6.3, PS3.5 8)."""

import re
import struct
from operator import itemgetter
from typing import Literal, NamedTuple

from processor.judge import positions, tags
from processor.judge.attributes import NUMBERS
from processor.judge.data_set import DataSet

FRAMES = re.compile(r"[+-]?[0-9]+")
HALVED_CHROMA = frozenset({"YBR_FULL_422", "YBR_PARTIAL_422"})
"""Two samples stand for each pixel instead of three (PS3.3 C.7.6.3.1.2)."""


_KEYS = [entry.key for entry in NUMBERS if entry.tag != tags.PLANAR_CONFIGURATION]
_numbers_of = itemgetter(*(entry.tag for entry in NUMBERS if entry.tag != tags.PLANAR_CONFIGURATION))
_UNPACK = {big: struct.Struct(f"{'>' if big else '<'}{len(_KEYS)}H").unpack for big in (False, True)}
DELIVERED = tuple(entry.key for entry in NUMBERS if entry.key)


class Description(NamedTuple):
    """What the image pixel module says; None where an element is missing or unusable."""

    samples_per_pixel: int | None
    rows: int | None
    columns: int | None
    bits: int | None
    bits_stored: int | None
    high_bit: int | None
    representation: int | None
    frames: int | None
    """1 unless stated otherwise; None where what is stated is no number."""
    photometric: str

    @property
    def samples(self) -> int:
        return self.samples_per_pixel or 1

    @property
    def bytes(self) -> int:
        """The length of native pixel data; only for a complete description."""
        samples = 2 if self.photometric in HALVED_CHROMA and self.samples == 3 else self.samples
        values = (self.rows or 0) * (self.columns or 0) * samples * (self.frames or 1)
        return (values * (self.bits or 0) + 7) // 8

    @property
    def numbers(self) -> dict[str, int]:
        """What is known of DELIVERED, by key."""
        return {key: number for key, number in zip(DELIVERED, self[:5], strict=True) if number is not None}


def describe(data_set: DataSet, texts: positions.Texts) -> Description:
    values = _numbers_of(data_set.values)
    together = b"".join(values)
    # Ordinary files have one value of two bytes for each: read at once.
    whole = len(together) == 2 * len(values) and set(map(len, values)) == {2}
    numbers = _UNPACK[data_set.encoding.big](together) if whole else _unsigned(values, big=data_set.encoding.big)
    samples, rows, columns, bits, stored, high, representation = numbers
    frames = _frames(texts[positions.NUMBER_OF_FRAMES] or "")
    photometric = texts[positions.PHOTOMETRIC_INTERPRETATION] or ""
    return Description(samples, rows, columns, bits, stored, high, representation, frames, photometric)


def _unsigned(values: tuple[bytes, ...], *, big: bool) -> list[int | None]:
    """Return the first value of each, or None where it is missing or empty."""
    order: Literal["big", "little"] = "big" if big else "little"
    return [int.from_bytes(value[:2], order) if len(value) >= 2 else None for value in values]


def _frames(text: str) -> int | None:
    if not text:
        return 1
    digits = text.removesuffix(".0")
    # The standard allows 12 characters; int() would also take underscores and thousands of digits.
    if len(digits) > 12 or FRAMES.fullmatch(digits) is None:
        return None
    return int(digits) or 1
