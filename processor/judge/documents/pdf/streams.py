"""The compressed streams of a PDF: objects that are kept in them, and bombs (ISO 32000-1, 7.3.8, 7.5.7)."""

import re
import struct
import zlib
from collections.abc import Iterator

from processor.judge.documents.images.png import MAX_PIXELS
from processor.judge.inspection.errors import UnreadableFileError
from processor.judge.inspection.findings import Findings

STREAM = re.compile(rb"(?<!end)stream\r?\n")
OBJECT_STREAM = re.compile(rb"/Type\s*/ObjStm\b")
FIRST = re.compile(rb"/First\s+(\d{1,10})\b")
NUMBER = re.compile(rb"\d{1,10}")
WIDTH = re.compile(rb"/Width\s+(\d{1,10})\b")
HEIGHT = re.compile(rb"/Height\s+(\d{1,10})\b")
JBIG2_PAGE = b"\x30"
OTHER_FILTER = re.compile(rb"/(?:LZW|ASCII85|ASCIIHex|RunLength|CCITTFax|JBIG2|DCT|JPX|Crypt)")
ESCAPE = re.compile(rb"#([0-9A-Fa-f]{2})")
UNKNOWN_HEIGHT = 0xFFFFFFFF
MAX_DICTIONARY = 4096
"""Bytes before a stream in which its dictionary is looked for."""

MAX_STREAMS = 25_000
MAX_OBJECTS = 16 * 1024 * 1024
"""Bytes that all object streams may inflate to."""
LARGE = 64 * 1024 * 1024
MAX_RATIO = 200
"""A stream above LARGE that inflates to more than this many times its size is a bomb."""
MAX_INFLATED = 96 * 1024 * 1024
"""Bytes that are inflated to look for bombs; a document of more is taken as far as it was looked at."""
CHUNK = 1024 * 1024
CHUNK_IN = 64 * 1024


Places = dict[int, tuple[int, int]]
"""An object's number → where it starts and ends; of several with one number, the last one counts."""


def read_object_streams(data: bytes, findings: Findings) -> tuple[bytes, Places]:
    """Return the text of all objects that are kept in object streams, and where in it each object stands.

    Raises UnreadableFileError beyond MAX_OBJECTS, and for a stream that is packed in a way that is not looked into.
    """
    found, places, length = [], Places(), 0
    for start, end, dictionary in _find_streams(data):
        if not OBJECT_STREAM.search(dictionary):
            continue
        if OTHER_FILTER.search(dictionary) or dictionary.count(b"FlateDecode") > 1:
            raise UnreadableFileError("pdf-objects-hidden", f"byte {start}")
        left = MAX_OBJECTS - length
        if _is_deflated(dictionary):
            content = _inflate_content(_Stream(data, start, end), left, findings)
        elif end - start <= left:
            content = data[start:end]
        else:
            raise UnreadableFileError("pdf-object-bomb", f"byte {start}")
        places |= {number: (length + at, length + to) for number, at, to in _list_objects(content, dictionary)}
        found.append(content + b"\n")
        length += len(found[-1])
    return b"".join(found), places


def _inflate_content(stream: "_Stream", most: int, findings: Findings) -> bytes:
    """Return what an object stream inflates to. Raises UnreadableFileError where that is more than `most` bytes."""
    content = bytearray()
    for piece, _ in stream.inflate():
        content += piece
        if len(content) > most:
            raise UnreadableFileError("pdf-object-bomb", f"byte {stream.start}")
    if not stream.ended:
        findings.add("pdf-part-unchecked", f"byte {stream.start}")
    return bytes(content)


