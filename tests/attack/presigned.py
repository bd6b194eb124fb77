"""Presigned requests, tampered with in every part: what was signed is what S3 takes, and nothing else.

The emulator checks signatures of presigned requests and, without `AUTH`, neither unsigned requests nor headers that
were added unsigned: these cases are told as NOT ENFORCED HERE and not counted, and counted where they are enforced
(`tests/emulator/strict/test_presigned.py`).
"""

import base64
import hashlib
import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import httpx

from infra.local import LocalStack
from tests.attack.report import Attack
from tests.attack.world import World
from tests.dicom_files import ct_slice, uid
from tests.waiting import until

NAME = "presigned tampering"
LEAST = 24

BODY = b"What was announced and signed, and nothing else."
OTHER = BODY[:-1] + b"!"
TAKEN = range(200, 300)


@dataclass(frozen=True, slots=True)
class Signed:
    """A presigned request, as its holder may change it."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def query(self, **changes: str | None) -> "Signed":
        """Return the request with parameters of its query changed, added or (None) left out."""
        parts = urlsplit(self.url)
        names = {name.replace("_", "-"): value for name, value in changes.items()}
        kept = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name not in names]
        query = [*kept, *((name, value) for name, value in names.items() if value is not None)]
        return replace(self, url=parts._replace(query=urlencode(query, quote_via=quote)).geturl())

    def path(self, change: Callable[[str], str]) -> "Signed":
        parts = urlsplit(self.url)
        return replace(self, url=parts._replace(path=change(parts.path)).geturl())

    def header(self, name: str, value: str | None) -> "Signed":
        others = {each: given for each, given in self.headers.items() if each.lower() != name.lower()}
        return replace(self, headers=others if value is None else {**others, name: value})

    def parameter(self, name: str) -> str:
        return dict(parse_qsl(urlsplit(self.url).query)).get(name, "")


Change = Callable[[Signed], Signed]


@dataclass(frozen=True, slots=True)
class Case:
    """A way to tamper."""

    name: str
    change: Change
    enforced: bool = True
    """False where the emulator without `AUTH` asks for nothing."""


def checksum(data: bytes) -> str:
    return base64.b64encode(hashlib.sha256(data).digest()).decode()


def _flipped(signed: Signed, place: int) -> Signed:
    signature = signed.parameter("X-Amz-Signature")
    changed = "0" if signature[place] != "0" else "1"
    return signed.query(X_Amz_Signature=signature[:place] + changed + signature[place + 1 :])


def common(other: Signed) -> Iterator[Case]:
    """Yield what may be done to any presigned request; `other` is one of another clinic's."""
    for place in (0, 31, 63):
        yield Case(f"bit of the signature, character {place}", lambda it, at=place: _flipped(it, at))
    yield Case("signature dropped", lambda it: it.query(X_Amz_Signature=None), enforced=False)
    yield Case("signature of another request", lambda it: it.query(X_Amz_Signature=other.parameter("X-Amz-Signature")))
    yield Case("expiry stretched", lambda it: it.query(X_Amz_Expires="604800"))
    yield Case("after its expiry", lambda it: it.query(X_Amz_Date="20200101T000000Z"))
    yield Case("date moved on", lambda it: it.query(X_Amz_Date="20991231T235959Z"))
    yield Case("fewer signed headers", lambda it: it.query(**{"X-Amz-SignedHeaders": "host"}).query(x="1"))
    yield Case("key of another clinic's", lambda it: it.path(lambda _: urlsplit(other.url).path))
    yield Case("key with an end", lambda it: it.path(lambda path: path + "x"))
    yield Case("key that climbs", lambda it: it.path(lambda path: path.replace("harbour/", "harbour/../hillside/")))
    yield Case("no query at all", lambda it: replace(it, url=it.url.split("?")[0]), enforced=False)


