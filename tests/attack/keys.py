"""Objects under keys that name what another clinic reserved, and under prefixes of nobody.

Afterwards the other clinic's records are as they were, and still take their own object; what was sent is its sender's
own file; and what nobody known sent is rejected, where admins see it.
"""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from intake.files.keys import KeyedIds, child_id, file_id, new_upload_id, upload_of
from tests.attack.report import Attack
from tests.attack.things import announce, send
from tests.attack.world import CLOSED, UNKNOWN, World
from tests.dicom_files import ct_slice, uid
from tests.emulator.stacks import files_of

NAME = "keys"
LEAST = 25
PATIENCE_S = 25
"""Seconds for verdicts and projections; what has not come true by then does not."""
REJECTED_AS = "clinic-unknown"
SENDERS = "Unknown senders"


@dataclass
class Attempt:
    """An object under a key that is not its sender's to choose."""

    name: str
    key: str
    target: str
    """The victim's file that the key is about."""
    study: str
    before: dict[str, Any]
    own: tuple[dict[str, Any], bytes] | None = None
    """The victim's own way to send the target, and what it sends, while it is awaited."""


def attack(world: World, report: Attack, *, short: bool) -> None:
    attempts = list(_attempts(world, short=short))
    for attempt in attempts:
        _drop(world, attempt.key, _scan(attempt.study, "INTRUDER"))
    arrived = Patience()
    for attempt in attempts:
        _check(world, report, attempt, arrived)
    for attempt in attempts:
        if attempt.own:
            send(*attempt.own)
    settled = Patience()
    for attempt in attempts:
        if attempt.own:
            _check_own(world, report, attempt, attempt.own[1], settled)
    _drop_from_nobody(world, report, short=short)


class Patience:
    """Waits for verdicts and projections, of all attempts together: it is the report that judges what never came."""

    def __init__(self) -> None:
        self._deadline = time.monotonic() + PATIENCE_S

    def until(self, look: Callable[[], Any]) -> Any:
        """Return the first true answer, or the last one."""
        while not (answer := look()) and time.monotonic() < self._deadline:
            time.sleep(0.1)
        return answer


def _attempts(world: World, *, short: bool) -> Iterator[Attempt]:
    victim, ours = world.partner("victim"), world.own.clinic_id
    keys = _keys(ours, world.foreign.clinic_id, datetime.now(UTC))
    chosen = list(keys.items())
    for name, key_of in chosen[:: 4 if short else 1]:
        data = _scan(uid("owner", world.seed, name), "OWNER")
        file = announce(victim, {"awaited.dcm": data})["files"][0]
        yield _attempt(world, name, key_of(file["file_id"]), file["file_id"], (file["put"], data))
    ids = world.foreign.ids
    for name in ("file_id", "rejected", "multipart")[:: 2 if short else 1]:
        key = _reserved(ours, ids[name], "2026/01/01")
        yield _attempt(world, f"the {name} of what is no longer or not so awaited", key, ids[name], None)


def _attempt(world: World, name: str, key: str, target: str, own: tuple[dict[str, Any], bytes] | None) -> Attempt:
    study = uid("keys", world.seed, name, target)
    return Attempt(name, key, target, study, _record(world.partner("victim"), target), own)


def _reserved(clinic_id: str, file: str, day: str) -> str:
    return f"{clinic_id}/{day}/{upload_of(file)}/{file}"


def _keys(ours: str, theirs: str, now: datetime) -> dict[str, Callable[[str], str]]:
    """Return keys under our own prefix, by name, each made of the id of a file that the victim awaits."""
    today = f"{now:%Y/%m/%d}"
    days = {
        "today": today,
        "yesterday": f"{now - timedelta(days=1):%Y/%m/%d}",
        "another year": "2020/02/29",
        "no day": "0000/00/00",
        "the far future": "9999/99/99",
    }

    def spelt(template: str) -> Callable[[str], str]:
        return lambda file: template.format(ours=ours, theirs=theirs, day=today, upload=upload_of(file), file=file)

    dated = {f"own prefix, {name}": spelt(f"{{ours}}/{day}/{{upload}}/{{file}}") for name, day in days.items()}
    others = {
        "a later number of the upload": lambda file: _reserved(ours, file_id(upload_of(file), 7), today),
        "an archive's entry": lambda file: _reserved(ours, child_id(file, 0), today),
        "an upload of ours, a file of theirs": lambda file: f"{ours}/{today}/{new_upload_id()}/{file}",
        "a directly sent file's id": lambda file: _reserved(ours, _direct_id(theirs), today),
    }
    spellings = {
        "up and down again": "{ours}/../{theirs}/{day}/{upload}/{file}",
        "both prefixes": "{ours}/{theirs}/{day}/{upload}/{file}",
        "an empty segment": "{ours}//{day}/{upload}/{file}",
        "encoded digits": "{ours}/%32026/01/01/{upload}/{file}",
        "a plus": "{ours}/{day}/{upload}/{file}+",
        "a space at its end": "{ours}/{day}/{upload}/{file} ",
        "a line's end": "{ours}/{day}/{upload}/{file}\n",
        "a suffix": "{ours}/{day}/{upload}/{file}/x.dcm",
        "an extension": "{ours}/{day}/{upload}/{file}.dcm",
        "only the id": "{ours}/{file}",
        "id and upload": "{ours}/{upload}/{file}",
        "a dot segment": "{ours}/./{day}/{upload}/{file}",
        "full-width digits": "{ours}/２０２６/01/01/{upload}/{file}",  # noqa: RUF001 - digits that `\\d` takes
        "Arabic digits": "{ours}/٢٠٢٦/01/01/{upload}/{file}",
        "their prefix as a day": "{ours}/{theirs}/01/01/{upload}/{file}",
    }
    return dated | others | {f"own prefix, {name}": spelt(text) for name, text in spellings.items()}


