"""The central directory of a ZIP archive, through ranged reads (APPNOTE.TXT 4.3.12 to 4.3.16, 4.5.3)."""

import re
import struct
from typing import Any, NamedTuple

from processor.judge.documents.parts import FILLING
from processor.judge.inspection.errors import UnreadableFileError
from processor.judge.inspection.findings import Findings
from processor.judge.inspection.window import Window

MAX_ENTRIES = 50_000
MAX_DIRECTORY = 16 * 1024 * 1024

END = struct.Struct("<4s4H2LH")
END_MARK = b"PK\5\6"
LONGEST_COMMENT = 0xFFFF
LOCATOR = struct.Struct("<4sLQL")
LOCATOR_MARK = b"PK\6\7"
END_64 = struct.Struct("<4sQ2H2L4Q")
END_64_MARK = b"PK\6\6"
LISTED = struct.Struct("<4s6H3L5H2L")
LISTED_MARK = b"PK\1\2"
ZIP_64_FIELD = 1
FULL_16, FULL_32 = 0xFFFF, 0xFFFFFFFF
"""What stands in a field whose value is in the ZIP64 record instead."""

UTF_8_FLAG = 0x800


class Listed(NamedTuple):
    """One entry, as the central directory lists it."""

    name: str
    made_by: int
    """Host system: 3 is Unix."""
    flags: int
    method: int
    crc32: int
    compressed_size: int
    size: int
    header_offset: int
    attributes: int
    """External file attributes; a Unix mode stands in the upper half."""
    raw_name: bytes

    @property
    def is_directory(self) -> bool:
        return self.size == 0 and self.name.endswith(("/", "\\"))


class Directory(NamedTuple):
    """The whole directory, and where it starts."""

    listed: list[Listed]
    start: int


class _End(NamedTuple):
    entries: int
    size: int
    start: int
    position: int
    """Of the first record behind the directory."""


def read(window: Window, findings: Findings) -> Directory:
    """Return the directory. Raises UnreadableFileError where it is missing, damaged or beyond a budget."""
    end = _find_end(window, findings)
    if end.entries > MAX_ENTRIES:
        raise UnreadableFileError("archive-too-many-entries")
    if end.size > MAX_DIRECTORY:
        raise UnreadableFileError("archive-directory-too-large")
    if end.start + end.size != end.position:
        raise UnreadableFileError("archive-directory-damaged", f"byte {end.position}")
    window.show(end.start, end.size)
    at = end.start - window.origin
    return Directory(_list_entries(window.buffer[at : at + end.size], end), end.start)


def _find_end(window: Window, findings: Findings) -> _End:
    """Find the end record by its comment, which must fill the rest of the file, but for filling: exactly one may."""
    position = max(window.size - END.size - LONGEST_COMMENT, 0)
    window.show(position, window.size - position)
    tail = window.buffer[position - window.origin :]
    # A crafted comment may hold thousands of marks; the last ones are enough to tell.
    marks = [found.start() for found in re.finditer(END_MARK, tail)][-64:]
    places = [at for at in marks if at + END.size <= len(tail)]
    ends = {at: at + END.size + END.unpack_from(tail, at)[7] for at in places}
    fitting = [at for at, end in ends.items() if end == len(tail)]
    if not fitting:
        fitting = [at for at, end in ends.items() if end < len(tail) and not tail[end:].strip(FILLING)]
        if fitting:
            findings.add("document-trailing-bytes", f"byte {position + ends[fitting[0]]}")
    if len(fitting) > 1:
        raise UnreadableFileError("archive-ambiguous", f"byte {position + fitting[0]}")
    if not fitting:
        raise UnreadableFileError("archive-trailing-bytes" if places else "archive-directory-missing")
    return _resolve_end(window, position + fitting[0], END.unpack_from(tail, fitting[0]))


