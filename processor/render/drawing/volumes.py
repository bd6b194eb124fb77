"""NIfTI-1 and NIfTI-2 volumes: the middle plane of each direction, side by side (nifti1.h, nifti2.h).

A volume is read slice by slice, inflated where it is gzipped, and no more of it kept than the three planes. Its axes
point upwards and to the right as they are stored; nothing is turned by its orientation.
"""

import struct
import zlib
from dataclasses import dataclass
from typing import IO, Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from intake.renditions.model import NoPreview
from processor.render.drawing import output
from processor.render.drawing.grayscale import find_range, spread
from processor.render.protocol import Job, NoPictureError

Plane = npt.NDArray[Any]

KINDS = {
    2: "u1", 4: "i2", 8: "i4", 16: "f4", 64: "f8", 256: "i1", 512: "u2", 768: "u4", 1024: "i8", 1280: "u8",
    32: "c8", 1792: "c16", 128: "RGB", 2304: "RGBA",
}  # fmt: skip
"""Types of voxels that are drawn, by their code: numbers, complex ones by their magnitude, and colours."""
MOST_BYTES = 1024 * 1024 * 1024
"""Bytes of a volume up to the end of the first one in it, inflated."""
LARGEST_SLICE = 128 * 1024 * 1024
PIECE = 1024 * 1024
GAP = 4
"""Pixels between two planes."""


@dataclass(frozen=True, slots=True)
class Volume:
    """What a header says."""

    shape: tuple[int, int, int]
    sizes: tuple[float, float, float]
    """Of a voxel, in any unit."""
    kind: str
    order: str
    offset: int

    @property
    def item(self) -> int:
        """Bytes of a voxel."""
        return len(self.kind) if self.kind in {"RGB", "RGBA"} else int(self.kind[1:])

    @property
    def slice_size(self) -> int:
        return self.shape[0] * self.shape[1] * self.item


def draw_volume(job: Job, content: IO[bytes]) -> list[bytes]:
    """Return pictures of the planes. Raises NoPictureError, MemoryError, and what zlib raises."""
    reader = _Reader(content)
    volume = _read_header(reader)
    planes = _read_planes(reader, volume)
    content.close()  # What comes behind is not wanted.
    x, y, z = _measure(volume)
    ends = find_range(np.concatenate([plane.ravel() for plane in planes]))
    drawn = [_draw(plane, ends, *scale) for plane, scale in zip(planes, ((x, y), (x, z), (y, z)), strict=True)]
    return output.encode(_lay_out(drawn), job.outputs)


class _Reader:
    """Reads on from what comes, inflated where it is gzipped."""

    def __init__(self, content: IO[bytes]) -> None:
        self._content, self._ready = content, content.read(2)
        self._inflater = zlib.decompressobj(wbits=31) if self._ready == b"\x1f\x8b" else None
        self._packed = b""
        if self._inflater:
            self._packed, self._ready = self._ready, b""

    def read(self, size: int) -> bytes:
        """Return the next `size` bytes. Raises NoPictureError where there are fewer."""
        parts, left = [self._ready[:size]], size - len(self._ready[:size])
        self._ready = self._ready[size:]
        while left > 0:
            part = self._inflate(left) if self._inflater else self._content.read(min(left, PIECE))
            if not part:
                raise NoPictureError(NoPreview.UNREADABLE)
            parts.append(part)
            left -= len(part)
        return b"".join(parts)

    def _inflate(self, most: int) -> bytes:
        """Return some bytes at least, or none at the end."""
        while self._inflater is not None:
            self._packed = self._packed or self._content.read(PIECE)
            if not self._packed:
                return b""
            part = self._inflater.decompress(self._packed, min(most, PIECE))
            self._packed = self._inflater.unconsumed_tail
            if self._inflater.eof:
                # Members may follow each other (RFC 1952 2.2).
                self._packed = self._inflater.unused_data
                self._inflater = zlib.decompressobj(wbits=31)
            if part:
                return part
        return b""

    def skip(self, size: int) -> None:
        while size > 0:
            size -= len(self.read(min(size, PIECE)))


