"""Values in the DICOM JSON model (PS3.18 F.2.3 to F.2.7): from encoded bytes to JSON text, by value representation.

What a file says is told, also where the standard forbids it: a date that is none stays the text that it is, and a
decimal string that is no number becomes a JSON string, as F.2.3 allows. Every text is JSON that any parser takes.
"""

import re
from base64 import b64encode
from collections.abc import Callable
from json.encoder import encode_basestring_ascii as quoted
from math import isfinite
from struct import Struct
from typing import NamedTuple

from intake.dicom.budget import Budget
from intake.dicom.dictionary import charsets

LARGEST_BINARY = 1024
"""Bytes of a binary value that the metadata carry; larger ones are in the instance itself."""
AT_ONCE = 4096
"""Numbers that are unpacked at once."""
EXACT = 2**53
"""Up to here a float is the integer that it says."""
NAME_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")
PADDING = " \0"

_INTEGER = re.compile(r"[+-]?[0-9]{1,18}", re.ASCII)
_DECIMAL = re.compile(r"[+-]?(?:[0-9]{1,32}\.?|[0-9]{0,32}\.[0-9]{1,32})(?:[eE][+-]?[0-9]{1,4})?", re.ASCII)
_FORMATS = {"FD": "d", "FL": "f", "SL": "i", "SS": "h", "SV": "q", "UL": "I", "US": "H", "UV": "Q"}
_NOT_FINITE = {"nan": '"NaN"', "inf": '"Infinity"', "-inf": '"-Infinity"'}
"""What JSON has no number for, as both Python and JavaScript read it."""
_WIDTHS = {"OD": 8, "OF": 4, "OL": 4, "OV": 8, "OW": 2}
"""Bytes of one number of a binary value, whose order in JSON is little endian as in every uncompressed bulk datum."""


class Context(NamedTuple):
    """What the encoding of values depends on within a data set."""

    terms: tuple[str, ...]
    """Of Specific Character Set."""
    big: bool
    budget: Budget
    room: Callable[[int], None]
    """Takes so many characters from what the answer may hold. Raises where there are not so many."""


def write_attribute(vr: str, value: bytes, context: Context) -> str:
    """Return an attribute's JSON object. Raises TooCostlyError, and what `context.room` raises."""
    if vr in _FORMATS:
        return _write_numbers(vr, value, context)
    if vr in _STRINGS:
        values = _STRINGS[vr](value, context)
        # An empty one is `null` beside others, and nothing alone (F.2.5).
        if values == [""]:
            return write_empty(vr)
        return f'{{"vr":"{vr}","Value":[{",".join([value or "null" for value in values])}]}}'
    return _write_binary(vr if vr in _WIDTHS or vr == "OB" else "UN", value, big=context.big)


def write_lut_descriptor(value: bytes, context: Context) -> str:
    """Write a LUT descriptor under SS, whose first value is unsigned all the same (PS3.3 C.11.1.1.1)."""
    first = int.from_bytes(value[:2], "big" if context.big else "little")
    return _write_numbers("SS", value[2:], context).replace("[", f"[{first},", 1)


def write_empty(vr: str) -> str:
    return f'{{"vr":"{vr}"}}'


def _write_binary(vr: str, value: bytes, *, big: bool = False) -> str:
    if not 0 < len(value) <= LARGEST_BINARY:
        return write_empty(vr)
    width = _WIDTHS.get(vr, 1)
    if big and width > 1 and len(value) % width == 0:
        value = b"".join(value[at : at + width][::-1] for at in range(0, len(value), width))
    return f'{{"vr":"{vr}","InlineBinary":"{b64encode(value).decode()}"}}'


