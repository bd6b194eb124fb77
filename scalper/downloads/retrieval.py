"""Fetching a study or an upload into a folder, several files at a time.

A file that is there already, as its size and SHA-256 tell, is left as it is. One that comes is written beside its
place, goes on where an earlier run was interrupted, and gets its name once it is whole and verified.
"""

import errno
import hashlib
import threading
from collections.abc import Iterator
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import httpx

from scalper.api.connection import Connection
from scalper.api.contents import Content, LeftOut
from scalper.downloads.listing import Listing
from scalper.downloads.names import MediaNames, Names
from scalper.errors import ApiError, ClientError, CredentialsError, DamagedError, TransferError, UnreachableError

BLOCK = 1024**2
_DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})
BREAKS = 5
"""How often a download may break off, or end, without a byte in between."""


@dataclass(frozen=True, slots=True)
class Target:
    """A file, and where it goes."""

    file: Content
    path: Path


class Watcher(Protocol):
    """Is told how it goes, by any thread."""

    def report_listing(self, targets: int, size: int) -> None: ...

    def advance(self, size: int) -> None:
        """So many bytes are here; less than zero where they came in vain."""
        ...

    def report_fetched(self, target: Target) -> None: ...

    def report_kept(self, target: Target) -> None:
        """The file was there already."""
        ...

    def report_trouble(self, target: Target, error: Exception) -> None: ...


class Silent:
    """Tells nobody."""

    def report_listing(self, targets: int, size: int) -> None: ...

    def advance(self, size: int) -> None: ...

    def report_fetched(self, target: Target) -> None: ...

    def report_kept(self, target: Target) -> None: ...

    def report_trouble(self, target: Target, error: Exception) -> None: ...


@dataclass(slots=True)
class Retrieved:
    """What became of a retrieval."""

    fetched: list[Path] = field(default_factory=list)
    kept: list[Path] = field(default_factory=list)
    """Files that were there already."""
    left_out: list[LeftOut] = field(default_factory=list)
    troubles: dict[Path, Exception] = field(default_factory=dict)
    """Files that could not be fetched."""
    bytes_fetched: int = 0
    directory: Path | None = None
    """The DICOMDIR, where one was asked for and all is here."""
    unlisted: list[Path] = field(default_factory=list)
    """Files that no DICOMDIR can list."""
    halted: BaseException | None = None
    """What ended it before all was tried."""

    @property
    def whole(self) -> bool:
        """Say whether every file that there is to be had is here."""
        return not self.troubles and self.halted is None


