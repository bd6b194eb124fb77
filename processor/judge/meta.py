"""The file meta information: group 0002, always explicit VR little endian (PS3.10 7.1)."""

import struct
from dataclasses import dataclass, field

from processor.judge import tags
from processor.judge.elements import KEPT_BYTES, UNDEFINED_LENGTH, Header, Values, header
from processor.judge.encoding import Encoding
from processor.judge.findings import Findings
from processor.judge.refusal import RefusedError
from processor.judge.window import Window

META_ENCODING = Encoding(explicit=True)
MAX_META_ELEMENTS = 1_000


@dataclass(slots=True)
class FileMeta:
    """What the file meta information says; empty where there is none."""

    end: int
    """Where the data set starts."""
    values: Values = field(default_factory=dict)

    def uid(self, tag: int) -> str:
        return uid(self.values.get(tag, b""))


def uid(value: bytes) -> str:
    """Return a UID without its padding; some writers pad with spaces instead of NUL (PS3.5 9.1)."""
    return value.decode("latin-1").strip("\0 ")


def read(window: Window, position: int, findings: Findings) -> FileMeta:
    """Read the group's elements from `position` on. Raises RefusedError where they are cut off."""
    meta = FileMeta(position)
    declared_end = None
    for _ in range(MAX_META_ELEMENTS):
        head = _next(window, meta.end)
        if head is None:
            break
        value = _value(window, meta.end + head.size, head)
        meta.end += head.size + head.length
        meta.values[head.tag] = value
        if head.tag == 0x00020000 and len(value) == 4:
            declared_end = meta.end + int(struct.unpack("<I", value)[0])
    else:
        raise RefusedError("too-many-elements", f"byte {meta.end}")
    _check(window, meta, declared_end, findings)
    return meta


def _next(window: Window, position: int) -> Header | None:
    """Return the next element of group 0002, or None where the group ends."""
    there = window.show(position, 12)
    at = position - window.origin
    if there == 0 or (there >= 2 and window.buffer[at : at + 2] != b"\2\0"):
        return None
    head = header(window.buffer, at, at + there, META_ENCODING) if there >= 8 else None
    if head is None:
        raise RefusedError("truncated", f"byte {position}")
    return head


def _value(window: Window, start: int, head: Header) -> bytes:
    if head.length == UNDEFINED_LENGTH or not window.holds(start + head.length):
        raise RefusedError("truncated", tags.written(head.tag))
    length = min(head.length, KEPT_BYTES)
    window.show(start, length)
    at = start - window.origin
    return window.buffer[at : at + length] if length else b""


def _check(window: Window, meta: FileMeta, declared_end: int | None, findings: Findings) -> None:
    if not meta.values:
        findings.add("file-meta-missing")
    elif declared_end is None:
        findings.add("file-meta-length-missing", "(0002,0000)")
    elif declared_end > window.size:
        findings.add("file-meta-length-impossible", "(0002,0000)")
    elif declared_end != meta.end:
        findings.add("file-meta-length-wrong", "(0002,0000)")
    if meta.values and not meta.values.keys() >= tags.KEPT_META:
        findings.add("file-meta-incomplete")
