"""The world around a partner's client: the portal on fakes, a token endpoint, and an S3 that judges what arrives."""

import base64
import hashlib
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import httpx
from fastapi.testclient import TestClient

from intake.files.model import FileRecord, ObjectVersion
from intake.files.outcomes import Outcome
from intake.files.states import State
from intake.projections.model import FeedEntry
from scalper import Client
from tests.records import REFUSAL, a_verdict
from tests.unit.portal.pool import partner_token
from tests.unit.portal.portal_fixture import Portal
from tests.wired_portal import ORIGIN

SECRET = "open sesame"

Fault = Callable[[httpx.Request], httpx.Response | None]


class World:
    """Answers a client's requests. `before` and `after` may answer instead, or raise as a broken line does."""

    def __init__(self) -> None:
        self.portal = Portal()
        self.requests: Counter[str] = Counter()
        """How often each was asked, as `PUT s3`, `POST /api/v1/uploads`, `POST token`."""
        self.objects: dict[str, bytes] = {}
        self.before: Fault = lambda _request: None
        self.after: Fault = lambda _request: None
        self.rejects: Callable[[bytes], bool] = lambda data: data.startswith(b"bad")
        self.pauses: list[float] = []
        self._parts: dict[tuple[str, int], bytes] = {}
        self._lock = threading.Lock()

    def client(self, secret: str = SECRET) -> Client:
        client = Client(ORIGIN, "partner-1", secret, transport=httpx.MockTransport(self._answer))
        client.connection.retry._pause = self.pauses.append
        return client

    def record(self, name: str) -> FileRecord:
        (found,) = [record for record in self.portal.table.files.values() if record.name == name]
        return found

    def _answer(self, request: httpx.Request) -> httpx.Response:
        request.read()
        with self._lock:
            self.requests[f"{request.method} {_place(request)}"] += 1
            return self.before(request) or self._given(request)

    def _given(self, request: httpx.Request) -> httpx.Response:
        place = _place(request)
        answer = {"token": self._token, "s3": self._s3}.get(place, self._api)(request)
        return self.after(request) or answer

    def _token(self, request: httpx.Request) -> httpx.Response:
        told = base64.b64decode(request.headers["authorization"].removeprefix("Basic ")).decode()
        if told != f"partner-1:{SECRET}":
            return httpx.Response(400, json={"error": "invalid_client"})
        return httpx.Response(200, json={"access_token": partner_token(), "expires_in": 3600})

    def _api(self, request: httpx.Request) -> httpx.Response:
        # The application's own client is of another library's making.
        headers = {name: value for name, value in request.headers.items() if name != "host"}
        # It unpacks answers and leaves the header that says they are packed: the client under test would try again.
        headers["accept-encoding"] = "identity"
        target = request.url.raw_path.decode()
        inner = TestClient(self.portal.app, base_url=ORIGIN, follow_redirects=False)
        answer = inner.request(request.method, target, content=request.content, headers=headers)
        if target.endswith("/complete") and answer.is_success:
            self._join(answer.json()["file_id"])
        return httpx.Response(answer.status_code, headers=dict(answer.headers), content=answer.content)

    def _s3(self, request: httpx.Request) -> httpx.Response:
        key, query = request.url.path.lstrip("/"), request.url.params
        if request.method == "GET":
            start = int(request.headers.get("range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
            return httpx.Response(206 if start else 200, content=self.objects[key][start:])
        if len(request.content) != int(query["size"]):
            return httpx.Response(403, text="<Error><Code>SignatureDoesNotMatch</Code></Error>")
        digest = base64.b64encode(hashlib.sha256(request.content).digest()).decode()
        if request.headers.get("x-amz-checksum-sha256") != digest:
            return httpx.Response(400, text="<Error><Code>BadDigest</Code></Error>")
        if "partNumber" in query:
            number = int(query["partNumber"])
            self._parts[key, number] = request.content
            self.portal.presigner.hold(query["uploadId"], number, len(request.content))
        elif key in self.objects:
            return httpx.Response(412)
        else:
            self._arrive(key, request.content)
        return httpx.Response(200)

    def _join(self, file_id: str) -> None:
        key = self.portal.table.files[file_id].incoming.key
        numbers = sorted(number for held, number in self._parts if held == key)
        self._arrive(key, b"".join(self._parts[key, number] for number in numbers))

    def _arrive(self, key: str, data: bytes) -> None:
        self.objects[key] = data
        self.portal.presigner.arrived.add(key)
        (record,) = [record for record in self.portal.table.files.values() if record.incoming.key == key]
        verdict = a_verdict(record, size=len(data), sha256=hashlib.sha256(data).hexdigest())
        verdict = replace(verdict, stored=ObjectVersion("accepted", key, "v1"))
        if self.rejects(data):
            verdict = replace(verdict, state=State.REJECTED, findings=(REFUSAL,))
        recorded = self.portal.verdicts.record(verdict, reserved=True)
        if recorded and recorded.outcome is Outcome.DUPLICATE_BYTES:
            self.portal.verdicts.record(replace(verdict, duplicate_of=recorded.other_file_id), reserved=True)
        codes = tuple(found.code for found in verdict.findings)
        entry = FeedEntry(
            file_id=record.file_id, upload_id=record.upload_id, revision=1, before=State.AWAITING_UPLOAD,
            after=verdict.state, at=verdict.decided_at, codes=codes,
        )  # fmt: skip
        self.portal.feed.append("northside", entry)


def _place(request: httpx.Request) -> str:
    host = request.url.host
    return "s3" if host.endswith(".s3.test") else "token" if host == "sign-in.test" else request.url.path


def folder(path: Path, **files: bytes) -> Path:
    """Write files into a folder; `a_dcm=b"…"` becomes `a.dcm`."""
    path.mkdir(exist_ok=True)
    for name, data in files.items():
        (path / name.replace("_", ".")).write_bytes(data)
    return path
