"""The compressed streams of a PDF: objects that are kept in them, and bombs (ISO 32000-1, 7.3.8, 7.5.7)."""

import re
import struct
import zlib
from collections.abc import Iterator

from processor.judge.documents.png import MAX_PIXELS
from processor.judge.refusal import RefusedError

STREAM = re.compile(rb"(?<!end)stream\r?\n")
OBJECT_STREAM = re.compile(rb"/Type\s*/ObjStm\b")
WIDTH = re.compile(rb"/Width\s+(\d{1,10})\b")
HEIGHT = re.compile(rb"/Height\s+(\d{1,10})\b")
JBIG2_PAGE = b"\x30"
UNKNOWN_HEIGHT = 0xFFFFFFFF
MAX_DICTIONARY = 4096
"""Bytes before a stream in which its dictionary is looked for."""

MAX_STREAMS = 50_000
MAX_OBJECTS = 16 * 1024 * 1024
"""Bytes that all object streams may inflate to."""
LARGE = 32 * 1024 * 1024
MAX_RATIO = 200
"""A stream above LARGE that inflates to more than this many times its size is a bomb."""
MAX_INFLATED = 96 * 1024 * 1024
"""Bytes that are inflated to look for bombs; a document of more is taken as far as it was looked at."""
CHUNK = 1024 * 1024


def objects(data: bytes) -> bytes:
    """Return the text of all objects that are kept in object streams. Raises RefusedError beyond MAX_OBJECTS."""
    found, left = [], MAX_OBJECTS
    for start, dictionary in _streams(data):
        if not (_is_deflated(dictionary) and OBJECT_STREAM.search(dictionary)):
            continue
        text = _inflated(data[start : _end(data, start)], left + 1)
        left -= len(text)
        if left < 0:
            raise RefusedError("pdf-object-bomb", f"byte {start}")
        found.append(text)
    return b"\n".join(found)


def check_bombs(data: bytes) -> None:
    """Inflate the streams as far as the budget goes. Raises RefusedError where one grows out of all proportion."""
    left = MAX_INFLATED
    for start, dictionary in _streams(data):
        if _pixels(data, start, dictionary) > MAX_PIXELS:
            raise RefusedError("image-too-many-pixels", f"byte {start}")
        if left <= 0 or not _is_deflated(dictionary):
            continue
        piece = data[start : _end(data, start)]
        size = _size(piece, left)
        left -= size
        if size > LARGE and size > MAX_RATIO * len(piece):
            raise RefusedError("pdf-stream-bomb", f"byte {start}")


def _streams(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield where each stream starts, and its dictionary."""
    for number, found in enumerate(STREAM.finditer(data)):
        if number > MAX_STREAMS:
            raise RefusedError("pdf-object-bomb", f"byte {found.start()}")
        before = data[max(found.start() - MAX_DICTIONARY, 0) : found.start()]
        yield found.end(), before[max(before.rfind(b" obj"), before.rfind(b"endstream"), 0) :]


def _is_deflated(dictionary: bytes) -> bool:
    return b"FlateDecode" in dictionary


def _pixels(data: bytes, start: int, dictionary: bytes) -> int:
    """Return the pixels that an image claims: in its dictionary, or in the page information of JBIG2 (T.88 7.4.8)."""
    if b"JBIG2Decode" in dictionary and data[start + 4 : start + 5] == JBIG2_PAGE:
        width, height = struct.unpack_from(">II", data[start + 11 : start + 19].ljust(8, b"\0"))
        return int(width * height) if height != UNKNOWN_HEIGHT else 0
    sizes = [WIDTH.search(dictionary), HEIGHT.search(dictionary)]
    return int(sizes[0][1]) * int(sizes[1][1]) if sizes[0] and sizes[1] else 0


def _end(data: bytes, start: int) -> int:
    end = data.find(b"endstream", start)
    return end if end >= 0 else len(data)


def _inflated(piece: bytes, most: int) -> bytes:
    try:
        return zlib.decompressobj().decompress(piece, most)
    except zlib.error:
        return b""


def _size(piece: bytes, most: int) -> int:
    """Return what a stream inflates to, as far as it can be inflated, and at most a little more than `most`."""
    inflater, size, waiting = zlib.decompressobj(), 0, piece
    try:
        while waiting and size <= most and not inflater.eof:
            size += len(inflater.decompress(waiting, CHUNK))
            waiting = inflater.unconsumed_tail
    except zlib.error:
        return size
    return size
