"""ZIP archives: judged by their directory, listed for expansion, and inflated entry by entry (APPNOTE.TXT 6.3.10)."""

from collections.abc import Iterator
from dataclasses import dataclass

from intake.dicom.streams import ByteSource
from intake.errors import ScalperError
from intake.files.model import Finding, Metadata, Severity
from processor.judge.documents.zip import directory as zip_directory
from processor.judge.documents.zip import entries as zip_entries
from processor.judge.documents.zip import rules
from processor.judge.documents.zip.directory import Directory, Listed
from processor.judge.inspection.errors import UnreadableFileError
from processor.judge.inspection.findings import Findings
from processor.judge.inspection.window import Window
from processor.judge.rules.catalogue import RULES

CHUNK = 4 * 1024 * 1024
"""Bytes that are read and handed out at a time."""

NOTHING_ACCEPTED, SOME_REJECTED = "archive-nothing-accepted", "archive-entries-rejected"
"""Found when its entries have their verdicts."""

LITTER_FOLDERS = frozenset({"__macosx"})
LITTER = frozenset({".ds_store", "thumbs.db", "desktop.ini"})
"""What operating systems leave behind in folders, in lower case."""


class ArchiveError(ScalperError):
    """Raised when an archive is one that the judge rejects; `code` is the finding's."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


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


_SAME = tuple(key for key in Entry.__slots__ if key not in {"index", "name"})
"""What an entry has as the directory lists it."""


def read(window: Window, findings: Findings, metadata: Metadata) -> None:
    """Judge an archive by its directory and, where they are at hand, its entries. See `readers.Reader`."""
    directory = zip_directory.read(window, findings)
    files = _list_files(directory)
    metadata |= {"entries": len(files), "total_size": sum(listed.size for _, listed in files)}
    rules.check(directory, [listed for _, listed in files], window.size, findings)
    if not any(found.severity is Severity.REJECT for found in findings.list_all()):
        zip_entries.check(window, directory, findings)


def list_entries(source: ByteSource) -> tuple[Entry, ...]:
    """Return the files of an archive: without folders and what operating systems leave in them.

    Raises ArchiveError where the judge rejects the archive, and what `source.read` raises.
    """
    window, findings = Window(source), Findings()
    try:
        directory = zip_directory.read(window, findings)
    except UnreadableFileError as refusal:
        raise ArchiveError(refusal.code) from None
    files = _list_files(directory)
    rules.check(directory, [listed for _, listed in files], window.size, findings)
    for found in findings.list_all():
        if found.severity is Severity.REJECT:
            raise ArchiveError(found.code)
    return tuple(
        Entry(index=index, name=listed.name.replace("\\", "/"), **{key: getattr(listed, key) for key in _SAME})
        for index, listed in files
    )


def find_fault(accepted: int, rejected: int, unjudged: int = 0) -> Finding | None:
    """Return what an archive's entries say of it, by how many there are of each.

    Those that nobody could judge so far say nothing: that is no fault of the archive's.
    """
    if not rejected:
        return None
    code = SOME_REJECTED if accepted or unjudged else NOTHING_ACCEPTED
    return RULES[code].finding(f"{rejected} of {accepted + rejected + unjudged} entries")


def inflate(source: ByteSource, entry: Entry, chunk: int = CHUNK) -> Iterator[bytes]:
    """Yield an entry's content in pieces of at most `chunk` bytes; nothing is final before the last piece is out.

    Raises EntryDamagedError, and what `source.read` raises.
    """
    try:
        yield from zip_entries.read_content(source, entry, chunk)
    except UnreadableFileError as refusal:
        raise EntryDamagedError(refusal.code) from None


def _list_files(directory: Directory) -> list[tuple[int, Listed]]:
    return [
        (index, listed)
        for index, listed in enumerate(directory.listed)
        if not listed.is_directory and not is_litter(listed.name)
    ]


def is_litter(name: str) -> bool:
    """Say whether a path is what an operating system left behind, and nobody meant to send."""
    *folders, last = name.replace("\\", "/").lower().split("/")
    return last in LITTER or last.startswith("._") or not LITTER_FOLDERS.isdisjoint(folders)
