"""What is done to a file: surgery on DICOM elements, and damage to bytes of any kind.

An operation is a name, a place between 0 and 1, and a number that says which or how much; the same operations on the
same seed make the same mutant.
"""

import re
import struct
from collections.abc import Callable
from typing import NamedTuple

from intake.dicom.dictionary.transfer_syntaxes import TRANSFER_SYNTAXES
from tests.dicom_files import LONG_VRS, SEQUENCE_END, UNDEFINED_LENGTH, element, item

Operation = tuple[str, float, int]

LARGEST = 64 * 1024
"""Mutants are cut to this: operations may repeat themselves."""
SYNTAXES = sorted(TRANSFER_SYNTAXES)
VRS = sorted({*LONG_VRS, "AE", "AS", "AT", "CS", "DA", "DS", "DT", "FD", "FL", "IS", "LO", "LT", "PN", "SH", "SL",
              "SS", "ST", "TM", "UI", "UL", "US", "ZZ", "\0\0", "  "})  # fmt: skip
TAGS = (0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD, 0x7FE00010, 0x7FE00001, 0x00080005, 0x00080016, 0x00080018, 0x00280008,
        0x00280010, 0x00100020, 0x00091001, 0x00090010, 0, 0xFFFCFFFC, 0x00020010, 0xFFFFFFFF)  # fmt: skip
LENGTHS = (0, 1, 2, 7, 8, 255, 1024, 0x7FFF, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)
VALUES = (
    b"", b"\0", b" ", b"\\" * 40, b"1.2.840.10008.1.2.1.99", b"../../etc/passwd", b"20230229", b"246060", b"1e999",
    b"-0", b"nan\\inf", b"1\\0\\0\\1\\0\\0", b"0\\0", b"\xff" * 16, b"\x1b$B\x1b$)C\x1b(J", b"ISO 2022 IR 87\\GB18030",
    b"\x1e\x1e", b"\x1f", b"A" * 1100, b"-999999999999", b"YES", b"^=^=^=", b"1.2..3", b"\xe5\xb1\xb1",
)  # fmt: skip
TELLING = (
    b"\xff\xff\xff\xff", b"\0\0\0\0", b"\xfe\xff\x00\xe0", b"\xfe\xff\x0d\xe0", b"\xfe\xff\xdd\xe0",
    b"SQ\0\0\xff\xff\xff\xff", b"UN\0\0\xff\xff\xff\xff", b"\xe0\x7f\x10\x00", b"DICM", b"PK\3\4", b"PK\5\6", b"%PDF-",
    b"<!ENTITY a 'b'>", b"<!DOCTYPE", b"&a;", b"{" * 200, b"[" * 200, b"<a>" * 100, b"\r", b"\n", b"|^~\\&", b"/JS",
    b"/Encrypt", b"\xff\xd8\xff", b"IHDR", b'"', b"\x7f\xff\xff\xff", b"NaN", b"1e9999", b"../", b"\xc0\x80",
)  # fmt: skip


class Part(NamedTuple):
    """One data element's, item's or delimiter's place in a file."""

    at: int
    value: int
    end: int
    width: int
    """Bytes of its length, which stand right before the value."""


def parts(data: bytes) -> list[Part]:
    """Return the elements as far as they can be told, with what sequences and items hold as parts of its own."""
    found: list[Part] = []
    at = 132 if data[128:132] == b"DICM" else 0
    while at + 8 <= len(data) and len(found) < 2_000:
        vr = data[at + 4 : at + 6]
        if not (vr.isalpha() and vr.isupper()):
            size, width, length = 8, 4, int.from_bytes(data[at + 4 : at + 8], "little")
        elif vr.decode() in LONG_VRS:
            size, width, length = 12, 4, int.from_bytes(data[at + 8 : at + 12], "little")
        else:
            size, width, length = 8, 2, int.from_bytes(data[at + 6 : at + 8], "little")
        entered = vr == b"SQ" or length == UNDEFINED_LENGTH or data[at : at + 2] == b"\xfe\xff"
        end = at + size + (0 if entered else length)
        found.append(Part(at, at + size, min(end, len(data)), width))
        at = end
    return found


def _length(data: bytes, part: Part, number: int) -> bytes:
    choices = (*LENGTHS, part.end - part.value + 1, max(part.end - part.value - 2, 0), len(data) - part.value)
    length = choices[number % len(choices)] & (0xFFFF if part.width == 2 else 0xFFFFFFFF)
    return data[: part.value - part.width] + length.to_bytes(part.width, "little") + data[part.value :]


def _vr(data: bytes, part: Part, number: int) -> bytes:
    return data[: part.at + 4] + VRS[number % len(VRS)].encode() + data[part.at + 6 :]


def _tag(data: bytes, part: Part, number: int) -> bytes:
    tag = TAGS[number % len(TAGS)]
    return data[: part.at] + struct.pack("<HH", tag >> 16, tag & 0xFFFF) + data[part.at + 4 :]


