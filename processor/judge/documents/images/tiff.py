"""TIFF and BigTIFF images: directories, and strips or tiles against the file's length (TIFF 6.0)."""

import struct
import sys
from array import array
from collections.abc import Sequence
from typing import NamedTuple

from intake.dicom.streams import take_bytes
from intake.files.model import Metadata
from processor.judge.documents.images.png import MAX_PIXELS
from processor.judge.documents.parts import MAX_WHOLE
from processor.judge.inspection.errors import UnreadableFileError
from processor.judge.inspection.findings import Findings
from processor.judge.inspection.window import Window

SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
"""Field type → bytes of one value."""
CODES = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
"""Unsigned integers: what counts and offsets are written as."""
WIDTH, LENGTH, BITS, COMPRESSION, PHOTOMETRIC, SAMPLES, PLANES = 256, 257, 258, 259, 262, 277, 284
STRIP_OFFSETS, ROWS_PER_STRIP, STRIP_COUNTS = 273, 278, 279
TILE_WIDTH, TILE_LENGTH, TILE_OFFSETS, TILE_COUNTS = 322, 323, 324, 325
UNCOMPRESSED = 1

MAX_TILED_PIXELS = 1 << 40
"""Whole slide images are read tile by tile, so that they may be larger than what a viewer opens whole."""
MAX_PAGES = 10_000
MAX_FAR_PAGES = 64
"""Pages of a file above MAX_WHOLE that are looked at: each may cost some reads."""
MAX_FIELDS = 4096
MAX_ALL_FIELDS = 200_000
"""Fields of all directories, which may overlap."""
MAX_SHORT = 4096
"""Values of a field that describes one image."""
MAX_PARTS = 1_000_000
"""Strips or tiles of all pages."""


class _Field(NamedTuple):
    type: int
    numbers: int
    """How many values there are."""
    value: bytes
    """The value where it fits, else the offset of it."""


def read(window: Window, findings: Findings, metadata: Metadata) -> None:
    """Judge an image by its directories. See `judge.Reader`."""
    _Walk(window, findings, metadata).run()


