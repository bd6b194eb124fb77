"""What was announced and sent, kept on disk, so that a run that was killed is taken up where it stood.

Written before each step that must not happen twice, and flushed to the disk. It holds ids, sizes, times of change and
digests: paths only as SHA-256, and names only while the answer to their announcement is awaited. Readable by its owner
alone.
"""

import hashlib
import os
import secrets
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from scalper.errors import JournalError
from scalper.uploads.journal_file import open_database, open_guard
from scalper.uploads.local_files import Announcement, LocalFile, normalize_path

PLANNED = "planned"
"""About to be announced; the answer is not known."""
ANNOUNCED = "announced"
SENT = "sent"
"""S3 has it all. The states behind it are the API's own: `accepted`, `rejected`, `expired`, `failed`."""
ABANDONED = "abandoned"
"""Announced, and not going to be sent: the file changed, or is gone. The API is to be told that nobody waits for it."""


@dataclass(frozen=True, slots=True)
class Batch:
    """An upload as the journal knows it. `upload_id` is empty until its first announcement is answered."""

    number: int
    upload_id: str | None
    reference: str
    note: str
    expected: int
    size: int
    """How many files were announced with it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of a file that was announced."""

    number: int
    upload_id: str
    size: int
    changed_ns: int
    sha256: str | None
    file_id: str
    state: str