def _value(data: bytes, part: Part, number: int) -> bytes:
    value = VALUES[number % len(VALUES)]
    length = (len(value) & (0xFFFF if part.width == 2 else 0xFFFFFFFF)).to_bytes(part.width, "little")
    return data[: part.value - part.width] + length + value + data[part.end :]


def _drop(data: bytes, part: Part, number: int) -> bytes:
    return data[: part.at] + data[part.end :]


def _double(data: bytes, part: Part, number: int) -> bytes:
    return data[: part.end] + data[part.at : part.end] * (1 + number % 9) + data[part.end :]


def _move(data: bytes, part: Part, number: int) -> bytes:
    rest = data[: part.at] + data[part.end :]
    places = parts(rest)
    at = places[number % len(places)].at if places else 0
    return rest[:at] + data[part.at : part.end] + rest[at:]


def _nest(data: bytes, part: Part, number: int) -> bytes:
    """Wrap an element into sequences: of true, undefined or wrong length, closed or not."""
    inside = data[part.at : part.end]
    for level in range(1 + number % 80):
        vr = ("SQ", "UN")[number >> 3 & 1]
        match number >> 4 & 3:
            case 0:
                inside = element(0x00081140, vr, item(inside))
            case 1:
                inside = element(0x00081140, vr, item(inside) + SEQUENCE_END, length=UNDEFINED_LENGTH)
            case 2:
                inside = element(0x00081140, vr, item(inside, length=UNDEFINED_LENGTH), length=UNDEFINED_LENGTH)
            case _:
                inside = element(0x00081140, vr, item(inside, length=level * 3), length=len(inside))
    return data[: part.at] + inside + data[part.end :]


DELIMITERS = (item(b""), SEQUENCE_END, element(0xFFFEE00D, "", b""), item(b"", length=UNDEFINED_LENGTH),
              element(0x00081140, "SQ", b"", length=UNDEFINED_LENGTH), item(b"", length=100))  # fmt: skip


def _delimiter(data: bytes, part: Part, number: int) -> bytes:
    at = (part.at, part.value, part.end)[number % 3]
    return data[:at] + DELIMITERS[number // 3 % len(DELIMITERS)] * (1 + number // 18 % 5) + data[at:]


def _cut(data: bytes, part: Part, number: int) -> bytes:
    return data[: (part.at, part.value, part.end)[number % 3] + number // 3 % 5]


def _syntax(data: bytes, part: Part, number: int) -> bytes:
    """Say another transfer syntax, with the length that it has."""
    new = SYNTAXES[number % len(SYNTAXES)].encode()
    new += b"\0" * (len(new) % 2)
    return re.sub(
        rb"(?s)(\x02\x00\x10\x00UI)(.)\x00([0-9.]*\x00?)",
        lambda found: found[1] + bytes([len(new), 0]) + new,
        data,
        count=1,
    )


SURGERY: dict[str, Callable[[bytes, Part, int], bytes]] = {
    "length": _length, "vr": _vr, "tag": _tag, "value": _value, "drop": _drop, "double": _double, "move": _move,
    "nest": _nest, "delimiter": _delimiter, "cut at": _cut, "syntax": _syntax,
}  # fmt: skip
DAMAGE: dict[str, Callable[[bytes, int, int], bytes]] = {
    "flip": lambda data, at, number: data[:at] + bytes([data[at] ^ (1 + number % 255)]) + data[at + 1 :],
    "write": lambda data, at, number: (
        data[:at] + TELLING[number % len(TELLING)] + data[at + len(TELLING[number % len(TELLING)]) :]
    ),
    "insert": lambda data, at, number: data[:at] + TELLING[number % len(TELLING)] + data[at:],
    "noise": lambda data, at, number: data[:at] + number.to_bytes(8, "little") + data[at + 8 :],
    "cut": lambda data, at, number: data[:at],
    "remove": lambda data, at, number: data[:at] + data[at + 1 + number % 64 :],
    "repeat": lambda data, at, number: data[: at + number % 256] + data[at:],
    "swap": lambda data, at, number: data[at:] + data[:at],
}
OPERATIONS = {"dicom": (*SURGERY, *SURGERY, *DAMAGE)}
"""By kind; all others know damage only. Surgery is done twice as often as damage."""


def operations_on(kind: str) -> tuple[str, ...]:
    return OPERATIONS.get(kind, tuple(DAMAGE))


def mutated(data: bytes, operations: list[Operation]) -> bytes:
    """Return what the operations, one after the other, make of a file."""
    for name, place, number in operations:
        if not data:
            break
        if name in DAMAGE:
            data = DAMAGE[name](data, int(place * len(data)), number)
        elif found := parts(data):
            data = SURGERY[name](data, found[int(place * len(found))], number)
        data = data[:LARGEST]
    return data
