"""ZIP archives: judged by their directory, listed for expansion, and inflated entry by entry (APPNOTE.TXT 6.3.10)."""

import re
import stat
from collections.abc import Callable

from intake.dicom.streams import ByteSource
from intake.errors import ScalperError
from intake.files.model import Finding, Metadata, Severity
from processor.judge.documents.zip import directory as zip_directory
from processor.judge.documents.zip import entries as zip_entries
from processor.judge.documents.zip.directory import DEFLATED, DESCRIPTOR, STORED, Directory, Listed
from processor.judge.documents.zip.entries import Entry
from processor.judge.documents.zip.left_out import describe_left_out, find_left_out
from processor.judge.inspection.errors import UnreadableFileError
from processor.judge.inspection.findings import Findings
from processor.judge.inspection.window import Window
from processor.judge.rules.catalogue import RULES

NOTHING_ACCEPTED, SOME_REJECTED = "archive-nothing-accepted", "archive-entries-rejected"
"""Found when its entries have their verdicts."""

MAX_TOTAL = 100 * 1024**3
"""Bytes that all entries may inflate to."""

MAX_RATIO = 200
LARGE = 64 * 1024 * 1024
"""Above this many bytes, what inflates to more than MAX_RATIO times its size is a bomb; images reach 2 to 20."""
ENCRYPTED = 0x0001 | 0x0040 | 0x2000
"""Flags: encrypted, strongly encrypted, masked headers."""
UNIX = 3
LOCAL_HEADER = 30

DRIVE = re.compile(r"[A-Za-z]:")
ARCHIVES = (".zip", ".7z", ".rar", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".jar", ".iso", ".cab")
PACKAGES = frozenset({"[Content_Types].xml", "META-INF/MANIFEST.MF", "mimetype", "AndroidManifest.xml"})
"""Entries that only documents and programs have which happen to be ZIP archives."""
OFFICE = (("word/", "word"), ("xl/", "excel"), ("ppt/", "powerpoint"))
"""Folder within a package of Office Open XML → what it is (ECMA-376)."""
COMPRESSED_IMAGE = ".nii.gz"


class ArchiveError(ScalperError):
    """Raised when an archive is one that the judge rejects; `code` is the finding's."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def read(window: Window, findings: Findings, metadata: Metadata) -> None:
    """Judge an archive by its directory and, where they are at hand, its entries. See `judge.Reader`."""
    directory = zip_directory.read(window, findings)
    left_out = find_left_out(window, directory)
    files = _list_files(directory, left_out)
    metadata |= {"entries": len(files), "total_size": sum(listed.size for _, listed in files)}
    metadata |= describe_left_out(left_out)
    _check_directory(directory, [listed for _, listed in files], window.size, findings)
    if not any(found.severity is Severity.REJECT for found in findings.list_all()):
        zip_entries.check(window, directory, findings)


def list_entries(source: ByteSource, left_out: frozenset[int] = frozenset()) -> tuple[Entry, ...]:
    """Return the files of an archive: without folders, and without what its record says is `left_out`, by places.

    Raises ArchiveError where the judge rejects the archive, and what `source.read` raises.
    """
    window, findings = Window(source), Findings()
    try:
        directory = zip_directory.read(window, findings)
    except UnreadableFileError as refusal:
        raise ArchiveError(refusal.code) from None
    files = _list_files(directory, left_out)
    _check_directory(directory, [listed for _, listed in files], window.size, findings)
    for found in findings.list_all():
        if found.severity is Severity.REJECT:
            raise ArchiveError(found.code)
    return tuple(
        Entry(
            index,
            listed.name.replace("\\", "/"),
            listed.method,
            listed.compressed_size,
            listed.size,
            listed.crc32,
            listed.header_offset,
            listed.raw_name,
        )
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


def _list_files(directory: Directory, left_out: frozenset[int]) -> list[tuple[int, Listed]]:
    return [
        (index, listed)
        for index, listed in enumerate(directory.listed)
        if not listed.is_directory and index not in left_out
    ]


def _check_directory(directory: Directory, files: list[Listed], size: int, findings: Findings) -> None:
    """Hold the directory against the rules; `files` are its entries without folders and what is left out."""
    names = {listed.name for listed in files}
    if not PACKAGES.isdisjoint(names):
        package = (kind for folder, kind in OFFICE if any(name.startswith(folder) for name in names))
        findings.add("kind-unsupported", next(package, "office"))
    if not any(listed.size for listed in files):
        findings.add("archive-empty")
    _check_places(directory, findings)
    total = sum(listed.size for listed in directory.listed)
    if total > MAX_TOTAL:
        findings.add("archive-total-too-large")
    if total > LARGE and total > MAX_RATIO * size:
        findings.add("archive-bomb")
    paths: set[str] = set()
    for number, listed in enumerate(directory.listed, 1):
        for code, broken in ENTRY_RULES.items():
            if broken(listed):
                findings.add(code, f"entry {number}")
        path = listed.name.replace("\\", "/")
        if path in paths:
            findings.add("archive-duplicate-names", f"entry {number}")
        paths.add(path)
    nested = sum(is_archive_name(listed.name) for listed in files)
    if nested:
        findings.add("archive-nested" if nested == len(files) else "archive-holds-archive")


def _is_bomb(listed: Listed) -> bool:
    return listed.size > LARGE and listed.size > MAX_RATIO * listed.compressed_size


def _is_mis_stored(listed: Listed) -> bool:
    return listed.method == STORED and listed.size != listed.compressed_size and not listed.flags & ENCRYPTED


def _leads_outside(listed: Listed) -> bool:
    """Say whether a path leads out of the folder that it is unpacked to, on whatever system."""
    name = listed.name.replace("\\", "/")
    return name.startswith("/") or DRIVE.match(name) is not None or ".." in name.split("/") or "\0" in name


def _read_file_type(listed: Listed) -> int:
    return stat.S_IFMT(listed.attributes >> 16)


ENTRY_RULES: dict[str, Callable[[Listed], bool]] = {
    "archive-bomb": _is_bomb,
    "archive-encrypted": lambda listed: bool(listed.flags & ENCRYPTED) or listed.method == 99,
    "archive-method-unsupported": lambda listed: listed.method not in {STORED, DEFLATED, 99},
    "archive-path-traversal": _leads_outside,
    "archive-path-backslash": lambda listed: "\\" in listed.name,
    "archive-symlink": lambda listed: _read_file_type(listed) == stat.S_IFLNK,
    "archive-special-file": lambda listed: (
        listed.made_by == UNIX and _read_file_type(listed) not in {0, stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK}
    ),
    "archive-directory-damaged": _is_mis_stored,
    "archive-descriptor-stored": lambda listed: listed.method == STORED and bool(listed.flags & DESCRIPTOR),
}
"""Code → what breaks that rule in one entry."""


def _check_places(directory: Directory, findings: Findings) -> None:
    """No two entries may share bytes, nor any reach into the directory: that is how small files become huge."""
    free = 0
    for listed in sorted(directory.listed, key=lambda listed: listed.header_offset):
        if listed.header_offset < free:
            findings.add("archive-entries-overlap", f"byte {listed.header_offset}")
            return
        free = listed.header_offset + LOCAL_HEADER + len(listed.raw_name) + listed.compressed_size
    if free > directory.start:
        findings.add("archive-entries-overlap", f"byte {directory.start}")


def is_archive_name(name: str) -> bool:
    lowered = name.lower()
    return lowered.endswith(ARCHIVES) and not lowered.endswith(COMPRESSED_IMAGE)
