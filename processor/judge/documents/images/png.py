"""PNG images: chunks, checksums, and the length of the image data (PNG, third edition)."""

import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress

from intake.dicom.streams import take_bytes
from intake.files.model import Metadata
from processor.judge.documents import parts
from processor.judge.inspection.errors import UnreadableFileError
from processor.judge.inspection.findings import Findings
from processor.judge.inspection.window import Window

SIGNATURE = b"\x89PNG\r\n\x1a\n"
HEADER = struct.Struct(">IIBBBBB")
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
DEPTHS = {0: {1, 2, 4, 8, 16}, 2: {8, 16}, 3: {1, 2, 4, 8}, 4: {8, 16}, 6: {8, 16}}
COLOURS = {0: "greyscale", 2: "rgb", 3: "palette", 4: "greyscale-alpha", 6: "rgb-alpha"}
ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
"""Passes of an interlaced image: first column, first row, steps."""

MAX_PIXELS = 1 << 28
MAX_INFLATED = 1024 * 1024 * 1024
"""Bytes of image data up to which it is inflated to check it (see `inflation`); beyond, only its compressed length
is."""
MAX_TEXT = 1024 * 1024
"""Bytes that one compressed text or profile may inflate to; those of cameras and scanners reach a few KiB."""
MAX_ALL_TEXTS = 8 * 1024 * 1024
DEFLATE_LIMIT = 1032
MAX_CHUNKS = 100_000
CHUNK = 256 * 1024
END = b"\0\0\0\0IEND\xaeB`\x82"
TAIL = 64 * 1024


def read(window: Window, findings: Findings, metadata: Metadata) -> None:
    """Judge an image chunk by chunk. See `judge.Reader`."""
    if not window.buffer.startswith(SIGNATURE):
        raise UnreadableFileError("png-signature-damaged", "byte 0")
    if _read_chunk_header(window, 8) != (b"IHDR", HEADER.size):
        raise UnreadableFileError("png-structure-invalid", "byte 8")
    image = _Image(window, HEADER.unpack(take_bytes(window, 16, HEADER.size)), findings)
    metadata |= image.describe()
    checked = take_bytes(window, 12, HEADER.size + 8)
    if zlib.crc32(checked[:-4]) != int.from_bytes(checked[-4:], "big"):
        raise UnreadableFileError("png-checksum-wrong", "byte 8")
    parts.check_end(window, image.walk(8 + 12 + HEADER.size), findings)


def _read_chunk_header(window: Window, position: int) -> tuple[bytes, int]:
    head = take_bytes(window, position, 8)
    if len(head) < 8:
        raise UnreadableFileError("png-truncated", f"byte {window.size}")
    name, length = head[4:], int.from_bytes(head[:4], "big")
    if not name.isalpha() or length >> 31:
        raise UnreadableFileError("png-structure-invalid", f"byte {position}")
    if position + 12 + length > window.size:
        raise UnreadableFileError("png-truncated", f"byte {position}")
    return name, length


