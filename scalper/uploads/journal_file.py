"""The journal's file: one of SQLite's, which only its owner can read, with another beside it for the lock."""

import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from scalper.errors import JournalError

_VERSION = 1
_SCHEMA = """
CREATE TABLE upload (
    id INTEGER PRIMARY KEY, account TEXT NOT NULL, reference TEXT NOT NULL, roots BLOB NOT NULL, note TEXT NOT NULL,
    expected INTEGER NOT NULL, upload_id TEXT
) STRICT;
CREATE TABLE file (
    id INTEGER PRIMARY KEY, upload INTEGER NOT NULL REFERENCES upload, path BLOB NOT NULL, size INTEGER NOT NULL,
    changed_ns INTEGER NOT NULL, sha256 TEXT, request TEXT, name TEXT, file_id TEXT, state TEXT NOT NULL
) STRICT;
CREATE INDEX file_by_path ON file (path, id);
CREATE INDEX file_by_request ON file (request, id) WHERE request IS NOT NULL;
CREATE INDEX file_by_file_id ON file (file_id);
CREATE INDEX file_by_upload ON file (upload, state);
"""


def open_guard(path: Path) -> sqlite3.Connection:
    """Open the file whose lock keeps other runs out. Raises JournalError."""
    with _tell_unusable(path):
        beside = path.with_name(path.name + ".lock")
        _make_private(beside)
        return sqlite3.connect(beside, timeout=0, isolation_level=None)


def open_database(path: Path) -> sqlite3.Connection:
    """Open the journal, and make its tables where it is new. Raises JournalError, then and later."""
    with _tell_unusable(path):
        _make_private(path)
        database = sqlite3.connect(path, timeout=10, isolation_level=None, factory=_Database)
        database.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;")
        (version,) = database.execute("PRAGMA user_version").fetchone()
        if version == 0:
            database.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version = {_VERSION}; COMMIT;")
    if version not in {0, _VERSION}:
        raise JournalError("The journal was written by another version of scalper. Name another --journal.")
    return database


def _make_private(file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))


@contextmanager
def _tell_unusable(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        raise JournalError(f"The journal {path} cannot be used: {error}.") from error


class _Database(sqlite3.Connection):
    """One whose refusals are told as the journal's: no room, a read-only disk, another run that writes."""

    def execute(self, sql: str, values: Sequence[object] = ()) -> sqlite3.Cursor:  # type: ignore[override]
        with _tell_trouble():
            return super().execute(sql, values)

    def executemany(self, sql: str, rows: Iterable[Sequence[object]]) -> sqlite3.Cursor:  # type: ignore[override]
        with _tell_trouble():
            return super().executemany(sql, rows)


@contextmanager
def _tell_trouble() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        raise JournalError(
            f"The journal cannot be written: {error}. Make room for it, or name another --journal, and run the same "
            "command again: what has arrived is not sent twice."
        ) from error
