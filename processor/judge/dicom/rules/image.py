"""The image's description, and the length of the pixel data that follows from it (PS3.3 C.7.6.3, PS3.5 8)."""

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

from processor.judge.dicom.dictionary import positions
from processor.judge.dicom.dictionary.attributes import NUMBERS

FRAMES = re.compile(r"[+-]?[0-9]+")
HALVED_CHROMA = frozenset({"YBR_FULL_422", "YBR_PARTIAL_422"})
"""Two samples stand for each pixel instead of three (PS3.3 C.7.6.3.1.2)."""


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
    bytes: int
    """The length of native pixel data; only for a complete description."""

    @property
    def numbers(self) -> dict[str, int]:
        """What is known of DELIVERED, by key."""
        return {key: number for key, number in zip(DELIVERED, self[:5], strict=True) if number is not None}


def describe(numbers: Sequence[bytes], texts: positions.Texts, *, big: bool) -> Description:
    """Return the description from the values of NUMBERS, as encoded, and from the texts."""
    order: Literal["big", "little"] = "big" if big else "little"
    # The first value of each, or None where it is missing or empty.
    read = (int.from_bytes(value[:2], order) if len(value) >= 2 else None for value in numbers)
    samples, rows, columns, bits, stored, high, representation, _ = read
    frames = _parse_frames(texts[positions.NUMBER_OF_FRAMES] or "")
    photometric = texts[positions.PHOTOMETRIC_INTERPRETATION] or ""
    halved = photometric in HALVED_CHROMA and samples == 3
    values = (rows or 0) * (columns or 0) * (2 if halved else samples or 1) * (frames or 1)
    length = (values * (bits or 0) + 7) // 8
    return Description(samples, rows, columns, bits, stored, high, representation, frames, photometric, length)


def _parse_frames(text: str) -> int | None:
    if not text:
        return 1
    digits = text.removesuffix(".0")
    # The standard allows 12 characters; int() would also take underscores and thousands of digits.
    if len(digits) > 12 or FRAMES.fullmatch(digits) is None:
        return None
    return int(digits) or 1
