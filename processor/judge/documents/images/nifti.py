"""NIfTI-1 and NIfTI-2 volumes, plain and gzipped: header, geometry, and length by arithmetic (nifti1.h, nifti2.h).

Gzip streams (RFC 1952) are inflated to count them and never kept.
"""

import math
import struct
import zlib
from collections.abc import Iterator
from typing import Any, NamedTuple

from intake.dicom.streams import take_bytes, take_next
from intake.files.model import Metadata
from processor.judge.documents import parts
from processor.judge.inspection.envelope import gunzip_head
from processor.judge.inspection.errors import BudgetSpentError, UnreadableFileError
from processor.judge.inspection.findings import Findings
from processor.judge.inspection.window import Window

SIZE_1, SIZE_2 = 348, 540
SINGLE = {SIZE_1: b"n+1\0", SIZE_2: b"n+2\0\r\n\x1a\n"}
PAIR = {SIZE_1: b"ni1\0", SIZE_2: b"ni2\0\r\n\x1a\n"}

BITS = {
    1: 1, 2: 8, 4: 16, 8: 32, 16: 32, 32: 64, 64: 64, 128: 24, 256: 8, 512: 16, 768: 32, 1024: 64, 1280: 64,
    1536: 128, 1792: 128, 2048: 256, 2304: 32,
}  # fmt: skip
"""Data type → bits per voxel."""
NAMES = {
    1: "binary", 2: "uint8", 4: "int16", 8: "int32", 16: "float32", 32: "complex64", 64: "float64", 128: "rgb24",
    256: "int8", 512: "uint16", 768: "uint32", 1024: "int64", 1280: "uint64", 1536: "float128", 1792: "complex128",
    2048: "complex256", 2304: "rgba32",
}  # fmt: skip
MAX_EXTENT = 1 << 32
"""Voxels along one axis."""
UNITS = {1: "m", 2: "mm", 3: "um"}
FIELDS = {
    SIZE_1: {
        "mark": ("4s", 344), "data_type": ("h", 70), "bits": ("h", 72), "dimensions": ("8h", 40), "spacing": ("8f", 76),
        "offset": ("f", 108), "units": ("B", 123), "orientations": ("2h", 252), "length_elsewhere": ("i", 144),
    },
    SIZE_2: {
        "mark": ("8s", 4), "data_type": ("h", 12), "bits": ("h", 14), "dimensions": ("8q", 16), "spacing": ("8d", 104),
        "offset": ("q", 168), "orientations": ("2i", 344), "units": ("i", 500),
    },
}  # fmt: skip
"""Size of a header, which tells its version → field → how it is written, and where."""

WBITS = zlib.MAX_WBITS + 16
MARK = b"\x1f\x8b"

MAX_INFLATED = 1024 * 1024 * 1024
"""Bytes that a volume is inflated to (see `inflation`); of a larger one, its trailer must agree with its header."""
MAX_COUNTED = 32 * 1024 * 1024
"""Bytes behind a volume that are inflated to count them."""
MAX_RATIO = 200
"""Inflated to compressed bytes beyond which what is above MAX_COUNTED is a bomb."""
DEFLATE_LIMIT = 1032
MAX_MEMBERS = 10_000
CHUNK = 256 * 1024


class Header(NamedTuple):
    """What the judge takes from a header of either version."""

    size: int
    mark: bytes
    data_type: int
    bits: int
    dimensions: tuple[int, ...]
    spacing: tuple[float, ...]
    offset: float
    orientations: tuple[int, int]
    """Codes of the two ways to say where the volume lies in space; 0 where one is not used."""
    units: int
    length_elsewhere: int = 0
    """Of the first axis, where FreeSurfer writes one that the header's 16 bits cannot hold: in `glmin`."""

    def tell_place(self, field: str) -> str:
        return f"byte {FIELDS[self.size][field][1]}"


def read(window: Window, findings: Findings, metadata: Metadata) -> None:
    """Judge a volume by its header and its length. See `judge.Reader`."""
    compressed = window.buffer.startswith(MARK)
    head = gunzip_head(window.buffer, SIZE_2) if compressed else take_bytes(window, 0, SIZE_2)
    header = _parse_header(head)
    metadata["version"] = 1 if header.size == SIZE_1 else 2
    metadata["compressed"] = compressed
    # Without a mark, an Analyze 7.5 header: the same fields, before there was one.
    analyze = header.mark == bytes(4) and window.size == len(head) == SIZE_1
    if header.mark == PAIR[header.size] or analyze:
        findings.add("nifti-image-elsewhere", header.tell_place("mark"))
    elif header.mark != SINGLE[header.size]:
        raise UnreadableFileError("nifti-mark-invalid", header.tell_place("mark"))
    dimensions = _read_dimensions(header, findings)
    if header.data_type not in BITS:
        raise UnreadableFileError("nifti-data-type-unknown", header.tell_place("data_type"))
    metadata |= {
        "dimensions": list(dimensions),
        "spacing": [f"{step:.6g}" for step in header.spacing[1 : len(dimensions) + 1]],
        "data_type": NAMES[header.data_type],
        "spatial_unit": UNITS.get(header.units & 7, "unknown"),
    }
    _check_image(window, header, dimensions, findings, compressed=compressed)


