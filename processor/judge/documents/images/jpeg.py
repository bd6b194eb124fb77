"""JPEG images: markers from the first to the last, without decoding (ITU-T T.81, Annex B)."""

import re

from intake.dicom.streams import take_bytes
from intake.files.model import Metadata
from processor.judge.documents import parts
from processor.judge.documents.images.png import MAX_PIXELS
from processor.judge.inspection.errors import UnreadableFileError
from processor.judge.inspection.findings import Findings
from processor.judge.inspection.window import Window

START_OF_FRAME = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
START_OF_SCAN, END_OF_IMAGE, EXIF = 0xDA, 0xD9, 0xE1
ALONE = frozenset({0x01, *range(0xD0, 0xD9)})
"""Markers without a segment: TEM, restarts, start of image."""
MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
"""The next marker behind filling or entropy-coded data, in which 0x00 stuffs 0xFF and restarts may stand (B.1.1.5)."""
PROCESSES = {0xC0: "baseline", 0xC1: "extended", 0xC2: "progressive", 0xC3: "lossless"}
MAX_SEGMENTS = 10_000
TAIL = 64 * 1024
CHUNK = 256 * 1024
"""Bytes in which the next marker is looked for at a time."""


def read(window: Window, findings: Findings, metadata: Metadata) -> None:
    """Judge an image by its markers. See `judge.Reader`."""
    walk = _Walk(window, findings, metadata)
    parts.check_end(window, walk.run(), findings)


class _Walk:
    """The walk over the markers. What is larger than is affordable is walked as far as that, and told to be."""

    def __init__(self, window: Window, findings: Findings, metadata: Metadata) -> None:
        window.stream()
        self._window = window
        self._findings = findings
        self._metadata = metadata
        self._scans = 0

    def run(self) -> int:
        """Return where the image ends. Raises UnreadableFileError where it cannot be read."""
        position = 2
        for _ in range(MAX_SEGMENTS):
            start = self._find_marker(position)
            if start is None:
                return self._end_in_tail(position)
            marker = take_bytes(self._window, start + 1, 1)[0]
            if marker == END_OF_IMAGE:
                self._check_complete(start)
                return start + 2
            position = start + 2 if marker in ALONE else self._pass_segment(marker, start + 2)
        raise UnreadableFileError("image-too-many-parts", f"byte {position}")

    def _find_marker(self, position: int) -> int | None:
        """Return where the next marker stands; None where there is none, or looking on would cost too much."""
        if position + 1 < self._window.size and not self._window.affords(CHUNK):
            return None
        before, at = position, position
        while (there := self._window.show(at, min(CHUNK, max(self._window.size - at, 0)))) >= 2:
            offset = at - self._window.origin
            found = MARKER.search(self._window.buffer, offset)
            end = found.start() if found else offset + there - 1
            if not self._scans and self._window.buffer[offset:end].strip(b"\xff"):
                self._findings.add("jpeg-stray-bytes", f"byte {before}")
            if found:
                return self._window.origin + end
            at = self._window.origin + end
            if not self._window.affords(CHUNK):
                return None
        return None

    def _pass_segment(self, marker: int, start: int) -> int:
        """Look at one segment, and return where it ends."""
        length = int.from_bytes(take_bytes(self._window, start, 2), "big")
        if start + max(length, 2) > self._window.size:
            raise UnreadableFileError("jpeg-truncated", f"byte {start}")
        if length < 2:
            raise UnreadableFileError("jpeg-structure-invalid", f"byte {start}")
        content = take_bytes(self._window, start + 2, length - 2)
        if marker in START_OF_FRAME and "rows" not in self._metadata:
            self._describe_frame(marker, content, start)
        elif marker == START_OF_SCAN:
            if "rows" not in self._metadata:
                raise UnreadableFileError("jpeg-structure-invalid", f"byte {start}")
            self._scans += 1
        elif marker == EXIF and content.startswith(b"Exif\0") and content[6:10] not in {b"II*\0", b"MM\0*"}:
            self._findings.add("exif-damaged", f"byte {start}")
        return start + length

    def _describe_frame(self, marker: int, content: bytes, start: int) -> None:
        rows, columns = int.from_bytes(content[1:3], "big"), int.from_bytes(content[3:5], "big")
        if len(content) < 6 or not rows or not columns or not content[5]:
            raise UnreadableFileError("image-description-impossible", f"byte {start}")
        if rows * columns > MAX_PIXELS:
            raise UnreadableFileError("image-too-many-pixels", f"byte {start}")
        self._metadata |= {
            "columns": columns,
            "rows": rows,
            "bits_per_sample": content[0],
            "samples_per_pixel": content[5],
            "process": PROCESSES.get(marker, "other"),
        }

    def _check_complete(self, position: int) -> None:
        if not self._scans:
            raise UnreadableFileError("image-data-missing", f"byte {position}")

    def _end_in_tail(self, position: int) -> int:
        """Return where an image ends of which the rest, from about `position` on, was too large to be walked over."""
        size = self._window.size
        if not self._window.affords(CHUNK):
            self._findings.add("image-unchecked", f"byte {position}")
            start = max(size - TAIL, position)
            at = take_bytes(self._window, start, TAIL).rfind(b"\xff\xd9")
            if at >= 0:
                self._check_complete(start)
                return start + at + 2
        raise UnreadableFileError("jpeg-truncated", f"byte {size}")
