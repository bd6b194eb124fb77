"""The entries of a ZIP archive: their local headers and their content, inflated within declared limits."""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from intake.dicom.streams import FIRST_READ, ByteSource
from intake.errors import ObjectChangedError, ScalperError
from processor.judge.documents import parts
from processor.judge.documents.zip.directory import DEFLATED, DESCRIPTOR, FULL_32, Directory, Listed
from processor.judge.inspection.errors import UnreadableFileError
from processor.judge.inspection.findings import Findings
from processor.judge.inspection.window import Window

LOCAL = struct.Struct("<4s5H3L2H")
LOCAL_MARK = b"PK\3\4"
LONGEST_TRY = 8 * 1024 * 1024
"""Bytes that the entries of a small archive may inflate to, together, to be tried by the judge."""
FEW = 3
"""Entries of a larger archive whose local headers are looked at."""
CHUNK = 4 * 1024 * 1024
"""Bytes that are read and handed out at a time."""
ROOM = 1024
"""Bytes for a local header's extra fields that are read along with the content."""


class EntryDamagedError(ScalperError):
    """Raised when an entry cannot be inflated to what the directory declares; nothing of it is to be trusted."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One file in an archive."""

    index: int
    """Its place in the central directory."""
    name: str
    """Its path in the archive, with forward slashes. May hold a patient's name."""
    method: int
    """0 stored, 8 deflated."""
    compressed_size: int
    size: int
    """In bytes, as declared; `inflate` holds the content to it."""
    crc32: int
    header_offset: int
    raw_name: bytes = b""
    """Its name as the directory has it, which the local header must have too."""


class AtHand:
    """A window as a byte source, so that the judge inflates as the expansion does."""

    def __init__(self, window: Window) -> None:
        self.size = window.size
        self._window = window

    def read(self, start: int, length: int) -> bytes:
        there = min(self._window.show(start, length), length)
        at = start - self._window.origin
        return self._window.buffer[at : at + there] if there else b""


def check(window: Window, directory: Directory, findings: Findings) -> None:
    """Look at the entries of an archive that is at hand as a whole, and at the first ones of a larger one."""
    source = AtHand(window)
    small = window.size <= FIRST_READ and sum(listed.size for listed in directory.listed) <= LONGEST_TRY
    for index, listed in enumerate(directory.listed if small else directory.listed[:FEW]):
        try:
            _check_header(source, listed)
            if small:
                for _ in read_content(source, listed, FIRST_READ):
                    pass
        except UnreadableFileError as refusal:
            findings.add(refusal.code, f"entry {index + 1}")
            return


def _check_header(source: ByteSource, listed: Listed) -> None:
    """Hold the local header against the directory: where they differ, two programs see two files."""
    head = source.read(listed.header_offset, LOCAL.size + len(listed.raw_name))
    if len(head) < LOCAL.size or not head.startswith(LOCAL_MARK):
        raise UnreadableFileError("archive-local-header-differs")
    _, _, flags, method, _, _, crc32, compressed, size, name_length, _ = LOCAL.unpack_from(head)
    described = (method, flags & 1, head[LOCAL.size : LOCAL.size + name_length])
    differs = described != (listed.method, listed.flags & 1, listed.raw_name)
    if not flags & DESCRIPTOR and FULL_32 not in {compressed, size}:
        differs |= (crc32, compressed, size) != (listed.crc32, listed.compressed_size, listed.size)
    if differs:
        raise UnreadableFileError("archive-local-header-differs")


def inflate(source: ByteSource, entry: Entry, chunk: int = CHUNK) -> Iterator[bytes]:
    """Yield an entry's content in pieces of at most `chunk` bytes; nothing is final before the last piece is out.

    Raises EntryDamagedError, and what `source.read` raises.
    """
    try:
        yield from read_content(source, entry, chunk)
    except UnreadableFileError as refusal:
        raise EntryDamagedError(refusal.code) from None


def read_content(source: ByteSource, entry: Entry | Listed, chunk: int) -> Iterator[bytes]:
    """Yield an entry's content in pieces of at most `chunk` bytes. Raises UnreadableFileError unless it is as told."""
    size = crc32 = 0
    pieces = _read_compressed(source, entry, chunk)
    for piece in _inflate(pieces, chunk) if entry.method == DEFLATED else pieces:
        size += len(piece)
        crc32 = zlib.crc32(piece, crc32)
        if size > entry.size:
            raise UnreadableFileError("archive-entry-damaged")
        yield piece
    if size != entry.size or crc32 != entry.crc32:
        raise UnreadableFileError("archive-entry-damaged")


def _read_compressed(source: ByteSource, entry: Entry | Listed, chunk: int) -> Iterator[bytes]:
    """Yield the bytes as they stand in the archive; the local header comes with the first of them."""
    head = source.read(entry.header_offset, max(min(LOCAL.size + ROOM + entry.compressed_size, chunk), LOCAL.size))
    if len(head) < LOCAL.size or not head.startswith(LOCAL_MARK):
        raise UnreadableFileError("archive-local-header-differs")
    name_length, extra_length = LOCAL.unpack_from(head)[9:]
    if head[LOCAL.size : LOCAL.size + name_length] != entry.raw_name[: len(head) - LOCAL.size]:
        raise UnreadableFileError("archive-local-header-differs")
    start = LOCAL.size + name_length + extra_length
    left = entry.compressed_size
    if left and len(head) > start:
        yield head[start : start + left]
        left -= min(len(head) - start, left)
    position = entry.header_offset + max(len(head), start)
    if position + left > source.size:
        raise UnreadableFileError("archive-local-header-differs")
    while left:
        piece = source.read(position, min(left, chunk))
        if len(piece) < min(left, chunk):
            raise ObjectChangedError("the archive is shorter than its size")
        yield piece
        position += len(piece)
        left -= len(piece)


def _inflate(pieces: Iterator[bytes], chunk: int) -> Iterator[bytes]:
    inflater = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
    for piece in pieces:
        if inflater.eof:
            raise UnreadableFileError("archive-entry-damaged")
        yield from parts.inflate(inflater, piece, chunk, "archive-entry-damaged")
    if not inflater.eof or inflater.unused_data:
        raise UnreadableFileError("archive-entry-damaged")