class Retrieval:
    """Fetches one listing into one folder."""

    def __init__(
        self, connection: Connection, watcher: Watcher, *, jobs: int, force: bool, names: Names | MediaNames
    ) -> None:
        self._connection = connection
        self._names = names
        self._watcher = watcher
        self._jobs = jobs
        self._force = force
        self._lock = threading.Lock()
        self._done = Retrieved()

    def run(self, path: str, folder: Path) -> Retrieved:
        """Fetch what stands at a path of the API. Raises ApiError, CredentialsError, UnreachableError, OSError."""
        self._listing = Listing(self._connection, path)
        self._listing.read()
        self._done.left_out = self._listing.left_out
        folder.mkdir(parents=True, exist_ok=True)
        claim = self._names.claim
        targets = [Target(file, folder / claim(file.name, file.file_id)) for file in self._listing.files]
        self._watcher.report_listing(len(targets), sum(target.file.size for target in targets))
        with ThreadPoolExecutor(self._jobs) as pool:
            running = [pool.submit(self._fetch, target) for target in targets]
            try:
                wait(running, return_when=FIRST_EXCEPTION)
            except KeyboardInterrupt as error:
                self._done.halted = error
            self._stop_unless_done(running)
        return self._done

    def _stop_unless_done(self, running: list[Future[None]]) -> None:
        failed = (task.exception() for task in running if task.done() and not task.cancelled())
        self._done.halted = self._done.halted or next((error for error in failed if error), None)
        if self._done.halted:
            self._connection.retry.stop()
            for task in running:
                task.cancel()

    def _fetch(self, target: Target) -> None:
        """Fetch one file. What is the matter with it alone is noted, and the next one may go better."""
        if self._connection.retry.stopped:
            return
        try:
            if self._is_here(target):
                self._done.kept.append(target.path)
                self._watcher.advance(target.file.size)
                self._watcher.report_kept(target)
                return
            target.path.parent.mkdir(parents=True, exist_ok=True)
            part = target.path.with_name(f".{target.file.file_id}.part")
            self._complete(target, part)
            part.replace(target.path)
        except (ClientError, OSError) as error:
            if _concerns_all(error):
                self._connection.retry.stop()
                raise
            self._done.troubles[target.path] = error
            self._watcher.report_trouble(target, error)
            return
        self._done.fetched.append(target.path)
        self._watcher.report_fetched(target)

    def _is_here(self, target: Target) -> bool:
        """Say whether the file is there. Raises TransferError where another one is."""
        if not target.path.exists():
            return False
        same = target.path.is_file() and target.path.stat().st_size == target.file.size
        if same and (target.file.sha256 is None or _digest(target.path).hexdigest() == target.file.sha256):
            return True
        if self._force and target.path.is_file():
            return False
        raise TransferError("Another file of this name is there. Name another folder, or replace it with --force.")

    def _complete(self, target: Target, part: Path) -> None:
        """Append what is missing to what is there of a file, and verify the whole. Raises ClientError, OSError."""
        if part.exists() and part.stat().st_size > target.file.size:
            part.unlink()
        digest, held = _digest(part), part.stat().st_size if part.exists() else 0
        self._watcher.advance(held)
        at, breaks = held, 0
        with part.open("ab") as opened:
            while at < target.file.size:
                before = at
                broken: ClientError = TransferError("S3 answers, and gives nothing of the file.")
                try:
                    for block in self._read(target.file, at):
                        opened.write(block)
                        digest.update(block)
                        at += len(block)
                        self._count(len(block))
                        if at > target.file.size:
                            break
                except UnreachableError as error:
                    broken = error
                breaks = 0 if at > before else breaks + 1
                if breaks >= BREAKS or (isinstance(broken, UnreachableError) and self._connection.retry.stopped):
                    raise broken
        if at != target.file.size or target.file.sha256 not in {None, digest.hexdigest()}:
            part.unlink()
            self._watcher.advance(-at)
            raise DamagedError("The bytes that came are not those that were accepted. Try again.")

    def _read(self, file: Content, start: int) -> Iterator[bytes]:
        """Yield a file's bytes from an offset, as far as they come. Raises ClientError."""
        refused = ""
        for _ in range(2):
            url = self._listing.find_url(file, refused)
            with self._connection.download_from(url, start) as answer:
                if answer.is_success:
                    # Whoever does not know ranges gives the whole (RFC 9110, 14.2).
                    ahead = 0 if answer.status_code == httpx.codes.PARTIAL_CONTENT else start
                    yield from self._skip(answer.iter_bytes(), ahead)
                    return
                # It takes no address that has lapsed, or was signed with keys that have.
                refused, code = url, answer.status_code
            if code not in {httpx.codes.BAD_REQUEST, httpx.codes.FORBIDDEN}:
                break
        raise TransferError(f"S3 does not give the file ({code}).")

    def _skip(self, blocks: Iterator[bytes], ahead: int) -> Iterator[bytes]:
        for block in blocks:
            if self._connection.retry.stopped:
                raise UnreachableError("Stopped.")
            if len(block) > ahead:
                yield block[ahead:]
            ahead = max(0, ahead - len(block))

    def _count(self, size: int) -> None:
        with self._lock:
            self._done.bytes_fetched += size
        self._watcher.advance(size)


def _concerns_all(error: ClientError | OSError) -> bool:
    """Say whether the next file would fare no better."""
    if isinstance(error, OSError):
        return error.errno in _DISK_FULL
    return isinstance(error, (CredentialsError, ApiError, UnreachableError))


def _digest(path: Path) -> "hashlib._Hash":
    """Return the SHA-256 of a file so far; of nothing where there is none."""
    digest = hashlib.sha256()
    if path.exists():
        with path.open("rb") as opened:
            while block := opened.read(BLOCK):
                digest.update(block)
    return digest
