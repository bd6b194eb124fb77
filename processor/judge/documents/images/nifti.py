"""NIfTI-1 and NIfTI-2 volumes, plain and gzipped: header, geometry, and length by arithmetic (nifti1.h, nifti2.h)."""

import math
import struct
from typing import NamedTuple

from intake.dicom.streams import take_bytes
from intake.files.model import Metadata
from processor.judge.documents.images import gzipped
from processor.judge.inspection import kinds
from processor.judge.inspection.errors import UnreadableFileError
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


class Header(NamedTuple):
    """What the judge takes from a header of either version."""

    version: int
    mark: bytes
    data_type: int
    bits: int
    dimensions: tuple[int, ...]
    spacing: tuple[float, ...]
    offset: float
    orientations: tuple[int, int]
    """Codes of the two ways to say where the volume lies in space; 0 where one is not used."""
    units: int
    size: int
    length_elsewhere: int = 0
    """Of the first axis, where FreeSurfer writes one that the header's 16 bits cannot hold: in `glmin`."""


def read(window: Window, findings: Findings, metadata: Metadata) -> None:
    """Judge a volume by its header and its length. See `readers.Reader`."""
    compressed = window.buffer.startswith(gzipped.MARK)
    head = kinds.gunzip_head(window.buffer, SIZE_2) if compressed else take_bytes(window, 0, SIZE_2)
    header = _parse_header(head)
    metadata["version"] = header.version
    metadata["compressed"] = compressed
    _check_mark(header, head, window.size, findings)
    dimensions = _read_dimensions(header, findings)
    if header.data_type not in BITS:
        raise UnreadableFileError("nifti-data-type-unknown", "byte 70" if header.size == SIZE_1 else "byte 12")
    metadata |= {
        "dimensions": list(dimensions),
        "spacing": [f"{step:.6g}" for step in header.spacing[1 : len(dimensions) + 1]],
        "data_type": NAMES[header.data_type],
        "spatial_unit": UNITS.get(header.units & 7, "unknown"),
    }
    _check_geometry(header, len(dimensions), findings)
    if header.mark == SINGLE[header.size]:
        _check_length(window, header, dimensions, findings, compressed=compressed)


def _parse_header(head: bytes) -> Header:
    for order in "<>":
        size = struct.unpack_from(f"{order}i", head)[0] if len(head) >= 4 else 0
        if size in SINGLE:
            if len(head) < size:
                raise UnreadableFileError("nifti-header-truncated", f"byte {len(head)}")
            return _parse_version_1(head, order) if size == SIZE_1 else _parse_version_2(head, order)
    raise UnreadableFileError("nifti-mark-invalid", "byte 0")


def _parse_version_1(head: bytes, order: str) -> Header:
    dimensions = struct.unpack_from(f"{order}8h", head, 40)
    data_type, bits = struct.unpack_from(f"{order}2h", head, 70)
    spacing = struct.unpack_from(f"{order}8f", head, 76)
    (offset,) = struct.unpack_from(f"{order}f", head, 108)
    codes = struct.unpack_from(f"{order}2h", head, 252)
    (glmin,) = struct.unpack_from(f"{order}i", head, 144)
    return Header(1, head[344:348], data_type, bits, dimensions, spacing, offset, codes, head[123], SIZE_1, glmin)


def _parse_version_2(head: bytes, order: str) -> Header:
    data_type, bits = struct.unpack_from(f"{order}2h", head, 12)
    dimensions = struct.unpack_from(f"{order}8q", head, 16)
    spacing = struct.unpack_from(f"{order}8d", head, 104)
    (offset,) = struct.unpack_from(f"{order}q", head, 168)
    codes = struct.unpack_from(f"{order}2i", head, 344)
    (units,) = struct.unpack_from(f"{order}i", head, 500)
    return Header(2, head[4:12], data_type, bits, dimensions, spacing, offset, codes, units, SIZE_2)


def _check_mark(header: Header, head: bytes, size: int, findings: Findings) -> None:
    where = "byte 344" if header.size == SIZE_1 else "byte 4"
    if header.mark == PAIR[header.size]:
        findings.add("nifti-image-elsewhere", where)
    elif header.mark == bytes(4) and size == len(head) == SIZE_1:
        # An Analyze 7.5 header: the same fields, before there was a mark.
        findings.add("nifti-image-elsewhere", where)
    elif header.mark != SINGLE[header.size]:
        raise UnreadableFileError("nifti-mark-invalid", where)


def _read_dimensions(header: Header, findings: Findings) -> tuple[int, ...]:
    axes = header.dimensions[0]
    extents = header.dimensions[1 : axes + 1]
    if extents[:1] == (-1,) and header.length_elsewhere > 0:
        findings.add("nifti-length-elsewhere", "byte 42")
        extents = (header.length_elsewhere, *extents[1:])
    if not 1 <= axes <= 7 or not all(1 <= extent <= MAX_EXTENT for extent in extents):
        raise UnreadableFileError("nifti-dimensions-invalid", "byte 40" if header.size == SIZE_1 else "byte 16")
    return extents


def _check_geometry(header: Header, axes: int, findings: Findings) -> None:
    if header.bits != BITS[header.data_type]:
        findings.add("nifti-bits-mismatch", "byte 72" if header.size == SIZE_1 else "byte 14")
    spatial = header.spacing[1 : min(axes, 3) + 1]
    if not all(math.isfinite(step) and 0 < step < 1e6 for step in spatial):
        findings.add("nifti-spacing-unusual", "byte 76" if header.size == SIZE_1 else "byte 104")
    if not any(header.orientations):
        findings.add("nifti-orientation-missing", "byte 252" if header.size == SIZE_1 else "byte 344")


def _check_length(
    window: Window, header: Header, dimensions: tuple[int, ...], findings: Findings, *, compressed: bool
) -> None:
    where = "byte 108" if header.size == SIZE_1 else "byte 168"
    if not math.isfinite(header.offset) or not header.size + 4 <= header.offset < 1 << 62:
        raise UnreadableFileError("nifti-offset-invalid", where)
    expected = int(header.offset) + (math.prod(dimensions) * BITS[header.data_type] + 7) // 8
    size = gzipped.measure_inflated(window, expected, findings) if compressed else window.size
    if size < expected:
        raise UnreadableFileError("nifti-data-too-short", "byte 40" if header.size == SIZE_1 else "byte 16")
    if size > expected:
        findings.add("nifti-data-too-long", f"byte {expected}")