class _Image:
    """One image, as far as it is read."""

    def __init__(self, window: Window, fields: tuple[int, ...], findings: Findings) -> None:
        self._window = window
        self._findings = findings
        self._width, self._height, self._depth, self._colour, compression, filtering, self._interlaced = fields
        known = self._depth in DEPTHS.get(self._colour, ()) and self._interlaced in {0, 1}
        if not known or compression or filtering or not 0 < self._width < 1 << 31 or not 0 < self._height < 1 << 31:
            raise UnreadableFileError("image-description-impossible", "byte 16")
        if self._width * self._height > MAX_PIXELS:
            raise UnreadableFileError("image-too-many-pixels", "byte 16")
        self._expected = self._compute_raw_size()
        self._compressed = 0
        self._inflated = 0
        self._texts = 0
        self._inflater = zlib.decompressobj()

    def describe(self) -> Metadata:
        return {
            "columns": self._width,
            "rows": self._height,
            "bits_per_sample": self._depth,
            "colour": COLOURS[self._colour],
        }

    def _compute_raw_size(self) -> int:
        """Return the bytes of all rows, each with its filter type (9.2), over all passes (8.2)."""
        passes = ADAM7 if self._interlaced else ((0, 0, 1, 1),)
        size = 0
        for column, row, across, down in passes:
            wide = max(-(-(self._width - column) // across), 0)
            high = max(-(-(self._height - row) // down), 0)
            size += high * (1 + (wide * self._depth * CHANNELS[self._colour] + 7) // 8) if wide else 0
        return size

    def walk(self, position: int) -> int:
        """Walk over all chunks, and return where the image ends."""
        self._window.stream()
        for _ in range(MAX_CHUNKS):
            name, length = _read_chunk_header(self._window, position)
            if name == b"IEND":
                self._check_data_length(position)
                return position + 12 + length
            if name == b"IDAT" and (self._expected > MAX_INFLATED or not self._window.affords(length)):
                return self._end_in_tail(position)
            if name == b"IDAT":
                self._pass_data(position, length)
            elif name in {b"zTXt", b"iTXt", b"iCCP"}:
                self._check_text(name, position + 8, length)
            position += 12 + length
        raise UnreadableFileError("image-too-many-parts", f"byte {position}")

    def _pass_data(self, position: int, length: int) -> None:
        self._compressed += length
        checksum = zlib.crc32(b"IDAT")
        for start in range(position + 8, position + 8 + length, CHUNK):
            piece = take_bytes(self._window, start, min(CHUNK, position + 8 + length - start))
            checksum = zlib.crc32(piece, checksum)
            self._inflate(piece, start)
        if checksum != int.from_bytes(take_bytes(self._window, position + 8 + length, 4), "big"):
            raise UnreadableFileError("png-checksum-wrong", f"byte {position}")

    def _inflate(self, piece: bytes, start: int) -> None:
        """Count what a piece inflates to, until there is more than all rows: no reader takes it, and that is told."""
        waiting = piece
        while waiting and not self._full and not self._inflater.eof:
            try:
                self._inflated += len(self._inflater.decompress(waiting, CHUNK))
            except zlib.error:
                # Behind the last row, where a checksum stands that most readers ignore, it harms no image.
                if self._inflated < self._expected:
                    raise UnreadableFileError("image-data-damaged", f"byte {start}") from None
                return
            waiting = self._inflater.unconsumed_tail or self._inflater.unused_data
        if waiting or self._full:
            self._findings.add("image-data-surplus", f"byte {start}")

    @property
    def _full(self) -> bool:
        return self._inflated > self._expected

    def _check_data_length(self, position: int) -> None:
        if not self._compressed:
            raise UnreadableFileError("image-data-missing", f"byte {position}")
        if self._inflated < self._expected:
            with suppress(zlib.error):
                self._inflated += len(self._inflater.decompress(b"", CHUNK))
        if self._inflated < self._expected:
            raise UnreadableFileError("image-data-too-short", f"byte {position}")

    def _end_in_tail(self, position: int) -> int:
        """Jump over the data of a large image, and return where the image ends."""
        self._findings.add("image-unchecked", f"byte {position}")
        start = max(self._window.size - TAIL, position)
        at = take_bytes(self._window, start, TAIL).rfind(END)
        if at < 0:
            raise UnreadableFileError("png-truncated", f"byte {self._window.size}")
        if DEFLATE_LIMIT * (start + at - position) < self._expected:
            raise UnreadableFileError("image-data-too-short", f"byte {position}")
        return start + at + len(END)

    def _check_text(self, name: bytes, start: int, length: int) -> None:
        """Inflate a compressed text, only as far as to tell that it is no bomb; damage in it harms no image."""
        inflater, size = zlib.decompressobj(), 0
        pieces = self._read_packed(name, start, length)
        try:
            for piece in pieces:
                size += len(inflater.decompress(piece, MAX_TEXT + 1 - size))
                if inflater.eof or size > MAX_TEXT:
                    break
        except zlib.error:
            return
        self._texts += size
        if size > MAX_TEXT or self._texts > MAX_ALL_TEXTS:
            raise UnreadableFileError("png-text-bomb", f"byte {start}")

    def _read_packed(self, name: bytes, start: int, length: int) -> Iterator[bytes]:
        """Yield the compressed part of a text in pieces: what stands behind its keyword and, in iTXt, its language."""
        first = take_bytes(self._window, start, min(length, CHUNK))
        rest = first.partition(b"\0")[2]
        if name == b"iTXt":
            if rest[:1] != b"\1":
                return
            rest = rest[1:].split(b"\0", 2)[-1]
        yield rest if name == b"iTXt" else rest[1:]
        for position in range(start + len(first), start + length, CHUNK):
            yield take_bytes(self._window, position, min(CHUNK, start + length - position))