def _read_header(reader: _Reader) -> Volume:
    head = reader.read(348)
    order = "<" if head[:4] in {struct.pack("<i", 348), struct.pack("<i", 540)} else ">"
    version = struct.unpack_from(order + "i", head)[0]
    if version == 348:
        dims, kind = struct.unpack_from(order + "8h", head, 40), struct.unpack_from(order + "h", head, 70)[0]
        sizes, offset = struct.unpack_from(order + "8f", head, 76), struct.unpack_from(order + "f", head, 108)[0]
        mark, read = head[344:347], 348
    elif version == 540:
        head += reader.read(540 - 348)
        dims, kind = struct.unpack_from(order + "8q", head, 16), struct.unpack_from(order + "h", head, 12)[0]
        sizes, offset = struct.unpack_from(order + "8d", head, 104), struct.unpack_from(order + "q", head, 168)[0]
        mark, read = head[4:7], 540
    else:
        raise NoPictureError(NoPreview.UNREADABLE)
    if mark in {b"ni1", b"ni2"}:
        raise NoPictureError(NoPreview.NO_PIXELS)  # They are in another file.
    shape = tuple(dims[axis] if axis <= dims[0] else 1 for axis in (1, 2, 3))
    if not 1 <= dims[0] <= 7 or min(shape) < 1 or not read <= offset <= MOST_BYTES:
        raise NoPictureError(NoPreview.UNREADABLE)
    if kind not in KINDS:
        raise NoPictureError(NoPreview.UNKNOWN_FORMAT)
    reader.skip(int(offset) - read)
    steps = tuple(abs(size) if 0 < abs(size) < float("inf") else 1.0 for size in sizes[1:4])
    return Volume(shape, steps, KINDS[kind], order, int(offset))  # type: ignore[arg-type]


def _read_planes(reader: _Reader, volume: Volume) -> tuple[Plane, Plane, Plane]:
    """Return the planes across the third, the second and the first axis; of each, rows are the later axis."""
    columns, rows, slices = volume.shape
    if volume.slice_size > LARGEST_SLICE or volume.slice_size * slices > MOST_BYTES:
        raise NoPictureError(NoPreview.TOO_LARGE)
    middle: list[Plane] = []
    fronts, sides = [], []
    for number in range(slices):
        plane = _shape(reader.read(volume.slice_size), volume)
        if number == slices // 2:
            middle.append(plane)
        fronts.append(plane[rows // 2].copy())
        sides.append(plane[:, columns // 2].copy())
    return middle[0], np.stack(fronts), np.stack(sides)


def _shape(data: bytes, volume: Volume) -> Plane:
    columns, rows, _ = volume.shape
    if volume.kind in {"RGB", "RGBA"}:
        return np.frombuffer(data, np.uint8).reshape(rows, columns, volume.item)[..., :3]
    voxels = np.frombuffer(data, volume.order + volume.kind).astype(volume.kind).reshape(rows, columns)
    return np.abs(voxels) if volume.kind[0] == "c" else voxels


def _measure(volume: Volume) -> tuple[float, float, float]:
    """Return how often each axis' shortest voxel goes into one of this axis: so much longer it is drawn."""
    shortest = min(volume.sizes)
    x, y, z = (min(size / shortest, output.MOST_DISTORTION) for size in volume.sizes)
    return x, y, z


def _draw(plane: Plane, ends: tuple[float, float], across: float, up: float) -> Image.Image:
    width, height = round(plane.shape[1] * across), round(plane.shape[0] * up)
    output.check_size(width, height)
    image = Image.fromarray(plane if plane.ndim == 3 else spread(plane, ends))
    return image.transpose(Image.Transpose.FLIP_TOP_BOTTOM).resize((width, height), Image.Resampling.BICUBIC)


def _lay_out(planes: list[Image.Image]) -> Image.Image:
    height = max(plane.height for plane in planes)
    width = sum(plane.width for plane in planes) + GAP * (len(planes) - 1)
    output.check_size(width, height)
    laid = Image.new(planes[0].mode, (width, height))
    left = 0
    for plane in planes:
        laid.paste(plane, (left, (height - plane.height) // 2))
        left += plane.width + GAP
    return laid
