"""The compressed streams of a PDF: objects that are kept in them, and bombs (ISO 32000-1, 7.3.8, 7.5.7)."""

import re
import struct
import zlib
from collections.abc import Iterator

from processor.judge.documents.png import MAX_PIXELS
from processor.judge.refusal import RefusedError

STREAM = re.compile(rb"(?<!end)stream\r?\n")
OBJECT_STREAM = re.compile(rb"/Type\s*/ObjStm\b")
FIRST = re.compile(rb"/First\s+(\d{1,10})\b")
NUMBER = re.compile(rb"\d{1,10}")
WIDTH = re.compile(rb"/Width\s+(\d{1,10})\b")
HEIGHT = re.compile(rb"/Height\s+(\d{1,10})\b")
JBIG2_PAGE = b"\x30"
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


def objects(data: bytes) -> tuple[bytes, Places]:
    """Return the text of all objects that are kept in object streams, and where in it each object stands.

    Raises RefusedError beyond MAX_OBJECTS.
    """
    found, places, length = [], Places(), 0
    for start, end, dictionary in _streams(data):
        if not OBJECT_STREAM.search(dictionary):
            continue
        content = bytearray()
        for piece in _content(data, start, end, dictionary):
            content += piece
            if length + len(content) > MAX_OBJECTS:
                raise RefusedError("pdf-object-bomb", f"byte {start}")
        places |= {number: (length + at, length + to) for number, at, to in _numbered(content, dictionary)}
        found.append(bytes(content) + b"\n")
        length += len(found[-1])
    return b"".join(found), places


def _content(data: bytes, start: int, end: int, dictionary: bytes) -> Iterator[bytes]:
    if _is_deflated(dictionary):
        yield from (piece for piece, _ in _inflated(data, start, end))
    elif b"/Filter" not in dictionary:
        yield data[start:end]


def _numbered(content: bytearray, dictionary: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield each object's number, start and end, as the pairs in front of the first say (ISO 32000-1, 7.5.7)."""
    first = FIRST.search(dictionary)
    if first is None:
        return
    start = int(first[1])
    pairs = [int(number) for number in NUMBER.findall(bytes(content[:start]))]
    starts = [start + offset for offset in pairs[1::2]]
    yield from zip(pairs[::2], starts, [*starts[1:], len(content)], strict=False)


def check_bombs(data: bytes) -> None:
    """Inflate the streams as far as the budget goes. Raises RefusedError where one grows out of all proportion."""
    left = MAX_INFLATED
    for start, end, dictionary in _streams(data):
        if _pixels(data, start, dictionary) > MAX_PIXELS:
            raise RefusedError("image-too-many-pixels", f"byte {start}")
        if left > 0 and _is_deflated(dictionary):
            left -= _checked_size(data, start, end, left)


def _checked_size(data: bytes, start: int, end: int, most: int) -> int:
    """Return what a stream inflates to, at most about `most`. Raises RefusedError where it is a bomb."""
    size = 0
    for piece, taken in _inflated(data, start, end):
        size += len(piece)
        if size > LARGE and size > MAX_RATIO * taken:
            raise RefusedError("pdf-stream-bomb", f"byte {start}")
        if size > most:
            break
    return size


def _streams(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Yield where each stream starts and ends, and its dictionary."""
    end = 0
    for number, found in enumerate(STREAM.finditer(data)):
        if number > MAX_STREAMS:
            raise RefusedError("pdf-object-bomb", f"byte {found.start()}")
        start = found.end()
        # The end is looked for once, however many streams claim to start before it.
        if end < start:
            end = data.find(b"endstream", start)
            end = end if end >= 0 else len(data)
        before = data[max(found.start() - MAX_DICTIONARY, 0) : found.start()]
        yield start, end, before[max(before.rfind(b" obj"), before.rfind(b"endstream"), 0) :]


def _is_deflated(dictionary: bytes) -> bool:
    return b"FlateDecode" in dictionary


def _pixels(data: bytes, start: int, dictionary: bytes) -> int:
    """Return the pixels that an image claims: in its dictionary, or in the page information of JBIG2 (T.88 7.4.8)."""
    if b"JBIG2Decode" in dictionary and data[start + 4 : start + 5] == JBIG2_PAGE:
        width, height = struct.unpack_from(">II", data[start + 11 : start + 19].ljust(8, b"\0"))
        return int(width * height) if height != UNKNOWN_HEIGHT else 0
    sizes = [WIDTH.search(dictionary), HEIGHT.search(dictionary)]
    return int(sizes[0][1]) * int(sizes[1][1]) if sizes[0] and sizes[1] else 0


def _inflated(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, int]]:
    """Yield what a stream inflates to, as far as it can be inflated, and the bytes that were taken for it."""
    inflater = zlib.decompressobj()
    for position in range(start, end, CHUNK_IN):
        waiting = data[position : min(position + CHUNK_IN, end)]
        while waiting and not inflater.eof:
            try:
                piece = inflater.decompress(waiting, CHUNK)
            except zlib.error:
                return
            waiting = inflater.unconsumed_tail
            yield piece, position + CHUNK_IN - len(waiting) - start
        if inflater.eof:
            return
