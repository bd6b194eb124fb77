"""Files on this machine: which there are, what they are called on the other side, what they hold."""

import hashlib
import os
import stat
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from scalper import judge_code
from scalper.errors import ClientError, FileChangedError

LARGE = 64 * 1024**2
"""Bytes above which a file is sent in parts, each with a checksum of its own, and none is asked for the whole."""

LONGEST_NAME = 1024
LONGEST_SEGMENT = 255
"""Characters, as the API takes them."""

BLOCK = 1024**2
GONE = "gone before it was announced"
NOT_ENTERED = frozenset({"#recycle", "#snapshot", "$recycle.bin", "recycler", "system volume information"})
"""Folders of what was removed or is kept twice, in lower case; hidden ones are not entered either."""

_UNFIT = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Unicode's categories of control characters, lone surrogates, and line and paragraph separators."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder under which files were looked for."""

    path: Path
    identity: tuple[int, int]
    """Device and number: where another folder lies at its path, or none, all that it held is out of sight."""

    @classmethod
    def read(cls, path: Path) -> "Folder":
        """Raises OSError."""
        facts = path.stat()
        return cls(path, (facts.st_dev, facts.st_ino))

    @property
    def is_there(self) -> bool:
        try:
            return Folder.read(self.path) == self
        except OSError:
            return False


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file as it was when we looked."""

    folder: Folder
    """That was named, or that holds the file that was."""
    path: Path
    name: str
    """As it is announced: the path from the folder that was named, that folder included."""
    size: int
    changed_ns: int
    """Time of the last change, in nanoseconds."""

    @property
    def large(self) -> bool:
        return self.size > LARGE

    @property
    def holds_others(self) -> bool:
        """Whether it is called as what only holds or lists other files, which are what counts."""
        return self.path.suffix.lower() == ".zip" or self.path.name.upper() == "DICOMDIR"

    def ensure_unchanged(self) -> None:
        """Raises FileChangedError, and OSError if the file is gone."""
        now = self.path.stat()
        if (now.st_size, now.st_mtime_ns) != (self.size, self.changed_ns):
            raise FileChangedError(f"{self.path} changed while it was being sent.")

    def look_again(self) -> "LocalFile | None":
        """Return the file as it is now, or None where it is gone.

        Raises OSError where that cannot be told: it may be here again once its folder is.
        """
        try:
            facts = self.path.stat()
        except (FileNotFoundError, NotADirectoryError):
            if not self.folder.is_there:
                raise
            return None
        is_file = stat.S_ISREG(facts.st_mode)
        return replace(self, size=facts.st_size, changed_ns=facts.st_mtime_ns) if is_file else None


class Announcement(NamedTuple):
    """A file that is going to be announced."""

    file: LocalFile
    sha256: str | None


@dataclass(slots=True)
class Selection:
    """What stands under the paths that were named."""

    files: list[LocalFile] = field(default_factory=list)
    left_out: int = 0
    """Carrier files: what stands beside medical files on CDs and disks, and is none (docs/adr/0044)."""
    not_entered: int = 0
    """Hidden folders, and those of what was removed."""
    unreadable: list[Path] = field(default_factory=list)
    skipped: list[tuple[Path, str]] = field(default_factory=list)
    """What is no file and holds none that could be found here, each with what it is."""


def find_files(paths: Iterable[Path], *, include_all: bool = False) -> Selection:
    """Look for files, in order, each once. What is named itself is never left out, nor anything with `include_all`.

    Raises ClientError for a path under which there is nothing.
    """
    found = Selection()
    seen: set[str] = set()
    for path in paths:
        if not path.exists():
            raise ClientError(f"There is no file or folder {path}.")
        root = normalize_path(path)
        folder = Folder.read(root if path.is_dir() else root.parent)
        for inner in _walk_folder(root, found, include_all=include_all) if path.is_dir() else (root,):
            if str(inner) in seen:
                continue
            seen.add(str(inner))
            try:
                facts = inner.stat()
            except FileNotFoundError:
                found.skipped.append((inner, "a link that leads nowhere" if inner.is_symlink() else GONE))
            except OSError:
                found.unreadable.append(inner)
            else:
                if stat.S_ISREG(facts.st_mode):
                    name = _build_name(inner, root)
                    found.files.append(LocalFile(folder, inner, name, facts.st_size, facts.st_mtime_ns))
                else:
                    found.skipped.append((inner, "no file, but a pipe, a socket or a device"))
    return found


def normalize_path(path: Path) -> Path:
    """Return the path from the root, with links left as they are: they are what the user calls the file."""
    return Path(os.path.normpath(path.absolute()))


def _walk_folder(root: Path, found: Selection, *, include_all: bool) -> Iterator[Path]:
    def note(error: OSError) -> None:
        path = Path(error.filename)
        if isinstance(error, FileNotFoundError) and path != root:
            found.skipped.append((path, GONE))
        else:
            found.unreadable.append(path)

    for folder, folders, names in os.walk(root, onerror=note):
        entered = [name for name in sorted(folders) if include_all or not _is_passed_by(name)]
        found.not_entered += len(folders) - len(entered)
        folders[:] = entered
        linked = (Path(folder, name) for name in entered if Path(folder, name).is_symlink())
        found.skipped += ((path, "a link to a folder; name it to send what it holds") for path in linked)
        for name in sorted(names):
            path = Path(folder, name)
            if not include_all and is_left_out(path, root):
                found.left_out += 1
            else:
                yield path


def _is_passed_by(folder: str) -> bool:
    return folder.startswith(".") or folder.lower() in NOT_ENTERED


def is_left_out(path: Path, root: Path) -> bool:
    """Say whether a file below `root` is a carrier file. One that cannot be read is not: whoever sends it says so."""
    carriers = judge_code.load("processor.judge.inspection.carriers")
    name = path.relative_to(root).as_posix()
    if not carriers.is_carrier_name(name):
        return False
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return False
        with path.open("rb") as file:
            return bool(carriers.is_left_out(name, file.read(carriers.LOOK), path.stat().st_size))
    except OSError:
        return False


def _build_name(path: Path, root: Path) -> str:
    """Return a name that the API takes: what it does not is replaced, and of a path too long its end is kept."""
    segments = [
        "".join("\N{REPLACEMENT CHARACTER}" if unicodedata.category(one) in _UNFIT else one for one in segment)
        for segment in path.relative_to(root.parent).parts
    ]
    segments = [segment[-LONGEST_SEGMENT:] for segment in segments]
    while len("/".join(segments)) > LONGEST_NAME:
        segments.pop(0)
    return "/".join(segments)


def read_blocks(path: Path, start: int, length: int) -> Iterator[bytes]:
    """Read a stretch of a file piece by piece. Raises OSError, and FileChangedError where the file ends too early."""
    with path.open("rb") as file:
        file.seek(start)
        left = length
        while left:
            block = file.read(min(BLOCK, left))
            if not block:
                raise FileChangedError(f"{path} became shorter.")
            left -= len(block)
            yield block


def hash_range(path: Path, start: int, length: int) -> str:
    """Return the SHA-256 of a stretch, hexadecimal. Raises OSError, FileChangedError."""
    digest = hashlib.sha256()
    for block in read_blocks(path, start, length):
        digest.update(block)
    return digest.hexdigest()
