"""What is to be fetched, as the API lists it: page by page, with addresses that live for minutes."""

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from scalper.api.connection import Connection
from scalper.api.contents import Content, LeftOut
from scalper.api.model import Json
from scalper.errors import TransferError

MARGIN = timedelta(minutes=1)
"""An address that ends sooner is asked for anew."""


def locate_study(study_uid: str) -> str:
    """Return the API's path of a study's files."""
    return f"studies/{quote(study_uid, safe='')}/content"


def locate_upload(upload_id: str) -> str:
    """Return the API's path of an upload's files."""
    return f"uploads/{quote(upload_id, safe='')}/content"


@dataclass(slots=True)
class Listing:
    """The files of a study or an upload. Threads share it."""

    connection: Connection
    path: str
    """As `studies/1.2.3/content`."""
    files: list[Content] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def read(self) -> None:
        """Read all pages. Raises ApiError, CredentialsError, UnreachableError."""
        cursor: str | None = None
        while True:
            page = self._ask(cursor)
            self.files += [Content.read(row, page["here"]) for row in page["files"]]
            self.left_out += map(LeftOut.read, page["left_out"])
            cursor = page.get("next")
            if not cursor:
                break
        # In the order in which they were sent: what comes later takes no earlier file's name.
        self.files.sort(key=lambda file: file.file_id)

    def find_url(self, file: Content, refused: str = "") -> str:
        """Return an address that S3 takes, and another one than it refused. Raises as `read`, TransferError."""
        with self._lock:
            if file.url == refused or file.expires_at - MARGIN < datetime.now(UTC):
                self._renew(file.page)
            if file.url == refused:
                raise TransferError("It is no longer among what can be fetched.")
            return file.url

    def _renew(self, page: str) -> None:
        fresh = {row["file_id"]: Content.read(row, page) for row in self._ask(page)["files"]}
        for file in self.files:
            if file.page == page and file.file_id in fresh:
                file.url, file.expires_at = fresh[file.file_id].url, fresh[file.file_id].expires_at

    def _ask(self, cursor: str | None) -> Json:
        return self.connection.ask("POST", self.path, query={"cursor": cursor} if cursor else None)
