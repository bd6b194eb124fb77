"""The file meta information: group 0002, always explicit VR little endian (PS3.10 7.1)."""

import struct
from dataclasses import dataclass
from operator import itemgetter

from intake.dicom.encoding import EXPLICIT, LONG_VRS, SHORT_VRS, UNDEFINED_LENGTH, Header, header
from processor.judge.dicom.dictionary import tags
from processor.judge.dicom.dictionary.attributes import ABSENT, LOOKALIKE
from processor.judge.dicom.elements.element_scanner import KEPT_BYTES, Values
from processor.judge.inspection.errors import UnreadableFileError
from processor.judge.inspection.findings import Findings
from processor.judge.inspection.window import Window

_UNPACK = struct.Struct("<HH2sHI").unpack_from
_needed_of = itemgetter(*tags.NEEDED_META)
MAX_META_ELEMENTS = 1_000
_KEPT_NUMBERS = frozenset(tag & 0xFFFF for tag in tags.KEPT_META)


@dataclass(slots=True)
class FileMeta:
    """What the file meta information says, as far as it was read; empty where there is none."""

    end: int
    """Where it ends, and the data set starts."""
    length: bytes = b""
    """The value of File Meta Information Group Length."""
    elements: int = 0
    """How many elements there are, of all kinds."""
    transfer_syntax: str = ""
    repeated: bool = False
    """Whether one of the kept elements stands there again."""


def read(window: Window, meta: FileMeta, values: Values, findings: Findings) -> None:
    """Read the group's elements from `meta.end` on into `values`. Raises UnreadableFileError where they are cut off."""
    position = meta.end
    _pass_at_hand(window, meta, values)
    while (head := _read_header(window, meta.end)) is not None:
        value = _read_value(window, meta.end + head.size, head)
        _keep(meta, values, head.tag, value)
        meta.end += head.size + head.length
        meta.elements += 1
        if meta.elements > MAX_META_ELEMENTS:
            raise UnreadableFileError("too-many-elements", f"byte {meta.end}")
    stated = values[tags.TRANSFER_SYNTAX_UID]
    meta.transfer_syntax = "" if stated is ABSENT else stated.decode("latin-1").strip("\0 ")
    _check(window, meta, position, values, findings)


def _keep(meta: FileMeta, values: Values, tag: int, value: bytes) -> None:
    """Keep the first value: what stands there again, within the stated length or behind it, is ignored and told."""
    if tag == tags.FILE_META_LENGTH:
        meta.repeated = meta.repeated or bool(meta.length)
        meta.length = meta.length or value
    elif tag in tags.NEEDED_META:
        if values[tag] is ABSENT:
            values[tag] = LOOKALIKE if value == ABSENT else value
        else:
            meta.repeated = True


def _pass_at_hand(window: Window, meta: FileMeta, values: Values) -> None:
    """Read the elements that lie in the buffer as a whole."""
    buffer, elements = window.buffer, meta.elements
    at = meta.end - window.origin
    size = len(buffer)
    while at <= size - 12 and elements <= MAX_META_ELEMENTS:
        group, number, vr, length, long_length = _UNPACK(buffer, at)
        if vr in SHORT_VRS:
            start = at + 8
        elif vr in LONG_VRS:
            start, length = at + 12, long_length
        else:
            break
        if group != 2 or start + length > size:
            break
        if number in _KEPT_NUMBERS:
            _keep(meta, values, 0x20000 | number, buffer[start : start + min(length, KEPT_BYTES)])
        at = start + length
        elements += 1
    meta.end, meta.elements = window.origin + at, elements


def _read_header(window: Window, position: int) -> Header | None:
    """Return the next element of group 0002, or None where the group ends."""
    there = window.show(position, 12)
    at = position - window.origin
    if there == 0 or (there >= 2 and window.buffer[at : at + 2] != b"\2\0"):
        return None
    head = header(window.buffer, at, at + there, EXPLICIT) if there >= 8 else None
    if head is None:
        raise UnreadableFileError("truncated", f"byte {position}")
    return head


def _read_value(window: Window, start: int, head: Header) -> bytes:
    if head.length == UNDEFINED_LENGTH or not window.holds(start + head.length):
        raise UnreadableFileError("truncated", tags.format_tag(head.tag))
    length = min(head.length, KEPT_BYTES)
    window.show(start, length)
    at = start - window.origin
    return window.buffer[at : at + length] if length else b""


def _check(window: Window, meta: FileMeta, start: int, values: Values, findings: Findings) -> None:
    if not meta.elements:
        findings.add("file-meta-missing")
        return
    if ABSENT in _needed_of(values):
        findings.add("file-meta-incomplete")
    if meta.repeated:
        findings.add("file-meta-repeated", f"byte {start}")
    if len(meta.length) != 4:
        findings.add("file-meta-length-missing", tags.format_tag(tags.FILE_META_LENGTH))
        return
    # The length counts from behind its own element, which takes 12 bytes and comes first.
    declared_end = start + 12 + int.from_bytes(meta.length, "little")
    if declared_end > window.size:
        findings.add("file-meta-length-impossible", tags.format_tag(tags.FILE_META_LENGTH))
    elif declared_end != meta.end and not (meta.repeated and declared_end < meta.end):
        findings.add("file-meta-length-wrong", tags.format_tag(tags.FILE_META_LENGTH))