class Journal:
    """The journal of one account: a client at one API. One run at a time holds it."""

    def __init__(self, path: Path, account: str) -> None:
        self._account = account
        self._guard, self._db = open_guard(path), open_database(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self._db.close()
        self._guard.close()

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other runs out: two of them would announce the same files. Raises JournalError.

        A lock of SQLite's on a file of its own: the system releases it when we are killed, on every platform.
        """
        try:
            self._guard.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            raise JournalError(
                "Another `scalper upload` is running. Wait for it, or name another --journal."
            ) from error
        try:
            yield
        finally:
            self._guard.execute("ROLLBACK")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Write all that the block writes, or nothing, with one flush to the disk."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            # SQLite has taken back by itself what it had no room for.
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def find_open_batch(self, roots: Sequence[Path], reference: str) -> Batch | None:
        """Return the newest upload of these paths and this reference that has files to send still."""
        row = self._db.execute(
            "SELECT id FROM upload WHERE account = ? AND reference = ? AND roots = ? AND EXISTS"
            " (SELECT 1 FROM file WHERE file.upload = upload.id AND file.state IN (?, ?)) ORDER BY id DESC LIMIT 1",
            (self._account, reference, _hash_roots(roots), PLANNED, ANNOUNCED),
        ).fetchone()
        return self._read_batch(row[0]) if row else None

    def add_batch(self, roots: Sequence[Path], reference: str, note: str, expected: int) -> Batch:
        inserted = self._db.execute(
            "INSERT INTO upload (account, reference, roots, note, expected) VALUES (?, ?, ?, ?, ?)",
            (self._account, reference, _hash_roots(roots), note, expected),
        )
        return self._read_batch(inserted.lastrowid or 0)

    def find_last_upload(self) -> str | None:
        """Return the upload that was begun last."""
        row = self._db.execute(
            "SELECT upload_id FROM upload WHERE account = ? AND upload_id IS NOT NULL ORDER BY id DESC LIMIT 1",
            (self._account,),
        ).fetchone()
        return row[0] if row else None

    def note_planned(self, batch: Batch, files: Iterable[Announcement]) -> str:
        """Note what is about to be announced. Return the idempotency key of the announcement."""
        key = secrets.token_hex(16)
        rows = [
            (batch.number, hash_path(file.path), file.size, file.changed_ns, digest, key, file.name, PLANNED)
            for file, digest in files
        ]
        with self.transaction():
            self._db.executemany(
                "INSERT INTO file (upload, path, size, changed_ns, sha256, request, name, state)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                rows,
            )
        return key

    def list_unanswered(self) -> list[tuple[Batch, str, list[dict[str, object]]]]:
        """Return the announcements whose answers are not known, as they were sent, oldest first."""
        rows = self._db.execute(
            "SELECT DISTINCT upload, request FROM file JOIN upload ON upload.id = file.upload"
            " WHERE account = ? AND state = ? ORDER BY file.id",
            (self._account, PLANNED),
        ).fetchall()
        names = "SELECT name, size, sha256 FROM file WHERE request = ? ORDER BY id"
        return [
            (self._read_batch(upload), key, [describe_announced(*row) for row in self._db.execute(names, (key,))])
            for upload, key in rows
        ]

    def note_answer(self, batch: Batch, key: str, upload_id: str, file_ids: Sequence[str]) -> Batch:
        """Note the answer to an announcement; the names are forgotten."""
        numbers = [row[0] for row in self._db.execute("SELECT id FROM file WHERE request = ? ORDER BY id", (key,))]
        with self.transaction():
            self._db.execute("UPDATE upload SET upload_id = ? WHERE id = ?", (upload_id, batch.number))
            self._db.executemany(
                "UPDATE file SET file_id = ?, state = ?, request = NULL, name = NULL WHERE id = ?",
                [(file_id, ANNOUNCED, number) for file_id, number in zip(file_ids, numbers, strict=True)],
            )
        return self._read_batch(batch.number)

    def withdraw(self, key: str) -> None:
        """Note that an announcement was refused."""
        self._db.execute("UPDATE file SET state = ?, request = NULL, name = NULL WHERE request = ?", (ABANDONED, key))

    def find_entry(self, path: Path) -> Entry | None:
        """Return what was last announced under a path."""
        row = self._db.execute(
            "SELECT file.id, upload_id, size, changed_ns, sha256, file_id, state FROM file"
            " JOIN upload ON upload.id = file.upload WHERE path = ? AND account = ? ORDER BY file.id DESC LIMIT 1",
            (hash_path(path), self._account),
        ).fetchone()
        return Entry(*row) if row else None

    def note_change_time(self, entry: Entry, file: LocalFile) -> None:
        """Note that a file has another time of change, but the same content."""
        self._db.execute("UPDATE file SET changed_ns = ? WHERE id = ?", (file.changed_ns, entry.number))

    def note_states(self, file_ids: Iterable[str], state: str) -> None:
        """Note how far files have come."""
        self._db.executemany("UPDATE file SET state = ? WHERE file_id = ?", [(state, file_id) for file_id in file_ids])

    def count_unsent(self, upload_id: str) -> int:
        """Return how many files of an upload the API may wait for that do not come from this run any more."""
        (count,) = self._db.execute(
            "SELECT count(*) FROM file JOIN upload ON upload.id = file.upload WHERE upload_id = ? AND state IN (?, ?)",
            (upload_id, ANNOUNCED, ABANDONED),
        ).fetchone()
        return int(count)

    def list_abandoned(self) -> list[str]:
        """Return the ids of files that are not going to be sent, and of which the API has not been told yet."""
        rows = self._db.execute(
            "SELECT file_id FROM file JOIN upload ON upload.id = file.upload"
            " WHERE account = ? AND state = ? AND file_id IS NOT NULL ORDER BY file.id",
            (self._account, ABANDONED),
        )
        return [row[0] for row in rows]

    def find_vanished(self, roots: Sequence[Path], files: Iterable[LocalFile]) -> list[str]:
        """Return the ids of files that were announced of these paths and never sent, and are not among `files`."""
        rows = self._db.execute(
            "SELECT path, file_id FROM file JOIN upload ON upload.id = file.upload"
            " WHERE account = ? AND roots = ? AND state = ? ORDER BY file.id",
            (self._account, _hash_roots(roots), ANNOUNCED),
        ).fetchall()
        here = {hash_path(file.path) for file in files} if rows else set()
        return [file_id for path, file_id in rows if path not in here]

    def _read_batch(self, number: int) -> Batch:
        row = self._db.execute(
            "SELECT id, upload_id, reference, note, expected, (SELECT count(*) FROM file WHERE upload = upload.id)"
            " FROM upload WHERE id = ?",
            (number,),
        ).fetchone()
        return Batch(*row)


def describe_announced(name: str, size: int, sha256: str | None) -> dict[str, object]:
    """Return a file as the API wants it announced."""
    return {"name": name, "size": size, **({"sha256": sha256} if sha256 else {})}


def hash_path(path: Path) -> bytes:
    return hashlib.sha256(os.fsencode(normalize_path(path))).digest()


def _hash_roots(roots: Sequence[Path]) -> bytes:
    return hashlib.sha256(b"".join(sorted(hash_path(root) for root in roots))).digest()