def _resolve_end(window: Window, position: int, fields: tuple[int, ...]) -> _End:
    _, disk, start_disk, on_disk, entries, size, start, _ = fields
    full = FULL_16 in {disk, start_disk, on_disk, entries} or FULL_32 in {size, start}
    # Info-ZIP writes the larger record into a pipe whatever the values: then it stands behind the directory.
    if full or start + size != position:
        located = _find_zip_64_end(window, position)
        if located is not None:
            # Where both records give a value they must agree, or two programs would see different files.
            wide = (located.entries, located.size, located.start)
            for value, larger, most in zip((entries, size, start), wide, (FULL_16, FULL_32, FULL_32), strict=True):
                if value not in {most, larger}:
                    raise UnreadableFileError("archive-ambiguous", f"byte {located.position}")
            return located
    if disk or start_disk or on_disk != entries:
        raise UnreadableFileError("archive-split", f"byte {position}")
    return _End(entries, size, start, position)


def _find_zip_64_end(window: Window, position: int) -> _End | None:
    """Return what the ZIP64 end record says, or None where there is none: 65,535 entries need none."""
    locator = _unpack_at(window, position - LOCATOR.size, LOCATOR)
    if locator is None or locator[0] != LOCATOR_MARK:
        return None
    record = _unpack_at(window, locator[2], END_64)
    if record is None or record[0] != END_64_MARK:
        raise UnreadableFileError("archive-directory-damaged", f"byte {position}")
    _, length, _, _, disk, start_disk, on_disk, entries, size, start = record
    if disk or start_disk or on_disk != entries or locator[3] > 1:
        raise UnreadableFileError("archive-split", f"byte {position}")
    if locator[2] + 12 + length != position - LOCATOR.size:
        raise UnreadableFileError("archive-directory-damaged", f"byte {locator[2]}")
    return _End(entries, size, start, locator[2])


def _unpack_at(window: Window, position: int, layout: struct.Struct) -> tuple[Any, ...] | None:
    if position < 0 or window.show(position, layout.size) < layout.size:
        return None
    return layout.unpack_from(window.buffer, position - window.origin)


def _list_entries(directory: bytes, end: _End) -> list[Listed]:
    listed, at = [], 0
    for _ in range(end.entries):
        if at + LISTED.size > len(directory) or not directory.startswith(LISTED_MARK, at):
            raise UnreadableFileError("archive-directory-damaged", f"byte {end.start + at}")
        fields = LISTED.unpack_from(directory, at)
        name_end = at + LISTED.size + fields[10]
        following = name_end + fields[11] + fields[12]
        if following > len(directory):
            raise UnreadableFileError("archive-directory-damaged", f"byte {end.start + at}")
        raw_name = directory[at + LISTED.size : name_end]
        listed.append(_parse_entry(fields, raw_name, directory[name_end : name_end + fields[11]], end.start + at))
        at = following
    if at != len(directory):
        raise UnreadableFileError("archive-directory-damaged", f"byte {end.start + at}")
    return listed


def _parse_entry(fields: tuple[int, ...], raw_name: bytes, extra: bytes, position: int) -> Listed:
    _, version, _, flags, method, _, _, crc32, compressed, size, _, _, _, disk, _, attributes, offset = fields
    if FULL_32 in {compressed, size, offset}:
        size, compressed, offset = _widen_fields(extra, size, compressed, offset, position)
    if disk not in {0, FULL_16}:
        raise UnreadableFileError("archive-split", f"byte {position}")
    name = raw_name.decode("utf-8" if flags & UTF_8_FLAG else "cp437", "replace")
    return Listed(name, version >> 8, flags, method, crc32, compressed, size, offset, attributes, raw_name)


def _widen_fields(extra: bytes, size: int, compressed: int, offset: int, position: int) -> tuple[int, int, int]:
    """Replace the fields that are full by the ZIP64 field's, which holds only those, in this order (4.5.3)."""
    field = _find_field(extra, ZIP_64_FIELD)
    values = iter(struct.unpack(f"<{len(field) // 8}Q", field[: len(field) // 8 * 8]))
    wide = [next(values, None) if value == FULL_32 else value for value in (size, compressed, offset)]
    if None in wide:
        raise UnreadableFileError("archive-directory-damaged", f"byte {position}")
    return wide[0] or 0, wide[1] or 0, wide[2] or 0


def _find_field(extra: bytes, identifier: int) -> bytes:
    at = 0
    while at + 4 <= len(extra):
        found, length = struct.unpack_from("<2H", extra, at)
        if found == identifier:
            return extra[at + 4 : at + 4 + length]
        at += 4 + length
    return b""


STORED, DEFLATED = 0, 8
DESCRIPTOR = 0x0008
