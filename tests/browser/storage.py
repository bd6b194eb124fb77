"""Stands in for S3 and the checks behind it: takes PUTs as they were signed, and files their verdicts at once."""

import base64
import hashlib
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from intake.files.dealing import REPLACED
from intake.files.model import FileRecord, ObjectVersion, TimelineEntry, now
from intake.files.states import State
from intake.renditions.model import RenditionRequest, rendition_key
from intake.storage.model import Presigned
from processor.judge.rules.catalogue import RULES
from processor.projection.replacements import is_open, pair
from tests.browser.phantoms import draw_phantom, read_rendition
from tests.fakes import FakePresigner, FakeRenditions, FakeRepairs, FakeTable

ALLOWED = "content-type, if-none-match, x-amz-checksum-sha256, x-amz-meta-extension"
"""What browsers may send, of that which the bucket of the stack allows."""


FILE = re.compile(r"[0-9a-z]{26}-[0-9]{5}")
NOT_DICOM = RULES["not-dicom"].finding("byte 128")


PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)


@dataclass
class StoragePresigner(FakePresigner):
    """Signs requests to `Storage`."""

    url: str = ""

    def _presign(self, method: str, target: ObjectVersion, headers: dict[str, str], query: str) -> Presigned:
        return Presigned(method, f"{self.url}/{target.key}?{query}", headers, self.clock() + timedelta(minutes=15))


@dataclass
class StorageRenditions(FakeRenditions):
    """Pictures that lie in `Storage`."""

    url: str = ""

    def sign(self, request: RenditionRequest, edge: int) -> str:
        return f"{self.url}/{rendition_key(request, edge)}"


@dataclass
class Storage:
    """What arrived, and how the next requests fare."""

    table: FakeTable
    presigner: StoragePresigner
    renditions: StorageRenditions
    taken: dict[str, int] = field(default_factory=dict)
    """File id → bytes taken."""
    lose: int = 0
    """How many of the next requests fail as if the network were gone."""
    refuse: int = 0
    """How many of the next requests are refused, as if their bytes were not those that were announced."""
    hold_after: int | None = None
    """After so many more requests were taken, the next ones wait."""
    contents: dict[str, bytes] = field(default_factory=dict)
    """Key → what is given of an object; others are one picture."""
    gone: set[str] = field(default_factory=set)
    """Keys of objects that are not given."""
    cut: set[str] = field(default_factory=set)
    """Keys of objects whose next download breaks off halfway."""
    lapse: int = 0
    """How many of the next downloads have addresses that have lapsed."""
    asked: list[tuple[str, str]] = field(default_factory=list)
    """Key and range of each download."""
    open: threading.Event = field(default_factory=threading.Event)
    """Requests wait until this is set."""

    def put(self, path: str, headers: dict[str, str], body: bytes) -> int:
        """Take an object or a part as S3 does, and return the status."""
        query = parse_qs(urlsplit(path).query)
        digest, signed = hashlib.sha256(body), headers.get("x-amz-checksum-sha256")
        if signed not in (None, base64.b64encode(digest.digest()).decode()):
            return 400
        if query["size"] != [str(len(body))]:
            return 403
        found = FILE.search(path)
        assert found is not None
        self.taken[found[0]] = self.taken.get(found[0], 0) + len(body)
        if "uploadId" in query:
            self.presigner.hold(query["uploadId"][0], int(query["partNumber"][0]), len(body), digest.hexdigest())
        else:
            self._judge(found[0], body)
        return 200

    def _judge(self, file_id: str, body: bytes) -> None:
        good = body[128:132] == b"DICM"
        self.table.files[file_id] = replace(
            self.table.files[file_id],
            state=State.ACCEPTED if good else State.REJECTED,
            findings=() if good else (NOT_DICOM,),
            kind="dicom" if good else "unknown",
            updated_at=now(),
        )
        self._link(self.table.files[file_id])

    def _link(self, sent: FileRecord) -> None:
        """Tell of what was sent in place of which file, as the projector does."""
        opened = [record for record in self.table.files_of(sent.upload_id) if is_open(record)]
        for old, new in pair(opened, [sent], is_whole=True):
            step = TimelineEntry(now(), "processor", REPLACED, new.file_id)
            FakeRepairs(self.table).replace(old, new.file_id, step)


@contextmanager
def storage_server(table: FakeTable) -> Iterator[Storage]:
    """Serve until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    presigner = StoragePresigner(url=f"http://localhost:{server.server_address[1]}")
    storage = Storage(table, presigner, StorageRenditions(url=presigner.url))
    storage.open.set()
    server.storage = storage  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield storage
    finally:
        storage.open.set()
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)


class _Handler(BaseHTTPRequestHandler):
    """Speaks as much HTTP as the uploader needs."""

    protocol_version = "HTTP/1.1"

    def do_OPTIONS(self) -> None:
        self._answer(204)

    def do_PUT(self) -> None:
        storage: Storage = self.server.storage  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers["Content-Length"]))
        storage.open.wait(20)
        if storage.lose:
            storage.lose -= 1
            self.close_connection = True
            return
        if storage.refuse:
            storage.refuse -= 1
            self._answer(400)
            return
        status = storage.put(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
        if storage.hold_after is not None:
            storage.hold_after -= 1
            if storage.hold_after == 0:
                storage.open.clear()
        self._answer(status)

    def do_GET(self) -> None:
        """Give an object, or show one picture, whichever is asked for."""
        storage: Storage = self.server.storage  # type: ignore[attr-defined]
        key = urlsplit(self.path).path.lstrip("/")
        if key in storage.contents:
            self._give(storage, key)
            return
        if key.endswith(".webp"):
            self._show(draw_phantom(*read_rendition(key)), "image/webp")
            return
        self._show(PICTURE, "image/png")

    def _show(self, picture: bytes, media_type: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(picture)))
        self.end_headers()
        self.wfile.write(picture)

    def _give(self, storage: Storage, key: str) -> None:
        whole, asked = storage.contents[key], self.headers["Range"] or ""
        storage.asked.append((key, asked))
        storage.open.wait(20)
        if storage.lapse or key in storage.gone:
            status, storage.lapse = (403 if storage.lapse else 404), max(0, storage.lapse - 1)
            self._answer(status)
            return
        body = whole[int(asked.removeprefix("bytes=").rstrip("-") or 0) :]
        self.send_response(206 if asked else 200)
        self.send_header("Access-Control-Allow-Origin", "*")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if key in storage.cut:
            storage.cut.discard(key)
            self.wfile.write(body[: len(body) // 2])
            self.close_connection = True
            return
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Access-Control-Allow-Origin", "*")
        self.send_header("Access-Control-Allow-Methods", "PUT, GET")
        self.send_header("Access-Control-Allow-Headers", ALLOWED)
        self.send_header("Content-Length", "0")
        self.end_headers()
