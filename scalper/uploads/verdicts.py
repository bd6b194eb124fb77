"""Following files to their verdicts, by the change feed: each is told once, and nobody polls file by file."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from scalper.api.connection import Connection
from scalper.api.model import AWAITING, Change, File, Upload
from scalper.api.queries import list_files, read_changes
from scalper.errors import UnreachableError

NOW = "now"
"""In place of a cursor: behind the newest change."""
FIRST_PAUSE = 0.3
"""Seconds until we look again after something happened; then ever longer, up to what the feed asks for."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a file. `file` is None where there is nothing to explain."""

    file_id: str
    upload_id: str
    state: str
    codes: tuple[str, ...]
    warnings: int
    file: File | None = None

    @classmethod
    def read(cls, file: File) -> "Verdict":
        return cls(file.file_id, file.upload_id, file.state, file.codes, file.warnings, file)


class Wait:
    """Waits for files, and for the entries of the archives among them."""

    def __init__(
        self,
        connection: Connection,
        files: Mapping[str, str],
        *,
        unsent: Mapping[str, int],
        timeout: float | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        """`files` are upload ids by file ids; `unsent` says how many files of an upload nobody is to wait for.

        `timeout` is in seconds.
        """
        self._connection = connection
        self._wanted = frozenset(files)
        self._pending = set(files)
        self._uploads = frozenset(files.values())
        self._open = sorted(self._uploads)
        self._unsent = unsent
        self._told: set[str] = set()
        self._deadline = None if timeout is None else time.monotonic() + timeout
        self._pause = pause

    def __iter__(self) -> Iterator[Verdict]:
        """Yield each verdict once, as it comes. Raises UnreachableError when it takes too long, and ApiError."""
        if not self._uploads:
            return
        # The cursor comes before the look around, so that nothing falls between the two.
        cursor = read_changes(self._connection, NOW, 1).cursor
        for upload_id in self._uploads:
            yield from self._yield_new(
                Verdict.read(file) for file in list_files(self._connection, upload_id) if file.settled
            )
        delay = FIRST_PAUSE
        while True:
            # Asked before the feed is read: when all is judged, the feed holds it all.
            complete = self._is_complete()
            page = read_changes(self._connection, cursor)
            cursor = page.cursor
            yield from self._yield_new(self._explain(page.changes))
            if complete and page.poll_after:
                return
            delay = FIRST_PAUSE if page.changes else delay * 1.5
            seconds = 0 if complete else min(delay, page.poll_after)
            if self._deadline is not None and time.monotonic() + seconds > self._deadline:
                raise UnreachableError(f"{len(self._pending) or 'Some'} verdicts did not come in time.")
            self._pause(seconds)

    def _yield_new(self, verdicts: Iterable[Verdict]) -> Iterator[Verdict]:
        for verdict in verdicts:
            parent = verdict.file.parent if verdict.file else None
            is_wanted = verdict.file_id in self._wanted or parent in self._wanted
            if verdict.file_id not in self._told and is_wanted:
                self._told.add(verdict.file_id)
                self._pending.discard(verdict.file_id)
                yield verdict

    def _explain(self, found: Iterable[Change]) -> Iterator[Verdict]:
        """Fetch what there is to say of a file; for most, there is nothing."""
        for change in found:
            if change.upload_id not in self._uploads or change.file_id in self._told or change.state == AWAITING:
                continue
            if change.file_id in self._wanted and not change.codes and not change.warnings:
                yield Verdict(change.file_id, change.upload_id, change.state, (), 0)
            else:
                yield Verdict.read(File.read(self._connection.ask("GET", f"files/{change.file_id}")))

    def _is_complete(self) -> bool:
        """Say whether all is judged; the entries of archives are known to the upload only."""
        if self._pending:
            return False
        while self._open:
            upload = Upload.read(self._connection.ask("GET", f"uploads/{self._open[-1]}", query={"limit": 1}))
            if not upload.settled and upload.counts.get(AWAITING, 0) > self._unsent.get(upload.upload_id, 0):
                return False
            self._open.pop()
        return True
