"""Telling the API which files are to come, so that no end of ours announces one twice."""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scalper.api.connection import Connection
from scalper.api.model import Json, Reserved
from scalper.errors import ApiError, ClientError, FileChangedError
from scalper.uploads.journal import Batch, Journal, describe_announced
from scalper.uploads.local_files import Announcement, LocalFile, hash_range

MAX_FILES_PER_UPLOAD = 99_999
PER_ANNOUNCEMENT = 500
BYTES_PER_ANNOUNCEMENT = 1024**3
"""What is announced together is signed together, and had better be sent within 15 minutes."""
LOOKS = 3
"""How often a file is looked at that changes meanwhile."""


@dataclass(frozen=True, slots=True)
class Pending:
    """An announcement whose answer is awaited; the journal knows of it."""

    batch: Batch
    key: str
    files: tuple[LocalFile, ...]
    body: Json


def choose_files(todo: deque[LocalFile]) -> list[LocalFile]:
    """Take the first of the files, as many as are announced together."""
    files: list[LocalFile] = []
    size = 0
    while todo and len(files) < PER_ANNOUNCEMENT and size < BYTES_PER_ANNOUNCEMENT:
        files.append(todo.popleft())
        size += files[-1].size
    return files


class Candidates:
    """Files that are fit to be announced, as they are now, and those that are not."""

    def __init__(self, files: Iterable[LocalFile], approve: Callable[[LocalFile], bool]) -> None:
        self.fit: list[Announcement] = []
        self.gone: list[Path] = []
        self.withheld: list[Path] = []
        self.troubles: list[tuple[Path, Exception]] = []
        self._approve = approve
        for file in files:
            try:
                self._take(file)
            except (ClientError, OSError) as error:
                self.troubles.append((file.path, error))

    def _take(self, file: LocalFile) -> None:
        for _ in range(LOOKS):
            now = file.look_again()
            if now is None:
                self.gone.append(file.path)
                return
            try:
                if not self._approve(now):
                    self.withheld.append(now.path)
                    return
                digest = None if now.large else hash_range(now.path, 0, now.size)
                now.ensure_unchanged()
            except (FileChangedError, FileNotFoundError):
                continue
            self.fit.append(Announcement(now, digest))
            return
        raise FileChangedError(f"{file.path} keeps changing.")


class Announcer:
    """Announces the files of one run, as one upload where they fit. The journal is touched by one thread only."""

    def __init__(
        self, connection: Connection, journal: Journal, *, roots: Sequence[Path], reference: str = "", note: str = ""
    ) -> None:
        self._connection = connection
        self._journal = journal
        self.roots = roots
        self._reference = reference
        self._note = note
        self._batch: Batch | None = None

    def repeat(self) -> Mapping[str, Reserved]:
        """Repeat the announcements whose answers an earlier run never saw. Return what they reserved, by file id.

        Raises CredentialsError, UnreachableError.
        """
        reserved: dict[str, Reserved] = {}
        for batch, key, files in self._journal.list_unanswered():
            try:
                answer = self.send(Pending(batch, key, (), self._build_body(batch, files)))
            except ApiError:
                # What is refused now will be refused for ever, and nothing of it was sent.
                self._journal.withdraw(key)
                continue
            found = [Reserved.read(row) for row in answer["files"]]
            self._journal.note_answer(batch, key, answer["upload_id"], [one.file_id for one in found])
            reserved |= {one.file_id: one for one in found}
        # Before anything is given up: what takes the place of a file that changed belongs into its upload.
        self._batch = self._journal.find_open_batch(self.roots, self._reference)
        return reserved

    def prepare(self, files: Sequence[Announcement], expected: int) -> Pending:
        """Note what is about to be announced. `expected` is how many files the run knows of in all, archives aside."""
        batch = self._batch
        if batch is None or batch.size + len(files) > MAX_FILES_PER_UPLOAD:
            batch = self._journal.add_batch(self.roots, self._reference, self._note, expected)
        key = self._journal.note_planned(batch, files)
        rows = [describe_announced(file.name, file.size, digest) for file, digest in files]
        return Pending(batch, key, tuple(file for file, _ in files), self._build_body(batch, rows))

    def send(self, pending: Pending) -> dict[str, Any]:
        """Announce. Any thread may call it. Raises ApiError, CredentialsError, UnreachableError."""
        upload_id = pending.batch.upload_id
        path = f"uploads/{upload_id}/files" if upload_id else "uploads"
        return self._connection.ask("POST", path, body=pending.body, key=pending.key)

    def note_answer(self, pending: Pending, answer: Json) -> tuple[str, list[Reserved]]:
        """Note the answer. Return the upload and what was reserved in it, in the order of the files."""
        reserved = [Reserved.read(row) for row in answer["files"]]
        ids = [one.file_id for one in reserved]
        self._batch = self._journal.note_answer(pending.batch, pending.key, answer["upload_id"], ids)
        return answer["upload_id"], reserved

    @staticmethod
    def _build_body(batch: Batch, files: Sequence[Json]) -> Json:
        if batch.upload_id:
            return {"files": files}
        return {
            "files": files,
            "reference": batch.reference,
            "note": batch.note,
            **({"expected": batch.expected} if 0 < batch.expected <= MAX_FILES_PER_UPLOAD else {}),
        }
