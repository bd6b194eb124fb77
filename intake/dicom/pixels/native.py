"""Frames of pixels that are not encapsulated: where they lie is arithmetic (PS3.5 8.1.1)."""

from typing import NamedTuple, Protocol

from intake.dicom.errors import UnreadableDataSetError
from intake.dicom.pixels.model import PixelDescription

BYTE = 8


class Bits(NamedTuple):
    """Where a frame lies within the value, in bits."""

    start: int
    length: int


class ValueReader(Protocol):
    """Bytes of what holds the value, by their offset."""

    def take(self, start: int, length: int) -> bytes:
        """Return all bytes of a range. Raises UnreadableDataSetError, and what reading raises."""
        ...


def find_native(image: PixelDescription, number: int) -> Bits:
    """Return where a frame lies. Raises UnreadableDataSetError where the value does not hold it."""
    length = image.frame_bits
    if not length:
        raise UnreadableDataSetError("rows, columns or bits are not told")
    start = (number - 1) * length
    if start + length > image.length * BYTE:
        raise UnreadableDataSetError(f"the pixels at byte {image.start} are too few")
    return Bits(start, length)


def read_native(reader: ValueReader, image: PixelDescription, number: int, *, little: bool) -> bytes:
    """Return a frame; one of packed bits begins with its first byte's lowest bit, and ends with zeros."""
    bits = find_native(image, number)
    first, end = bits.start // BYTE, -(-(bits.start + bits.length) // BYTE)
    word = image.word if little and image.big else 1
    # Frames may begin and end within a word.
    low, high = first // word * word, min(-(-end // word) * word, image.length)
    data = reader.take(image.start + low, high - low)
    data = swap_words(data, word)[first - low : end - low]
    return _shift(data, bits.start % BYTE, bits.length) if (bits.start | bits.length) % BYTE else data


def swap_words(data: bytes, word: int) -> bytes:
    """Return words of so many bytes in the other byte order. A rest that is no word stays as it is."""
    if word == 1:
        return data
    whole = len(data) // word * word
    turned = bytearray(whole)
    for offset in range(word):
        turned[offset::word] = data[word - 1 - offset : whole : word]
    return bytes(turned) + data[whole:]


def _shift(data: bytes, start: int, length: int) -> bytes:
    """Return `length` bits from bit `start` on, the lowest bit of a byte being its first (PS3.5 8.1.1)."""
    packed = int.from_bytes(data, "little") >> start
    return (packed & ((1 << length) - 1)).to_bytes(-(-length // BYTE), "little")
