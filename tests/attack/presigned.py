"""Presigned requests, tampered with in every part: what was signed is what S3 takes, and nothing else.

The emulator checks signatures of presigned requests. It takes unsigned requests unless it runs with `AUTH`
(`tests/emulator/strict/test_presigned.py`), and headers that were added unsigned in any case: what was let pass so is
told as NOT ENFORCED HERE and not counted.
"""

import hashlib
import itertools
from dataclasses import dataclass, field
from typing import Any

import httpx

from infra.local.stack import LocalStack
from tests.attack.report import Attack
from tests.attack.tampering import BODY, Case, Signed, common, gets, parts, puts
from tests.attack.world import World
from tests.dicom_files import ct_slice, uid
from tests.waiting import until

NAME = "presigned tampering"
LEAST = 24

TAKEN = range(200, 300)


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
        unasked = case.only_aws or not (case.enforced or self.everything_enforced)
        if unasked and answer.status_code in TAKEN:
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