def read_gzip(window: Window, findings: Findings, metadata: Metadata) -> None:  # noqa: ARG001 — see `judge.Reader`.
    """Tell a bomb from other gzip files of nothing known (RFC 1952). See `judge.Reader`."""
    declared = _read_declared_size(window)
    if declared > MAX_COUNTED and declared > MAX_RATIO * window.size:
        findings.add("gzip-bomb")


def _parse_header(head: bytes) -> Header:
    for order in "<>":
        size = struct.unpack_from(f"{order}i", head)[0] if len(head) >= 4 else 0
        if size in FIELDS:
            if len(head) < size:
                raise UnreadableFileError("nifti-header-truncated", f"byte {len(head)}")
            found = {name: struct.unpack_from(order + form, head, at) for name, (form, at) in FIELDS[size].items()}
            fields: dict[str, Any] = {name: values if values[1:] else values[0] for name, values in found.items()}
            return Header(size, **fields)
    raise UnreadableFileError("nifti-mark-invalid", "byte 0")


def _read_dimensions(header: Header, findings: Findings) -> tuple[int, ...]:
    axes = header.dimensions[0]
    extents = header.dimensions[1 : axes + 1]
    if extents[:1] == (-1,) and header.length_elsewhere > 0:
        findings.add("nifti-length-elsewhere", "byte 42")
        extents = (header.length_elsewhere, *extents[1:])
    if not 1 <= axes <= 7 or not all(1 <= extent <= MAX_EXTENT for extent in extents):
        raise UnreadableFileError("nifti-dimensions-invalid", header.tell_place("dimensions"))
    return extents


def _check_image(
    window: Window, header: Header, dimensions: tuple[int, ...], findings: Findings, *, compressed: bool
) -> None:
    """Hold the voxels' size and place, and the length where the image is in this file, against the header."""
    if header.bits != BITS[header.data_type]:
        findings.add("nifti-bits-mismatch", header.tell_place("bits"))
    spatial = header.spacing[1 : min(len(dimensions), 3) + 1]
    if not all(math.isfinite(step) and 0 < step < 1e6 for step in spatial):
        findings.add("nifti-spacing-unusual", header.tell_place("spacing"))
    if not any(header.orientations):
        findings.add("nifti-orientation-missing", header.tell_place("orientations"))
    if header.mark != SINGLE[header.size]:
        return
    if not math.isfinite(header.offset) or not header.size + 4 <= header.offset < 1 << 62:
        raise UnreadableFileError("nifti-offset-invalid", header.tell_place("offset"))
    expected = int(header.offset) + (math.prod(dimensions) * BITS[header.data_type] + 7) // 8
    size = _measure_inflated(window, expected, findings) if compressed else window.size
    if size < expected:
        raise UnreadableFileError("nifti-data-too-short", header.tell_place("dimensions"))
    if size > expected:
        findings.add("nifti-data-too-long", f"byte {expected}")


def _measure_inflated(window: Window, expected: int, findings: Findings) -> int:
    """Return the size of what the file inflates to, which should be `expected`. Raises UnreadableFileError."""
    if expected > DEFLATE_LIMIT * window.size:
        return 0
    size = 0
    window.stream()
    try:
        for piece in _inflate_members(window, findings):
            size += len(piece)
            if size > expected + MAX_COUNTED:
                raise UnreadableFileError("gzip-bomb", f"byte {size} of the inflated volume")
            if size > MAX_INFLATED:
                return _trust_trailer(window, expected, findings)
    except BudgetSpentError:
        return _trust_trailer(window, expected, findings)
    return size


def _read_declared_size(window: Window) -> int:
    return int.from_bytes(take_bytes(window, max(window.size - 4, 0), 4), "little")


def _trust_trailer(window: Window, expected: int, findings: Findings) -> int:
    """Take a large volume on its trailer's word, and tell so. BGZF files have a trailer of their last member only."""
    findings.add("gzip-unchecked", f"byte {MAX_INFLATED} of the inflated volume")
    many = window.buffer[3] & 4 and window.buffer[12:14] == b"BC"
    if not many and _read_declared_size(window) != expected & 0xFFFFFFFF:
        raise UnreadableFileError("gzip-length-mismatch", f"byte {window.size - 4}")
    return expected


def _inflate_members(window: Window, findings: Findings) -> Iterator[bytes]:
    """Yield what the members inflate to, one after the other."""
    position = 0
    for _ in range(MAX_MEMBERS):
        inflater = zlib.decompressobj(WBITS)
        while not inflater.eof:
            piece = take_next(window, position, CHUNK)
            if not piece:
                raise UnreadableFileError("gzip-truncated", f"byte {window.size}")
            yield from parts.inflate(inflater, piece, CHUNK, "gzip-damaged")
            position += len(piece) - len(inflater.unused_data)
        if take_bytes(window, position, 2) != MARK:
            if take_bytes(window, position, 1024).strip(b"\0"):
                findings.add("gzip-trailing-bytes", f"byte {position}")
            return
    raise UnreadableFileError("gzip-bomb", f"byte {position}")
