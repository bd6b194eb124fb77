"""One data set in many encodings, for the tests: as scanners, archives and CDs write the same image."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.dicom_files import (
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    UNDEFINED_LENGTH,
    element,
    part10,
    uid,
)

SYNTAXES = (
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
)
FORMATS = {"US": "H", "SS": "h", "UL": "I", "SL": "i", "FL": "f", "FD": "d", "OW": "H", "AT": "H", "OF": "f", "OL": "I"}

Model = dict[int, tuple[str, Any]]
"""Tag → VR and value: a text, numbers, bytes, or the models of items."""


@dataclass(frozen=True, slots=True)
class Wrapping:
    """How a data set is written."""

    transfer_syntax: str = EXPLICIT_VR_LITTLE_ENDIAN
    undefined: bool = False
    group_lengths: bool = False
    padding: int = 0
    """Bytes of (FFFC,FFFC)."""
    filling: int = 0
    """Zeros behind all."""
    preamble: bytes = b"\0" * 128
    meta: str = "a"
    """What distinguishes the file meta information: another implementation, say."""

    @property
    def implicit(self) -> bool:
        return self.transfer_syntax == IMPLICIT_VR_LITTLE_ENDIAN

    @property
    def big(self) -> bool:
        return self.transfer_syntax == EXPLICIT_VR_BIG_ENDIAN


def wrapped(model: Model, wrapping: Wrapping = Wrapping()) -> bytes:
    """Return the file that holds a data set in that wrapping."""
    body = encoded(model, wrapping)
    if wrapping.padding:
        body += _element(0xFFFCFFFC, "OB", b"\0" * wrapping.padding, wrapping)
    body += b"\0" * wrapping.filling
    return part10(body, sop=uid(wrapping.meta), transfer_syntax=wrapping.transfer_syntax, preamble=wrapping.preamble)


def encoded(model: Mapping[int, tuple[str, Any]], wrapping: Wrapping) -> bytes:
    groups: dict[int, list[bytes]] = {}
    for tag in sorted(model):
        groups.setdefault(tag >> 16, []).append(_one(tag, *model[tag], wrapping))
    return b"".join(_group(number, b"".join(parts), wrapping) for number, parts in groups.items())


def _group(number: int, content: bytes, wrapping: Wrapping) -> bytes:
    if not wrapping.group_lengths:
        return content
    length = struct.pack(">I" if wrapping.big else "<I", len(content))
    return _element(number << 16, "UL", length, wrapping) + content


def _one(tag: int, vr: str, value: Any, wrapping: Wrapping) -> bytes:
    if vr == "SQ":
        return _sequence(tag, value, wrapping)
    return _element(tag, vr, _value(vr, value, wrapping), wrapping)


def _value(vr: str, value: Any, wrapping: Wrapping) -> bytes:
    if vr in FORMATS:
        return struct.pack(f"{'>' if wrapping.big else '<'}{len(value)}{FORMATS[vr]}", *value)
    data = value if isinstance(value, bytes) else value.encode("latin-1")
    pad = b"\0" if vr in {"UI", "OB", "UN"} else b" "
    return data + pad * (len(data) % 2)


def _sequence(tag: int, items: list[Model], wrapping: Wrapping) -> bytes:
    content = b"".join(_item(item, wrapping) for item in items)
    if not wrapping.undefined:
        return _element(tag, "SQ", content, wrapping)
    head = _element(tag, "SQ", content, wrapping, length=UNDEFINED_LENGTH)
    return head + element(0xFFFEE0DD, "", b"", big=wrapping.big)


def _item(item: Model, wrapping: Wrapping) -> bytes:
    content = encoded(item, wrapping)
    if not wrapping.undefined:
        return element(0xFFFEE000, "", content, big=wrapping.big)
    end = element(0xFFFEE00D, "", b"", big=wrapping.big)
    return element(0xFFFEE000, "", content, length=UNDEFINED_LENGTH, big=wrapping.big) + end


def _element(tag: int, vr: str, value: bytes, wrapping: Wrapping, length: int | None = None) -> bytes:
    return element(tag, vr, value, length=length, implicit=wrapping.implicit, big=wrapping.big)