def puts(buckets: Mapping[str, str], other: Signed) -> Iterator[Case]:
    """Yield what may be done to a file's PUT."""
    yield Case("longer body", lambda it: replace(it, body=BODY + b"x"))
    yield Case("shorter body", lambda it: replace(it, body=BODY[:-1]))
    yield Case("no body", lambda it: replace(it, body=b""))
    yield Case("other bytes of the same length", lambda it: replace(it, body=OTHER))
    yield Case(
        "other bytes and their checksum",
        lambda it: replace(it, body=OTHER).header("x-amz-checksum-sha256", checksum(OTHER)),
    )
    yield Case("other bytes, no checksum", lambda it: replace(it, body=OTHER).header("x-amz-checksum-sha256", None))
    yield Case("no checksum", lambda it: it.header("x-amz-checksum-sha256", None))
    yield Case("another type", lambda it: it.header("Content-Type", "text/html"))
    yield Case("no type", lambda it: it.header("Content-Type", None))
    yield Case("no condition", lambda it: it.header("If-None-Match", None))
    yield Case("another condition", lambda it: it.header("If-None-Match", '"x"'))
    yield Case("another declared digest", lambda it: it.header("x-amz-meta-sha256", "0" * 64))
    yield Case("another declared extension", lambda it: it.header("x-amz-meta-extension", "zip"))
    yield Case("no declared facts", lambda it: it.header("x-amz-meta-sha256", None))
    for method in ("GET", "DELETE", "POST", "HEAD"):
        yield Case(f"method {method}", lambda it, method=method: replace(it, method=method, body=b""))
    for name, bucket in buckets.items():
        yield Case(
            f"bucket {name}",
            lambda it, to=bucket: it.path(lambda path: re.sub(r"^/[^/]+", f"/{to}", path)),
        )
    for query in ("acl", "tagging", "uploads", "retention"):
        yield Case(f"query ?{query}", lambda it, query=query: it.query(**{query: ""}))
    for header, value in (
        ("x-amz-tagging", "GuardDutyMalwareScanStatus=NO_THREATS_FOUND"),
        ("x-amz-acl", "public-read"),
        ("x-amz-meta-other", "x"),
        ("x-amz-storage-class", "GLACIER"),
    ):
        yield Case(f"unsigned {header}", lambda it, h=header, v=value: it.header(h, v), enforced=False)


def parts(of_other: str) -> Iterator[Case]:
    """Yield what may be done to a part's PUT; `of_other` is another clinic's multipart upload."""
    yield Case("another part number", lambda it: it.query(partNumber="2"))
    yield Case("another clinic's multipart upload", lambda it: it.query(uploadId=of_other))
    yield Case("no multipart upload", lambda it: it.query(uploadId=None, partNumber=None))
    yield Case("longer part", lambda it: replace(it, body=BODY + b"x"))
    yield Case("other bytes in a part", lambda it: replace(it, body=OTHER))
    yield Case(
        "other bytes and their checksum in a part",
        lambda it: replace(it, body=OTHER).header("x-amz-checksum-sha256", checksum(OTHER)),
    )
    yield Case("no checksum of a part", lambda it: it.header("x-amz-checksum-sha256", None))
    yield Case(
        "the multipart upload is ended", lambda it: replace(it, method="DELETE", body=b"").query(partNumber=None)
    )


def gets() -> Iterator[Case]:
    """Yield what may be done to a download."""
    yield Case("another version", lambda it: it.query(versionId="null"))
    yield Case("no version", lambda it: it.query(versionId=None))
    yield Case("shown in the browser", lambda it: it.query(**{"response-content-disposition": "inline"}))
    yield Case("another type of a download", lambda it: it.query(**{"response-content-type": "text/html"}))
    yield Case("a download that deletes", lambda it: replace(it, method="DELETE"))
    yield Case("a download that overwrites", lambda it: replace(it, method="PUT", body=BODY))