def _write_numbers(vr: str, value: bytes, context: Context) -> str:
    """Write numbers; bytes that are no whole number of them are told as they stand, as bytes of an unknown VR."""
    if not value:
        return write_empty(vr)
    one = Struct((">" if context.big else "<") + _FORMATS[vr])
    if len(value) % one.size:
        return _write_binary("UN", value)
    context.budget.count_values(len(value) // one.size)
    runs = []
    # Some at a time, so that they never stand in memory as objects all at once.
    for at in range(0, len(value), AT_ONCE * one.size):
        numbers = one.iter_unpack(memoryview(value)[at : at + AT_ONCE * one.size])
        run = ",".join([_NOT_FINITE.get(text := str(number), text) for (number,) in numbers])
        context.room(len(run))
        runs.append(run)
    return f'{{"vr":"{vr}","Value":[{",".join(runs)}]}}'


def _write_plain(value: bytes, context: Context) -> list[str]:
    text = value.decode("latin-1").rstrip(PADDING)
    return [quoted(each) if each else "" for each in _split(text, context)]


def _write_stripped(value: bytes, context: Context) -> list[str]:
    texts = _split(value.decode("latin-1").rstrip(PADDING), context)
    return [quoted(each) if each else "" for each in map(str.strip, texts)]


def _write_address(value: bytes, _: Context) -> list[str]:
    text = value.decode("latin-1").rstrip(PADDING)
    return [quoted(text) if text else ""]


def _write_integers(value: bytes, context: Context) -> list[str]:
    return [_write_integer(each.strip(PADDING)) for each in _split(value.decode("latin-1").rstrip(PADDING), context)]


def _write_integer(text: str) -> str:
    if _INTEGER.fullmatch(text):
        return str(int(text))
    if _DECIMAL.fullmatch(text) and (number := float(text)).is_integer() and abs(number) < EXACT:
        return str(int(number))
    return quoted(text) if text else ""


def _write_decimals(value: bytes, context: Context) -> list[str]:
    return [_write_decimal(each.strip(PADDING)) for each in _split(value.decode("latin-1").rstrip(PADDING), context)]


def _write_decimal(text: str) -> str:
    if _DECIMAL.fullmatch(text) and isfinite(number := float(text)):
        return repr(number)
    return quoted(text) if text else ""


def _write_texts(value: bytes, context: Context) -> list[str]:
    texts = _split(_decode_text(value, context), context)
    return [quoted(each) if each else "" for each in [text.rstrip(PADDING) for text in texts]]


def _write_paragraph(value: bytes, context: Context) -> list[str]:
    text = _decode_text(value, context).rstrip(PADDING)
    return [quoted(text) if text else ""]


def _write_names(value: bytes, context: Context) -> list[str]:
    names = []
    for text in _split(_decode_text(value.rstrip(b" \0"), context, is_name=True), context):
        groups = zip(NAME_GROUPS, text.split("=", 3), strict=False)
        written = ",".join([f'"{label}":{quoted(group)}' for label, group in groups if group])
        names.append(f"{{{written}}}" if written else "")
    return names


def _write_tags(value: bytes, context: Context) -> list[str]:
    """Write tags; bytes behind the last whole one are none."""
    context.budget.count_values(len(value) // 4)
    pair = Struct(">HH" if context.big else "<HH")
    pairs = pair.iter_unpack(value[: len(value) // 4 * 4])
    return [f'"{group:04X}{number:04X}"' for group, number in pairs] or [""]


def _split(text: str, context: Context) -> list[str]:
    context.budget.count_values(text.count("\\"))
    return text.split("\\")


def _decode_text(value: bytes, context: Context, *, is_name: bool = False) -> str:
    escapes = value.count(charsets.ESC)
    if not escapes and value.isascii():
        return value.decode("ascii")  # What every character set is without more ado.
    context.budget.step(escapes)
    return charsets.decode(value, list(context.terms), is_name=is_name)


_STRINGS: dict[str, Callable[[bytes, Context], list[str]]] = {
    "AE": _write_stripped,
    "AT": _write_tags,
    "DS": _write_decimals,
    "IS": _write_integers,
    "LT": _write_paragraph,
    "PN": _write_names,
    "ST": _write_paragraph,
    "UR": _write_address,
    "UT": _write_paragraph,
    **dict.fromkeys(("AS", "CS", "DA", "DT", "TM", "UI"), _write_plain),
    **dict.fromkeys(("LO", "SH", "UC"), _write_texts),
}
