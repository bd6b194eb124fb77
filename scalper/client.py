"""The Python client of the REST API."""

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Self

import httpx

from scalper.api import credentials, queries
from scalper.api.connection import Connection
from scalper.api.model import ACCEPTED, Changes, File, Study, Upload
from scalper.api.queries import list_files, list_rows
from scalper.downloads import retrieval
from scalper.downloads.listing import locate_study, locate_upload
from scalper.downloads.names import MediaNames, Names
from scalper.downloads.optional import load_media
from scalper.downloads.retrieval import Retrieval, Retrieved
from scalper.errors import DamagedError
from scalper.uploads.announcements import Announcer
from scalper.uploads.delivery import Delivery
from scalper.uploads.journal import Journal
from scalper.uploads.local_files import LocalFile, Selection, find_files
from scalper.uploads.outcome import Outcome, Silent, Watcher
from scalper.uploads.plan import compare
from scalper.uploads.verdicts import Verdict, Wait

JOBS = 4
"""Requests to S3 at a time."""


class Client:
    """Uploads, follows and fetches files for one clinic. Good for many threads; `with` closes its connections.

    Requests are repeated with growing pauses while the trouble is temporary, and safely so. Everything may raise
    CredentialsError, UnreachableError, and ApiError with the API's problem document.
    """

    def __init__(
        self,
        api: str,
        client_id: str,
        client_secret: str,
        *,
        token_url: str | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """`api` is the API's address, as `https://portal.example`; it tells where tokens come from.

        Raises CredentialsError for an address that would not keep the secret.
        """
        self.connection = Connection(api, client_id, client_secret, token_url=token_url, transport=transport)

    @classmethod
    def configured(cls) -> Self:
        """Return a client with the credentials of the environment, or of the file. Raises CredentialsError."""
        found = credentials.find()
        return cls(found.api_url, found.client_id, found.client_secret, token_url=found.token_url)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def close(self) -> None:
        self.connection.close()

    def journal(self, path: Path | None = None) -> Journal:
        """Open the journal in which uploads are noted; by default, the one in the user's own state folder."""
        return Journal(path or default_journal(), f"{self.connection.api} {self.connection.client_id}")

    def upload(
        self,
        *paths: Path | str,
        reference: str = "",
        note: str = "",
        jobs: int = JOBS,
        journal: Path | None = None,
        again: bool = False,
        include_all: bool = False,
    ) -> Outcome:
        """Send files and folders. What the journal knows to have been sent is left out, unless `again`, and so are
        carrier files such as a CD's viewer, unless `include_all`.

        A call that was interrupted, however rudely, is taken up by the same call. Files that could not be sent stand
        in the outcome's `troubles`. Raises UnreachableError and KeyboardInterrupt once all is noted.
        """
        found = find_files(map(Path, paths), include_all=include_all)
        with self.journal(journal) as opened:
            roots = [Path(path) for path in paths]
            announcer = Announcer(self.connection, opened, roots=roots, reference=reference, note=note)
            outcome = self.deliver(found, opened, announcer, jobs=jobs, again=again)
        if outcome.halted:
            raise outcome.halted
        return outcome

    def deliver(
        self,
        found: Selection,
        journal: Journal,
        announcer: Announcer,
        *,
        jobs: int = JOBS,
        again: bool = False,
        watcher: Watcher | None = None,
        approve: Callable[[LocalFile], bool] = lambda _file: True,
    ) -> Outcome:
        """Send what was found, and return the outcome whatever happens. What `approve` is false of stays here."""
        watcher = watcher or Silent()
        with journal.lock():
            reserved = announcer.repeat()
            # Of a folder that is empty now, or can be read in part only, it is not known what has gone for good.
            whole = announcer.roots if found.files and not found.unreadable else ()
            plan = compare(journal, found.files, again=again, whole=whole)
            watcher.report_plan(plan)
            delivery = Delivery(self.connection, journal, announcer, watcher, jobs=jobs, approve=approve)
            return delivery.run(plan, reserved)

    def wait(self, outcome: Outcome, journal: Path | None = None, *, timeout: float | None = None) -> Iterator[Verdict]:
        """Yield the verdict on each file that was sent, and on what is in archives among them, as it comes.

        Verdicts that the journal knows are not told again. Raises UnreachableError after `timeout` seconds.
        """
        with self.journal(journal) as opened:
            yield from self.settle(outcome, opened, timeout=timeout)

    def settle(self, outcome: Outcome, journal: Journal, *, timeout: float | None = None) -> Iterator[Verdict]:
        """As `wait`, with a journal that is open."""
        open_files = outcome.unsettled()
        unsent = {upload_id: journal.count_unsent(upload_id) for upload_id in set(open_files.values())}
        states: dict[str, str] = {}
        unwell: set[str | None] = set()
        for verdict in Wait(self.connection, open_files, unsent=unsent, timeout=timeout):
            if verdict.file_id in open_files:
                states[verdict.file_id] = verdict.state
            elif verdict.file and verdict.state != ACCEPTED:
                unwell.add(verdict.file.parent)
            yield verdict
        # At the end, since until then entries of archives may be missing. An archive with entries that were refused is
        # never noted as judged, so that the next run tells of them again.
        with journal.transaction():
            for file_id in states.keys() - unwell:
                journal.note_states([file_id], states[file_id])

    def status(self, upload_id: str) -> Upload:
        """Return how far an upload has come."""
        return Upload.read(self.connection.ask("GET", f"uploads/{upload_id}", query={"limit": 1}))

    def uploads(self) -> Iterator[Upload]:
        """Yield the clinic's uploads, newest first."""
        yield from map(Upload.read, list_rows(self.connection, "uploads", "uploads"))

    def files(
        self, upload_id: str | None = None, *, state: str | None = None, since: datetime | None = None
    ) -> Iterator[File]:
        """Yield the files of an upload in the order of announcement, or the clinic's, newest first."""
        if upload_id is not None:
            yield from (file for file in list_files(self.connection, upload_id) if state in {None, file.state})
            return
        wanted = {"state": state, "since": since.isoformat() if since else None}
        query = {name: value for name, value in wanted.items() if value}
        yield from map(File.read, list_rows(self.connection, "files", "files", **query))

    def studies(self, *, modality: str = "", since: date | None = None, until: date | None = None) -> Iterator[Study]:
        """Yield studies, those first that got a file last; with study dates, the newest first."""
        days = {"since": since.isoformat() if since else "", "until": until.isoformat() if until else ""}
        query = {name: value for name, value in {"modality": modality, **days}.items() if value}
        yield from map(Study.read, list_rows(self.connection, "studies", "studies", **query))

    def file(self, file_id: str) -> File:
        """Return all that is known of a file."""
        return File.read(self.connection.ask("GET", f"files/{file_id}"))

    def changes(self, since: str | None = None) -> Changes:
        """Return a page of the change feed behind a cursor; `now` stands for its end, None for its beginning."""
        return queries.read_changes(self.connection, since)

    def download(self, file_id: str, target: Path) -> File:
        """Write an accepted file to `target`, whole and verified, or not at all. Returns what is known of it.

        Raises DamagedError, ConflictError for a file that was not accepted, and OSError.
        """
        file = self.file(file_id)
        url = self.connection.ask("GET", f"files/{file_id}/content")["url"]
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".scalper-") as scratch:
            fresh, digest, size = Path(scratch) / "file", hashlib.sha256(), 0
            with self.connection.download(url) as pieces, fresh.open("wb") as opened:
                for piece in pieces:
                    opened.write(piece)
                    digest.update(piece)
                    size += len(piece)
            if size != file.size or file.sha256 not in {None, digest.hexdigest()}:
                raise DamagedError("The download is damaged: its bytes are not those that were accepted. Try again.")
            fresh.replace(target)
        return file

    def get_study(
        self, study_uid: str, folder: Path | str, *, jobs: int = JOBS, force: bool = False, dicomdir: bool = False
    ) -> Retrieved:
        """Fetch a study's accepted files into a folder, under the names under which they were sent, made safe.

        What is there already is left as it is; a call that was interrupted is taken up by the same call. Files that
        could not be fetched stand in `troubles`. With `force`, other files of the same names are replaced. With
        `dicomdir`, files get the names that DICOM media allow, and once all are there a DICOMDIR is written beside
        them; that needs `pip install "silent-scalper[dicomdir]"`.
        Raises NotFoundError, OSError, DirectoryError, and UnreachableError or KeyboardInterrupt once all has stopped.
        """
        return _raise_halt(
            self.retrieve(locate_study(study_uid), Path(folder), jobs=jobs, force=force, dicomdir=dicomdir)
        )

    def get_upload(self, upload_id: str, folder: Path | str, *, jobs: int = JOBS, force: bool = False) -> Retrieved:
        """As `get_study`, with the accepted files of an upload; `left_out` tells of the others."""
        return _raise_halt(self.retrieve(locate_upload(upload_id), Path(folder), jobs=jobs, force=force))

    def retrieve(
        self,
        path: str,
        folder: Path,
        *,
        jobs: int = JOBS,
        force: bool = False,
        dicomdir: bool = False,
        watcher: retrieval.Watcher | None = None,
    ) -> Retrieved:
        """Fetch what the API tells at a path, as `studies/1.2.3/content`, and return what became of it."""
        media = load_media(folder, force=force) if dicomdir else None
        names = MediaNames() if media else Names()
        watcher = watcher or retrieval.Silent()
        done = Retrieval(self.connection, watcher, jobs=jobs, force=force, names=names).run(path, folder)
        if media and done.whole:
            done.unlisted = media.write_directory(folder, [*done.fetched, *done.kept])
            done.directory = folder / media.DIRECTORY
        return done


def _raise_halt(done: Retrieved) -> Retrieved:
    if done.halted:
        raise done.halted
    return done


def default_journal() -> Path:
    """Return `$XDG_STATE_HOME/silent-scalper/journal.sqlite3` (XDG Base Directory Specification)."""
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "silent-scalper" / "journal.sqlite3"
