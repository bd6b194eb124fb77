"""What a ZIP archive's directory may say: counts, sizes, paths, file types, methods, places."""

import re
import stat
from collections.abc import Callable

from processor.judge.documents.zip.directory import Directory, Listed
from processor.judge.inspection.findings import Findings

MAX_TOTAL = 100 * 1024**3
"""Bytes that all entries may inflate to."""

MAX_RATIO = 200
LARGE = 64 * 1024 * 1024
"""Above this many bytes, what inflates to more than MAX_RATIO times its size is a bomb; images reach 2 to 20."""

STORED, DEFLATED = 0, 8
ENCRYPTED = 0x0001 | 0x0040 | 0x2000
"""Flags: encrypted, strongly encrypted, masked headers."""
DESCRIPTOR = 0x0008
UNIX = 3
LOCAL_HEADER = 30

DRIVE = re.compile(r"[A-Za-z]:")
ARCHIVES = (".zip", ".7z", ".rar", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".jar", ".iso", ".cab")
PACKAGES = frozenset({"[Content_Types].xml", "META-INF/MANIFEST.MF", "mimetype", "AndroidManifest.xml"})
"""Entries that only documents and programs have which happen to be ZIP archives."""
OFFICE = (("word/", "word"), ("xl/", "excel"), ("ppt/", "powerpoint"))
"""Folder within a package of Office Open XML → what it is (ECMA-376)."""
COMPRESSED_IMAGE = ".nii.gz"


def check(directory: Directory, files: list[Listed], size: int, findings: Findings) -> None:
    """Hold the directory against the rules; `files` are its entries without folders and litter."""
    package = _name_package(files)
    if package:
        findings.add("kind-unsupported", package)
    if not any(listed.size for listed in files):
        findings.add("archive-empty")
    _check_places(directory, findings)
    total = sum(listed.size for listed in directory.listed)
    if total > MAX_TOTAL:
        findings.add("archive-total-too-large")
    if total > LARGE and total > MAX_RATIO * size:
        findings.add("archive-bomb")
    for index, listed in enumerate(directory.listed):
        for code, broken in RULES.items():
            if broken(listed):
                findings.add(code, f"entry {index + 1}")
    _check_names(directory.listed, findings)
    nested = sum(is_archive_name(listed.name) for listed in files)
    if nested:
        findings.add("archive-nested" if nested == len(files) else "archive-holds-archive")


def _name_package(files: list[Listed]) -> str:
    """Return what opens an archive that is a document or a program in itself; nothing for one of files."""
    names = {listed.name for listed in files}
    if PACKAGES.isdisjoint(names):
        return ""
    return next((kind for folder, kind in OFFICE if any(name.startswith(folder) for name in names)), "office")


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


RULES: dict[str, Callable[[Listed], bool]] = {
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


def _check_names(listed: list[Listed], findings: Findings) -> None:
    seen: set[str] = set()
    for index, entry in enumerate(listed):
        name = entry.name.replace("\\", "/")
        if name in seen:
            findings.add("archive-duplicate-names", f"entry {index + 1}")
            return
        seen.add(name)


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