class _Walk:
    """The walk over the chain of directories."""

    def __init__(self, window: Window, findings: Findings, metadata: Metadata) -> None:
        self._window = window
        self._findings = findings
        self._metadata = metadata
        self._order = "<" if window.buffer.startswith(b"II") else ">"
        self._big = window.buffer[2:4] in {b"+\0", b"\0+"}
        self._word = 8 if self._big else 4
        self._parts = 0
        self._fields = 0

    def run(self) -> None:
        """Walk over all pages. Raises UnreadableFileError where one cannot be read."""
        far = self._window.size > MAX_WHOLE
        if not far:
            self._window.show(0, self._window.size)
        position = self._read_number(8 if self._big else 4, self._word)
        seen: set[int] = set()
        while position:
            if position in seen:
                raise UnreadableFileError("tiff-directory-loop", f"byte {position}")
            if far and len(seen) == MAX_FAR_PAGES:
                self._findings.add("tiff-pages-unchecked", f"byte {position}")
                break
            seen.add(position)
            if len(seen) > MAX_PAGES:
                raise UnreadableFileError("image-too-many-parts", f"byte {position}")
            fields, following = self._read_directory(position)
            self._check_page(fields, position, first=len(seen) == 1)
            position = following
        if not seen:
            raise UnreadableFileError("image-data-missing", "byte 4")
        self._metadata["pages"] = len(seen)

    def _read_number(self, position: int, length: int) -> int:
        data = take_bytes(self._window, position, length)
        if len(data) < length:
            raise UnreadableFileError("tiff-truncated", f"byte {position}")
        return int.from_bytes(data, "little" if self._order == "<" else "big")

    def _read_directory(self, position: int) -> tuple[dict[int, _Field], int]:
        start, size = (position + 8, 20) if self._big else (position + 2, 12)
        count = self._read_number(position, start - position)
        if not 0 < count <= MAX_FIELDS:
            raise UnreadableFileError("tiff-structure-invalid", f"byte {position}")
        self._fields += count
        if self._fields > MAX_ALL_FIELDS:
            raise UnreadableFileError("image-too-many-parts", f"byte {position}")
        data = take_bytes(self._window, start, count * size)
        if len(data) < count * size:
            raise UnreadableFileError("tiff-truncated", f"byte {start}")
        layout = struct.Struct(f"{self._order}HH{'Q8s' if self._big else 'I4s'}")
        fields = {tag: _Field(*rest) for tag, *rest in layout.iter_unpack(data)}
        end = start + count * size
        if end + self._word > self._window.size:
            # Some writers leave out the offset of the next directory at the very end of the file.
            self._findings.add("tiff-directory-unended", f"byte {end}")
            return fields, 0
        return fields, self._read_number(end, self._word)

    def _check_page(self, fields: dict[int, _Field], position: int, *, first: bool) -> None:
        columns, rows = self._read_one(fields, WIDTH), self._read_one(fields, LENGTH)
        tiled = TILE_OFFSETS in fields
        if not columns or not rows:
            raise UnreadableFileError("image-description-impossible", f"byte {position}")
        if columns * rows > (MAX_TILED_PIXELS if tiled else MAX_PIXELS):
            raise UnreadableFileError("image-too-many-pixels", f"byte {position}")
        if first:
            self._metadata |= {
                "columns": columns,
                "rows": rows,
                "bits_per_sample": self._read_one(fields, BITS, 1),
                "samples_per_pixel": self._read_one(fields, SAMPLES, 1),
                "compression": self._read_one(fields, COMPRESSION, UNCOMPRESSED),
            }
        for field in fields.values():
            size = SIZES.get(field.type, 1) * field.numbers
            if size > self._word and self._parse_offset(field) + size > self._window.size:
                self._findings.add("tiff-field-damaged", f"byte {position}")
        bits, samples = self._read_values(fields, BITS) or [1], self._read_one(fields, SAMPLES, 1)
        if not 0 < samples <= 64 or not all(0 < depth <= 64 for depth in bits):
            raise UnreadableFileError("image-description-impossible", f"byte {position}")
        raw_size = rows * ((columns * samples * min(bits) + 7) // 8)
        self._check_data(fields, position, raw_size, tiled=tiled)

    def _check_data(self, fields: dict[int, _Field], position: int, raw_size: int, *, tiled: bool) -> None:
        """Hold where the strips or tiles are said to be against the file."""
        offsets = self._read_values(fields, TILE_OFFSETS if tiled else STRIP_OFFSETS)
        counts = self._read_values(fields, TILE_COUNTS if tiled else STRIP_COUNTS)
        if not offsets:
            raise UnreadableFileError("image-data-missing", f"byte {position}")
        if not counts and len(offsets) == 1:
            counts = [max(min(raw_size, self._window.size - offsets[0]), 0)]
        if len(counts) != len(offsets):
            raise UnreadableFileError("tiff-structure-invalid", f"byte {position}")
        if any(offset + count > self._window.size for offset, count in zip(offsets, counts, strict=True)):
            raise UnreadableFileError("tiff-truncated", f"byte {position}")
        plain = self._read_one(fields, COMPRESSION, UNCOMPRESSED) == UNCOMPRESSED
        if not any(counts) or (plain and not tiled and sum(counts) < raw_size):
            raise UnreadableFileError("image-data-too-short", f"byte {position}")

    def _read_one(self, fields: dict[int, _Field], tag: int, default: int = 0) -> int:
        if tag in fields and fields[tag].numbers > MAX_SHORT:
            raise UnreadableFileError("tiff-structure-invalid", f"tag {tag}")
        values = self._read_values(fields, tag)
        return values[0] if values else default

    def _parse_offset(self, field: _Field) -> int:
        return int.from_bytes(field.value, "little" if self._order == "<" else "big")

    def _read_values(self, fields: dict[int, _Field], tag: int) -> Sequence[int]:
        """Return a field's numbers; none where it is missing. Raises UnreadableFileError for any beyond the file."""
        field = fields.get(tag)
        if field is None or not field.numbers:
            return ()
        if field.type not in CODES:
            raise UnreadableFileError("tiff-structure-invalid", f"tag {tag}")
        self._parts += field.numbers
        if self._parts > MAX_PARTS:
            raise UnreadableFileError("image-too-many-parts", f"tag {tag}")
        size = SIZES[field.type] * field.numbers
        data = field.value[:size] if size <= self._word else take_bytes(self._window, self._parse_offset(field), size)
        if len(data) < size:
            raise UnreadableFileError("tiff-truncated", f"tag {tag}")
        numbers = array(CODES[field.type])
        numbers.frombytes(data)
        if (sys.byteorder == "little") != (self._order == "<"):
            numbers.byteswap()
        return numbers