def _direct_id(clinic_id: str) -> str:
    """Return an id of the form of files that were dropped into S3: nobody outside can compute a real one."""
    return KeyedIds(lambda: b"a guess").place_direct("incoming", f"{clinic_id}/x.dcm", "1", datetime.now(UTC)).file_id


def _scan(study: str, patient: str) -> bytes:
    return ct_slice(study=study, series=f"{study}.2", sop=f"{study}.3", patient_name=patient, rows=8, columns=8)


def _drop(world: World, key: str, data: bytes) -> None:
    world.stack.clients.s3.put_object(Bucket=world.stack.outputs["IncomingBucket"], Key=key, Body=data)


def _check(world: World, report: Attack, attempt: Attempt, patience: Patience) -> None:
    attacker, victim = world.partner(world.all_scopes), world.partner("victim")
    files = patience.until(lambda: _files_ofuid(attacker, attempt.study))
    own = bool(files) and all(file["clinic_id"] == world.own.clinic_id for file in files)
    own = own and not any(file["file_id"] == attempt.target for file in files)
    report.expect(own, f"{attempt.name}: what was sent is not its sender's own file")
    untouched = _record(victim, attempt.target) == attempt.before
    report.expect(untouched, f"{attempt.name}: another clinic's record was changed")
    seen = victim.get(f"/api/v1/studies/{attempt.study}").status_code != 404
    seen = seen or attacker.get(f"/api/v1/files/{attempt.target}").status_code != 404
    report.expect(not seen, f"{attempt.name}: a clinic sees what is another's")


def _check_own(world: World, report: Attack, attempt: Attempt, data: bytes, patience: Patience) -> None:
    """The victim's file is the object that the victim sent, and nothing else."""
    victim = world.partner("victim")
    settled = patience.until(lambda: _record(victim, attempt.target)["state"] == "accepted")
    answer = victim.get(f"/api/v1/files/{attempt.target}/content", headers={"accept": "application/json"})
    own = settled and answer.status_code == 200 and httpx.get(answer.json()["url"]).content == data
    report.expect(own, f"{attempt.name}: the file that was awaited does not settle with its owner's object")


def _record(client: httpx.Client, file: str) -> dict[str, Any]:
    record: dict[str, Any] = client.get(f"/api/v1/files/{file}").json()
    return record


def _files_ofuid(client: httpx.Client, study: str) -> list[dict[str, Any]]:
    files: list[dict[str, Any]] = client.get("/api/v1/files", params={"study_uid": study}).json()["files"]
    return files


def _drop_from_nobody(world: World, report: Attack, *, short: bool) -> None:
    """Drop objects under prefixes that are no active clinic's."""
    before, keys = len(_unknown_files(world)), _keys_of_nobody(world)
    chosen = keys[:: 3 if short else 1]
    for number, key in enumerate(chosen):
        _drop(world, key, _scan(uid("keys", world.seed, "nobody", number), "NOBODY"))
    Patience().until(lambda: len(_unknown_files(world)) - before >= len(chosen))
    arrived = len(_unknown_files(world)) - before
    for number, _ in enumerate(chosen):
        what = f"prefixes of nobody: {arrived} of {len(chosen)} objects are rejected as {REJECTED_AS}"
        report.expect(number < arrived, what)
    for clinic_id in (UNKNOWN, CLOSED, "unassigned", ""):
        accepted = [row for row in files_of(world.stack, clinic_id) if row["state"]["S"] == "accepted"]
        report.expect(not accepted, f"prefix {clinic_id!r}: {len(accepted)} objects of nobody's were accepted")
    page = world.admin.http.get("/admin").text + world.admin.http.get("/admin/quarantine").text
    report.expect(SENDERS in page, f"admins see no row {SENDERS!r}")


def _keys_of_nobody(world: World) -> list[str]:
    target = world.foreign.ids["waiting"]
    stamp = f"{world.seed:x}-{time.time_ns():x}"
    plain = [f"{prefix}/{stamp}.dcm" for prefix in (UNKNOWN, CLOSED, "unassigned", "Harbour", "-x-", "a" * 41)]
    reserved = [_reserved(prefix, target, "2026/01/01") for prefix in (UNKNOWN, CLOSED, "unassigned", "HILLSIDE")]
    reserved += [f"harbour%2F..%2F{reserved[-1]}", _reserved("harbour%2f", target, "2026/01/01")]
    return [*plain, *reserved, f"{stamp}.dcm", f"/{stamp}.dcm", f"{UNKNOWN}/2026/01/01/{stamp}/{stamp}"]


def _unknown_files(world: World) -> set[str]:
    """Return the ids of files that the admins' page lists as sent by nobody known."""
    page = world.admin.http.get("/admin/quarantine", params={"code": REJECTED_AS}).text
    return set(re.findall(r'"/admin/quarantine/([0-9a-z]{26}-[0-9a-z]+)"', page))
