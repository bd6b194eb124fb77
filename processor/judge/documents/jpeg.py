"""JPEG images: markers from the first to the last, without decoding (ITU-T T.81, Annex B)."""

import re

from intake.record import Metadata
from processor.judge.documents import endings
from processor.judge.documents.png import MAX_PIXELS
from processor.judge.documents.whole import MAX_WHOLE, part
from processor.judge.findings import Findings
from processor.judge.refusal import RefusedError
from processor.judge.window import Window

START_OF_FRAME = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
START_OF_SCAN, END_OF_IMAGE, EXIF = 0xDA, 0xD9, 0xE1
ALONE = frozenset({0x01, *range(0xD0, 0xD9)})
"""Markers without a segment: TEM, restarts, start of image."""
MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
"""The next marker behind filling or entropy-coded data, in which 0x00 stuffs 0xFF and restarts may stand (B.1.1.5)."""
PROCESSES = {0xC0: "baseline", 0xC1: "extended", 0xC2: "progressive", 0xC3: "lossless"}
MAX_SEGMENTS = 10_000
TAIL = 64 * 1024


def read(window: Window, findings: Findings, metadata: Metadata) -> None:
    """Judge an image by its markers. See `readers.Reader`."""
    walk = _Walk(window, findings, metadata)
    endings.check(window, walk.run(), findings)


class _Walk:
    """The walk over the markers of the file's first MAX_WHOLE bytes; a larger file's end is looked for in its tail."""

    def __init__(self, window: Window, findings: Findings, metadata: Metadata) -> None:
        self._window = window
        self._findings = findings
        self._metadata = metadata
        self._data = part(window, 0, min(window.size, MAX_WHOLE))
        self._scans = 0

    def run(self) -> int:
        """Return where the image ends. Raises RefusedError where it cannot be read."""
        position = 2
        for _ in range(MAX_SEGMENTS):
            found = MARKER.search(self._data, position)
            if found is None:
                return self._end_in_tail()
            if not self._scans and self._data[position : found.start()].strip(b"\xff"):
                self._findings.add("jpeg-stray-bytes", f"byte {position}")
            marker = found.group()[-1]
            if marker == END_OF_IMAGE:
                self._check_complete(found.start())
                return found.end()
            position = found.end() if marker in ALONE else self._segment(marker, found.end())
        raise RefusedError("image-too-many-parts", f"byte {position}")

    def _segment(self, marker: int, start: int) -> int:
        """Look at one segment, and return where it ends."""
        length = int.from_bytes(self._data[start : start + 2], "big")
        if start + max(length, 2) > self._window.size:
            raise RefusedError("jpeg-truncated", f"byte {start}")
        if length < 2:
            raise RefusedError("jpeg-structure-invalid", f"byte {start}")
        content = self._data[start + 2 : start + length]
        if marker in START_OF_FRAME and "rows" not in self._metadata:
            self._frame(marker, content, start)
        elif marker == START_OF_SCAN:
            self._scan(start)
        elif marker == EXIF and content.startswith(b"Exif\0") and content[6:10] not in {b"II*\0", b"MM\0*"}:
            self._findings.add("exif-damaged", f"byte {start}")
        return start + length

    def _frame(self, marker: int, content: bytes, start: int) -> None:
        rows, columns = int.from_bytes(content[1:3], "big"), int.from_bytes(content[3:5], "big")
        if len(content) < 6 or not rows or not columns or not content[5]:
            raise RefusedError("image-description-impossible", f"byte {start}")
        if rows * columns > MAX_PIXELS:
            raise RefusedError("image-too-many-pixels", f"byte {start}")
        self._metadata |= {
            "columns": columns,
            "rows": rows,
            "bits_per_sample": content[0],
            "samples_per_pixel": content[5],
            "process": PROCESSES.get(marker, "other"),
        }

    def _scan(self, start: int) -> None:
        if "rows" not in self._metadata:
            raise RefusedError("jpeg-structure-invalid", f"byte {start}")
        self._scans += 1

    def _check_complete(self, position: int) -> None:
        if not self._scans:
            raise RefusedError("image-data-missing", f"byte {position}")

    def _end_in_tail(self) -> int:
        """Return where the image ends that is too large to be walked to its end."""
        size = self._window.size
        if size > len(self._data):
            start = max(size - TAIL, 0)
            at = part(self._window, start, TAIL).rfind(b"\xff\xd9")
            if at >= 0:
                self._check_complete(start)
                return start + at + 2
        raise RefusedError("jpeg-truncated", f"byte {size}")
