"""Hostile files at the deployed stack: what becomes of each, and what every answer that shows them does."""

import contextlib
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import httpx

from tests.attack.hostile_samples import SAMPLES, TEXTS, Sample, values
from tests.attack.report import Attack
from tests.attack.shown import faults
from tests.attack.things import send
from tests.attack.world import World
from tests.emulator.partner import SETTLED
from tests.waiting import until

NAME = "hostile files"
LEAST = 45

PATIENCE_S = 120
FOLLOWS_WITHIN_S = 30
"""How long an archive's verdict may take to follow its entries'."""

Judged = dict[str, dict[str, Any]]


def attack(world: World, report: Attack, *, short: bool) -> None:
    chosen = {name: sample for name, sample in SAMPLES.items() if sample.small or not short}
    with world.partner(world.all_scopes) as partner:
        upload_id = _sent(partner, {f"{name}.bin": sample.make() for name, sample in chosen.items()})
        judged = _verdicts(partner, upload_id)
        for name, file in _follow(partner, judged, chosen).items():
            _expect(report, name, chosen[name], file)
        shown = _sent(partner, _named(), reference=TEXTS["handler"], note="".join(TEXTS.values()))
        ids = _verdicts(partner, shown)
        for what, answer in _answers(world, partner, shown, ids.values()):
            found = faults(answer)
            report.expect(not found, f"{what} ({answer.status_code}): {', '.join(found[:3])}")


def _named() -> Mapping[str, bytes]:
    """Return files whose names are hostile; half of them are images with hostile values."""
    named: dict[str, bytes] = {}
    for number, (what, value) in enumerate(TEXTS.items()):
        name = value.replace("/", "\u2215")
        named[f"{name}.dcm" if number % 2 else name] = values(f"named {what}", value) if number % 2 else b"no image"
    return named


def _sent(partner: httpx.Client, files: Mapping[str, bytes], **fields: str) -> str:
    declared = [{"name": n, "size": len(d), "sha256": hashlib.sha256(d).hexdigest()} for n, d in files.items()]
    answer = partner.post("/api/v1/uploads", json={"files": declared, **fields})
    assert answer.status_code == 201, f"an announcement was answered with {answer.status_code}"
    upload = answer.json()
    for file, data in zip(upload["files"], files.values(), strict=True):
        send(file["put"], data).raise_for_status()
    upload_id: str = upload["upload_id"]
    return upload_id


def _verdicts(partner: httpx.Client, upload_id: str) -> Judged:
    def settled() -> Judged | None:
        files = list(_files(partner, upload_id))
        done = all(file["state"] in SETTLED for file in files)
        return {file["name"]: file for file in files} if done else None

    return until(settled, "the verdicts on hostile files", PATIENCE_S)


def _files(partner: httpx.Client, upload_id: str) -> Iterator[dict[str, Any]]:
    asked: dict[str, str] = {}
    while True:
        page = partner.get(f"/api/v1/uploads/{upload_id}", params=asked).raise_for_status().json()
        yield from page["files"]
        if not page.get("next"):
            return
        asked = {"cursor": page["next"]}


def _follow(partner: httpx.Client, judged: Judged, chosen: Mapping[str, Sample]) -> Judged:
    """Return the files by their samples, once archives had time to follow their entries' verdicts."""
    ids = {name: judged[f"{name}.bin"]["file_id"] for name in chosen}
    archives = [name for name, sample in chosen.items() if judged[f"{name}.bin"]["kind"] == "zip" and not sample.silent]

    def refused() -> bool:
        return all(partner.get(f"/api/v1/files/{ids[name]}").json()["state"] != "accepted" for name in archives)

    with contextlib.suppress(AssertionError):
        until(refused, "archives of nothing but refused entries", FOLLOWS_WITHIN_S)
    return {name: partner.get(f"/api/v1/files/{ids[name]}").json() for name in chosen}


def _expect(report: Attack, name: str, sample: Sample, file: dict[str, Any]) -> None:
    state, told = file["state"], [found["code"] for found in file["findings"]]
    held = state == "rejected" or (state == "accepted" and (sample.silent or (sample.warned and bool(told))))
    report.expect(held, f"{name}: {state}, {', '.join(told) or 'nothing told'}")


def _answers(
    world: World, partner: httpx.Client, upload_id: str, files: Iterable[dict[str, Any]]
) -> Iterator[tuple[str, httpx.Response]]:
    """Yield every answer that shows what was sent, by where it was asked for."""
    studies = {file["metadata"].get("study_instance_uid", "") for file in files if file["metadata"]} - {""}
    ids = [file["file_id"] for file in files]
    for who, browser in (("staff", world.staff.http), ("admin", world.admin.http)):
        for path in [*_pages(upload_id, ids), *(ADMINS if who == "admin" else ())]:
            yield f"{who}: GET {path.replace(upload_id, '{upload_id}')}", browser.get(path)
    for path in _documents(upload_id, ids, studies):
        yield f"partner: GET {path.replace(upload_id, '{upload_id}')}", partner.get(path)
    receipt = partner.get(f"/api/v1/uploads/{upload_id}/receipt", headers={"accept": "text/csv"})
    yield "partner: the receipt as a table", receipt


ADMINS = ("/admin", "/admin/_dashboard", "/admin/quarantine", "/admin/stuck", "/admin/reviews", "/admin/dead-letters",
          "/admin/audit", "/admin/audit.csv", "/admin/storage", "/admin/analytics", "/admin/clinics",
          "/admin/clinics/harbour")  # fmt: skip


def _pages(upload_id: str, files: list[str]) -> Iterator[str]:
    yield from ("/", "/files", "/uploads", "/studies", "/settings/notifications", f"/upload?again={upload_id}")
    upload = f"/uploads/{upload_id}"
    yield from (upload, f"{upload}/_receipt", f"{upload}/receipt.csv", f"{upload}/trouble?cause=0%23not-dicom")
    for file_id in files:
        yield from (f"/files/{file_id}", f"/admin/quarantine/{file_id}")


def _documents(upload_id: str, files: list[str], studies: set[str]) -> Iterator[str]:
    yield from ("/api/v1/files", "/api/v1/uploads", "/api/v1/studies", "/api/v1/changes?limit=100")
    yield from (f"/api/v1/uploads/{upload_id}", f"/api/v1/uploads/{upload_id}/receipt")
    yield from (f"/api/v1/files/{file_id}" for file_id in files)
    yield from ("/dicomweb/studies", "/dicomweb/series", "/dicomweb/instances?includefield=all")
    for study in sorted(studies):
        yield from (f"/api/v1/studies/{study}", f"/dicomweb/studies/{study}/metadata")