@dataclass
class Tampering:
    """The holder of presigned requests, and another clinic whose requests are known."""

    holder: httpx.Client
    other: httpx.Client
    stack: LocalStack
    report: Attack
    everything_enforced: bool = False
    unenforced: list[str] = field(default_factory=list)

    def run(self) -> None:
        with httpx.Client(timeout=60, follow_redirects=False) as self.s3:
            names = ("accepted", "quarantine", "logs")
            buckets = {name: self.stack.outputs[f"{name.title()}Bucket"] for name in names}
            foreign = _put(_announced(self.other, 1)[0])
            cases = [*common(foreign), *puts(buckets, foreign)]
            fresh = map(_put, _announced(self.holder, len(cases) + 1))
            for case, signed in zip(cases, fresh, strict=False):
                self._try("PUT", case, signed)
            self._second_body(next(fresh))
            self._parts(foreign)
            self._gets(foreign)
            self._restated()

    def _restated(self) -> None:
        """Tell loudly what the emulator let pass because it checks nothing there."""
        if self.unenforced:
            self.report.note(f"NOT ENFORCED HERE, and so not counted: {'; '.join(self.unenforced)}")

    def _try(self, what: str, case: Case, signed: Signed) -> None:
        changed = case.change(signed)
        answer = self.s3.request(changed.method, changed.url, content=changed.body, headers=dict(changed.headers))
        if not (case.enforced or self.everything_enforced) and answer.status_code in TAKEN:
            self.unenforced.append(f"{what}, {case.name}")
            return
        self.report.expect(answer.status_code not in TAKEN, f"{what}, {case.name}: {answer.status_code}")
        if answer.status_code >= 500 and answer.status_code != 501:
            self.report.breach(f"{what}, {case.name}: {answer.status_code}")

    def _second_body(self, signed: Signed) -> None:
        sent = [self.s3.put(signed.url, content=BODY, headers=dict(signed.headers)).status_code for _ in range(2)]
        self.report.expect(sent[0] == 200, f"PUT as it was signed: {sent[0]}, so nothing is proven")
        self.report.expect(sent[1] == 412, f"PUT, a second body: {sent[1]}")

    def _parts(self, foreign: Signed) -> None:
        mine, theirs = (_announced(client, 1, size=70 << 20)[0] for client in (self.holder, self.other))
        signed, of_other = _part(self.holder, mine["file_id"]), _part(self.other, theirs["file_id"])
        for case in [*common(of_other), *parts(of_other.parameter("uploadId"))]:
            self._try("part", case, signed)
        sent = self.s3.put(signed.url, content=BODY, headers=dict(signed.headers))
        self.report.expect(sent.status_code not in TAKEN, f"a part that is shorter than planned: {sent.status_code}")

    def _gets(self, foreign: Signed) -> None:
        signed = Signed("GET", _download(self.holder, self.s3))
        for case in itertools.chain(common(foreign), gets()):
            self._try("download", case, signed)
        answer = self.s3.get(signed.url)
        self.report.expect(answer.status_code == 200, f"a download as it was signed: {answer.status_code}")


def attack(world: World, report: Attack, *, short: bool) -> None:
    with world.partner(world.all_scopes) as holder, world.partner("victim") as other:
        Tampering(holder, other, world.stack, report).run()


def _announced(partner: httpx.Client, count: int, size: int | None = None) -> list[dict[str, Any]]:
    sha256 = {} if size else {"sha256": hashlib.sha256(BODY).hexdigest()}
    files = [{"name": f"{n}.dcm", "size": size or len(BODY), **sha256} for n in range(count)]
    answer = partner.post("/api/v1/uploads", json={"files": files})
    assert answer.status_code == 201, f"an announcement was answered with {answer.status_code}"
    announced: list[dict[str, Any]] = answer.json()["files"]
    return announced


def _put(file: dict[str, Any]) -> Signed:
    return Signed("PUT", file["put"]["url"], file["put"]["headers"], BODY)


def _part(partner: httpx.Client, file_id: str) -> Signed:
    wanted = {"parts": [{"number": 1, "sha256": hashlib.sha256(BODY).hexdigest()}]}
    (part,) = partner.post(f"/api/v1/files/{file_id}/sign", json=wanted).json()["parts"]
    return Signed("PUT", part["url"], part["headers"], BODY)


def _download(partner: httpx.Client, s3: httpx.Client) -> str:
    """Return the address of a file that was accepted: the smallest picture of a page there is."""
    data = ct_slice(study=uid("presigned"), rows=8, columns=8)
    declared = {"name": "a.dcm", "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    (file,) = partner.post("/api/v1/uploads", json={"files": [declared]}).json()["files"]
    s3.put(file["put"]["url"], content=data, headers=file["put"]["headers"]).raise_for_status()
    content = f"/api/v1/files/{file['file_id']}/content"

    def address() -> str | None:
        answer = partner.get(content)
        return answer.headers.get("location") if answer.status_code < 400 else None

    return until(address, "the download of an accepted file", 60)