def _list_objects(content: bytes, dictionary: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield each object's number, start and end, as the pairs in front of the first say (ISO 32000-1, 7.5.7)."""
    first = FIRST.search(dictionary)
    if first is None:
        return
    start = int(first[1])
    pairs = [int(number) for number in NUMBER.findall(content[:start])]
    starts = [start + offset for offset in pairs[1::2]]
    yield from zip(pairs[::2], starts, [*starts[1:], len(content)], strict=False)


def check_bombs(data: bytes, findings: Findings) -> None:
    """Inflate the streams as far as the budget goes. Raises UnreadableFileError where one grows beyond measure."""
    left = MAX_INFLATED
    for start, end, dictionary in _find_streams(data):
        if _count_pixels(data, start, dictionary) > MAX_PIXELS:
            raise UnreadableFileError("image-too-many-pixels", f"byte {start}")
        if not _is_deflated(dictionary):
            continue
        size = 0
        for piece, taken in _Stream(data, start, end).inflate():
            size += len(piece)
            if size > LARGE and size > MAX_RATIO * taken:
                raise UnreadableFileError("pdf-stream-bomb", f"byte {start}")
            if size > left:
                findings.add("pdf-part-unchecked", f"byte {start}")
                return
        left -= size


def _find_streams(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Yield where each stream starts and ends, and its dictionary."""
    end = behind = 0
    for number, found in enumerate(STREAM.finditer(data)):
        if number > MAX_STREAMS:
            raise UnreadableFileError("pdf-object-bomb", f"byte {found.start()}")
        start = found.end()
        # The end is looked for once, however many streams claim to start before it.
        if end < start:
            end = data.find(b"endstream", start)
            end = end if end >= 0 else len(data)
        before = data[max(found.start() - MAX_DICTIONARY, behind) : found.start()]
        behind = start
        dictionary = before[max(before.rfind(b" obj"), before.rfind(b"endstream"), 0) :]
        # A name may be written with escapes (/Flate#44ecode), and means the same.
        yield start, end, ESCAPE.sub(unescape, dictionary) if b"#" in dictionary else dictionary


def unescape(found: re.Match[bytes]) -> bytes:
    """Return the character that an escape in a name stands for (7.3.5)."""
    return bytes([int(found[1], 16)])


def _is_deflated(dictionary: bytes) -> bool:
    return b"FlateDecode" in dictionary


def _count_pixels(data: bytes, start: int, dictionary: bytes) -> int:
    """Return the pixels that an image claims: in its dictionary, or in the page information of JBIG2 (T.88 7.4.8)."""
    if b"JBIG2Decode" in dictionary and data[start + 4 : start + 5] == JBIG2_PAGE:
        width, height = struct.unpack_from(">II", data[start + 11 : start + 19].ljust(8, b"\0"))
        return int(width * height) if height != UNKNOWN_HEIGHT else 0
    sizes = [WIDTH.search(dictionary), HEIGHT.search(dictionary)]
    return int(sizes[0][1]) * int(sizes[1][1]) if sizes[0] and sizes[1] else 0


class _Stream:
    """A deflated stream between two places of a document."""

    def __init__(self, data: bytes, start: int, end: int) -> None:
        self._data, self.start, self._end = data, start, end
        self._inflater = zlib.decompressobj()

    @property
    def ended(self) -> bool:
        """Whether the deflate data came to its end; else it is cut or damaged."""
        return self._inflater.eof

    def inflate(self) -> Iterator[tuple[bytes, int]]:
        """Yield what the stream inflates to, as far as it can be inflated, and the bytes that were taken for it."""
        # A million streams may begin in one document; what is none is not worth a copy of an inflater (RFC 1950 2.2).
        if int.from_bytes(self._data[self.start : self.start + 2], "big") % 31 or self.start + 2 > self._end:
            return
        for position in range(self.start, self._end, CHUNK_IN):
            waiting = self._data[position : min(position + CHUNK_IN, self._end)]
            while waiting and not self._inflater.eof:
                before = self._inflater.copy()
                try:
                    piece = self._inflater.decompress(waiting, CHUNK)
                except zlib.error:
                    self._inflater = before
                    yield from ((piece, position + CHUNK_IN - self.start) for piece in self._salvage(waiting))
                    return
                waiting = self._inflater.unconsumed_tail
                yield piece, position + CHUNK_IN - len(waiting) - self.start
            if self._inflater.eof:
                return

    def _salvage(self, data: bytes) -> Iterator[bytes]:
        """Yield what comes before the damage: other readers show it, and an error takes it with it otherwise."""
        while data:
            half = -(-len(data) // 2)
            trial = self._inflater.copy()
            try:
                yield trial.decompress(data[:half], CHUNK)
                self._inflater, data = trial, trial.unconsumed_tail + data[half:]
            except zlib.error:
                if half == len(data):
                    return
                data = data[:half]
