"""Skip what was built before from the same inputs, also among processes that build at the same time."""

import fcntl
import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
"""The checkout."""

BUILD = ROOT / ".scalper" / "build"
"""Where bundles and assemblies stand, shared by every run from this checkout."""

_IGNORED = {"__pycache__", "node_modules", "dist"}


def files_under(*paths: Path) -> list[Path]:
    """List regular files below `paths` in a stable order, without caches and build output."""
    found: list[Path] = []
    for path in paths:
        found += (
            [path]
            if path.is_file()
            else [
                file
                for file in path.rglob("*")
                if not _IGNORED.intersection(file.relative_to(path).parts)
                and file.suffix != ".pyc"
                and not file.name.startswith(".")
            ]
        )
    return sorted(file for file in found if file.is_file())


def digest(files: Iterable[Path], *facts: str) -> str:
    """Return a short name for the content of `files` and `facts`."""
    total = hashlib.sha256("\0".join(facts).encode())
    for file in files:
        total.update(f"\0{os.path.relpath(file, ROOT)}\0{file.stat().st_mode & 0o111}\0".encode())
        total.update(hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest()[:20]


@contextmanager
def hold_lock(name: str) -> Iterator[None]:
    """Hold the lock `name` among all processes of this checkout."""
    BUILD.mkdir(parents=True, exist_ok=True)
    with (BUILD / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
