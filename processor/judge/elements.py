"""Data elements in a buffer: the fast run over short ones, and one element's header at a time (PS3.5 7.1)."""

import struct
from collections.abc import Callable
from typing import NamedTuple

from processor.judge import tags
from processor.judge.encoding import LONG_VRS, PLAIN_LONG_VRS, SHORT_VRS, Encoding

UNDEFINED_LENGTH = 0xFFFFFFFF

KEPT_BYTES = 1024
"""What is kept of a value at the most: more than any value of the kept elements may hold by the standard."""

Values = dict[int, bytes]
"""Tag → value as encoded."""
Run = Callable[[bytes, int, int, Values], tuple[int, int]]
"""(buffer, at, stop, values to add to) → (where the run ended, how many elements it passed)."""


class Header(NamedTuple):
    """What stands before a data element's value."""

    tag: int
    vr: bytes
    """Empty where the encoding has none."""
    length: int
    """Of the value in bytes, or UNDEFINED_LENGTH."""
    size: int
    """Of the header itself in bytes."""


def _numbers(vrs: frozenset[bytes], order: str) -> frozenset[int]:
    return frozenset(int.from_bytes(vr, "big" if order == ">" else "little") for vr in vrs)


def _explicit_run(order: str, wanted: dict[int, int], pixels: frozenset[int]) -> Run:
    """Build the run for one byte order. Tags and VRs are compared as the numbers they are read as: faster."""
    unpack = struct.Struct(f"{order}IHH").unpack_from
    unpack_length = struct.Struct(f"{order}I").unpack_from
    item = struct.pack(f"{order}HH", 0xFFFE, 0xE000)
    short, plain_long = _numbers(SHORT_VRS, order), _numbers(PLAIN_LONG_VRS, order)

    def run(buffer: bytes, at: int, stop: int, values: Values) -> tuple[int, int]:
        passed = 0
        last = stop - 12
        for passed in range(len(buffer)):  # noqa: B007 - the cheapest way to count
            if at > last:
                break
            key, vr, length = unpack(buffer, at)
            if vr in short:
                following = at + 8 + length
                if following > stop:
                    break
                if key in wanted:
                    values[wanted[key]] = buffer[at + 8 : following if length < KEPT_BYTES else at + 8 + KEPT_BYTES]
                at = following
            else:
                # Sequences, also those that hide under UN, pixel data and what has no VR are for the walker.
                if vr not in plain_long or key in pixels or buffer.startswith(item, at + 12):
                    break
                following = at + 12 + unpack_length(buffer, at + 8)[0]
                if following > stop or key in wanted:
                    break
                at = following
        return at, passed

    return run


def _implicit_run(order: str, wanted: dict[int, int]) -> Run:
    unpack = struct.Struct(f"{order}HHI").unpack_from
    item = struct.pack(f"{order}HH", 0xFFFE, 0xE000)
    reserved = frozenset({0, 0xFFFE, 0x7FE0})

    def run(buffer: bytes, at: int, stop: int, values: Values) -> tuple[int, int]:
        passed = 0
        last = stop - 9
        while at <= last:
            group, number, length = unpack(buffer, at)
            following = at + 8 + length
            # Delimiters, sequences, pixel data, and what is no data element are for the walker.
            if following > stop or group in reserved:
                break
            if buffer[at + 8] == item[0] and buffer.startswith(item, at + 8):
                break
            tag = group << 16 | number
            if tag in wanted:
                values[tag] = buffer[at + 8 : following][:KEPT_BYTES]
            passed += 1
            at = following
        return at, passed

    return run


def _swapped(tag: int) -> int:
    """Return a tag as one little endian number of four bytes reads it."""
    return (tag & 0xFFFF) << 16 | tag >> 16


_LITTLE_KEYS = {_swapped(tag): tag for tag in tags.KEPT}
_BIG_KEYS = {tag: tag for tag in tags.KEPT}
_RUNS: dict[tuple[bool, bool], Run] = {
    (True, False): _explicit_run("<", _LITTLE_KEYS, frozenset(map(_swapped, tags.PIXELS))),
    (True, True): _explicit_run(">", _BIG_KEYS, tags.PIXELS),
    (False, False): _implicit_run("<", _BIG_KEYS),
    (False, True): _implicit_run(">", _BIG_KEYS),
}


def run_of(encoding: Encoding) -> Run:
    """Return the function that passes over elements with short headers, as long as they lie within the buffer."""
    return _RUNS[encoding.explicit, encoding.big]


_UNPACK_HEAD = {False: struct.Struct("<HHI").unpack_from, True: struct.Struct(">HHI").unpack_from}
_UNPACK_SHORT = {False: struct.Struct("<H").unpack_from, True: struct.Struct(">H").unpack_from}
_UNPACK_LONG = {False: struct.Struct("<I").unpack_from, True: struct.Struct(">I").unpack_from}


def header(buffer: bytes, at: int, stop: int, encoding: Encoding) -> Header | None:
    """Return the element header at `at`, of which at least 8 bytes must be there, or None where it is cut off."""
    group, number, length = _UNPACK_HEAD[encoding.big](buffer, at)
    tag = group << 16 | number
    if group == 0xFFFE or not encoding.explicit:
        return Header(tag, b"", length, 8)
    vr = buffer[at + 4 : at + 6]
    if vr in SHORT_VRS:
        return Header(tag, vr, _UNPACK_SHORT[encoding.big](buffer, at + 6)[0], 8)
    if vr in LONG_VRS or (vr.isalpha() and vr.isupper()):
        return _long(buffer, at, encoding, tag) if stop - at >= 12 else None
    # Some writers leave the VR out here and there: such an element is read as an implicit one.
    return Header(tag, b"", length, 8)


def _long(buffer: bytes, at: int, encoding: Encoding, tag: int) -> Header:
    """A VR that is not known has the long form: the standard gives it to every VR that it adds (PS3.5 7.1.2)."""
    return Header(tag, buffer[at + 4 : at + 6], _UNPACK_LONG[encoding.big](buffer, at + 8)[0], 12)
