"""One file's bytes on their way to S3: whole, or part by part."""

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import httpx

from scalper.api.connection import Connection
from scalper.api.model import PartPlan, Put, Reserved
from scalper.errors import FileChangedError, TransferError, UnreachableError
from scalper.uploads.local_files import LocalFile, hash_range, read_blocks

MARGIN = timedelta(minutes=1)
"""A presigned request that ends sooner is not begun."""

_OTHER_BYTES = frozenset({"BadDigest", "XAmzContentChecksumMismatch", "XAmzContentSHA256Mismatch"})


@dataclass(slots=True)
class Item:
    """An announced file that is to be sent."""

    file: LocalFile
    upload_id: str
    file_id: str
    reserved: Reserved | None = None
    """How to send it, as far as that is known and fresh."""
    left: int = 0
    """Parts that are missing at S3."""
    given_up: bool = False
    looked_at: bool = False
    """The API has been asked why it does not await the file."""


class Transfer:
    """Sends items. Threads share it; `moved` is told of bytes that went out, and less than zero of bytes in vain."""

    def __init__(self, connection: Connection, moved: Callable[[int], None]) -> None:
        self._connection = connection
        self._moved = moved
        self._lock = threading.Lock()
        self.bytes_sent = 0
        """All that went out, attempts in vain included."""

    def send_whole(self, item: Item) -> None:
        """Send a small file. Raises ClientError, OSError; FileChangedError also where it is another one by now."""
        item.file.ensure_unchanged()
        put = item.reserved.put if item.reserved else None
        if put is None or put.expires_at - MARGIN < datetime.now(UTC):
            put = self._sign_put(item)
        if not self._put(item, put, 0, item.file.size):
            self._put(item, self._sign_put(item), 0, item.file.size, last=True)
        # What was appended meanwhile is missing of what was sent. That a file is gone by now is nobody's business.
        with suppress(FileNotFoundError):
            item.file.ensure_unchanged()

    def fetch_plan(self, item: Item) -> PartPlan:
        """Ask how a large file is cut, and what S3 has of it. Raises ClientError, OSError."""
        item.file.ensure_unchanged()
        plan = self._sign(item.file_id).plan
        if plan is None:
            raise TransferError("The API does not take this file in parts.")
        return plan

    def send_part(self, item: Item, plan: PartPlan, number: int) -> None:
        """Send one part. Raises ClientError, OSError."""
        start = (number - 1) * plan.part_size
        length = min(plan.part_size, item.file.size - start)
        item.file.ensure_unchanged()
        wanted = {"parts": [{"number": number, "sha256": hash_range(item.file.path, start, length)}]}
        for last in (False, True):
            (row,) = self._connection.ask("POST", f"files/{item.file_id}/sign", body=wanted)["parts"]
            if self._put(item, Put.read(row), start, length, last=last):
                return

    def complete(self, item: Item) -> None:
        """Have S3 join the parts. Raises ClientError, OSError."""
        item.file.ensure_unchanged()
        self._connection.ask("POST", f"files/{item.file_id}/complete", body={})

    def _sign_put(self, item: Item) -> Put:
        put = self._sign(item.file_id).put
        if put is None:
            raise TransferError("The API does not take this file in one piece.")
        return put

    def _sign(self, file_id: str) -> Reserved:
        return Reserved.read(self._connection.ask("POST", f"files/{file_id}/sign", body={}))

    def _put(self, item: Item, put: Put, start: int, length: int, *, last: bool = False) -> bool:
        """Send bytes. Return False where another signature may help."""
        out = 0

        def body() -> Iterator[bytes]:
            nonlocal out
            self._moved(-out)
            out = 0
            for block in read_blocks(item.file.path, start, length):
                if self._connection.retry.stopped:
                    raise UnreachableError("Stopped.")
                yield block
                out += len(block)
                with self._lock:
                    self.bytes_sent += len(block)
                self._moved(len(block))

        answer = self._connection.put(put, length, body)
        # S3 takes a body once: 412 says that it has it, and only the bytes with the signed checksum can be there.
        if answer.is_success or answer.status_code == 412:
            return True
        self._moved(-out)
        code = _read_error_code(answer)
        if code in _OTHER_BYTES:
            raise FileChangedError(f"{item.file.path} changed while it was being sent.")
        if last:
            raise TransferError(f"S3 did not accept the file: {code or answer.status_code}.")
        return False


def _read_error_code(answer: httpx.Response) -> str:
    """Return the code of S3's error document."""
    try:
        return ElementTree.fromstring(answer.content).findtext("Code") or ""  # noqa: S314 - From S3, over TLS.
    except ElementTree.ParseError:
        return ""
