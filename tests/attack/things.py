"""One of everything that a clinic has, every text of it a canary."""

import hashlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import httpx

from intake.files.keys import new_upload_id
from tests.attack.people import Browser
from tests.dicom_files import ct_slice, uid
from tests.emulator.partner import SETTLED
from tests.waiting import until

if TYPE_CHECKING:
    from tests.attack.world import World

BAD = b"nothing that a modality would write"


@dataclass
class Things:
    """What a clinic has."""

    clinic_id: str
    ids: dict[str, str]
    """By what they are: `upload_id`, `file_id` (accepted), `rejected`, `waiting`, `multipart`, `study_uid` …"""
    canaries: dict[str, str]
    """Texts that the clinic sent, by what they are; nobody else may ever be told one."""
    kept: dict[str, Any] = field(default_factory=dict)
    """Answers to announcements, by name."""

    def told_in(self, text: str) -> list[str]:
        """Return which canaries a text tells, by what they are."""
        lowered = text.lower()
        return [what for what, canary in self.canaries.items() if canary.lower() in lowered]


def make_things(world: "World", clinic_id: str, staff: Browser, machine: str) -> Things:
    """Have a clinic's staff and partner make one of everything, and wait until it is there."""
    partner = world.partner(machine)
    things = Things(clinic_id, {"clinic_id": clinic_id, "owner": clinic_id}, _canaries(clinic_id))
    things.ids |= {"username": staff.person.username, "client_id": world.machines[machine].client_id}
    _send(things, partner)
    _announce(things, partner)
    _expect(things, partner)
    _subscribe(things, staff, partner)
    _settle(things, partner)
    _look_up(things, staff)
    _share(things, staff)
    _order(things, staff)
    _propose(things, world.admin)
    _audit(things, world)
    return things


def _canaries(clinic_id: str) -> dict[str, str]:
    names = (
        "file name",
        "patient",
        "patient id",
        "reference",
        "note",
        "hook",
        "address",
        "study title",
        "expected exam",
    )
    return {name: f"CANARY-{name.replace(' ', '-')}-{clinic_id}" for name in names}


def scan(things: Things, study: int, instance: int) -> bytes:
    """Return an image of one of the clinic's studies, whose patient is a canary."""
    study_uid, series_uid, sop_uid = uids(things.clinic_id, study, instance)
    canaries = things.canaries
    return ct_slice(
        study=study_uid,
        series=series_uid,
        sop=sop_uid,
        patient_name=canaries["patient"],
        patient_id=canaries["patient id"],
        rows=8,
        columns=8,
    )


def uids(clinic_id: str, study: int, instance: int) -> tuple[str, str, str]:
    study_uid = uid("attack", clinic_id, study)
    return study_uid, uid(study_uid, "series"), uid(study_uid, "series", instance)


def announce(partner: httpx.Client, files: dict[str, bytes | int], **fields: str) -> dict[str, Any]:
    """Announce files by name, each by its bytes or by its size alone. Return the answer."""
    answer = partner.post("/api/v1/uploads", json={"files": [_declared(*file) for file in files.items()], **fields})
    assert answer.status_code == 201, f"an announcement was answered with {answer.status_code}"
    announced: dict[str, Any] = answer.json()
    return announced


def _declared(name: str, content: bytes | int) -> dict[str, Any]:
    if isinstance(content, int):
        return {"name": name, "size": content}
    return {"name": name, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def send(put: dict[str, Any], data: bytes) -> httpx.Response:
    """Send a file by its presigned PUT."""
    return httpx.put(put["url"], content=data, headers=put["headers"], timeout=60)


def _send(things: Things, partner: httpx.Client) -> None:
    name, canaries = things.canaries["file name"], things.canaries
    files: dict[str, bytes | int] = {
        f"{name}-1.dcm": scan(things, 1, 1),
        f"{name}-2.dcm": scan(things, 1, 2),
        f"{name}-3.dcm": scan(things, 2, 1),
        f"{name}-bad.dcm": BAD,
        f"{name}-worse.dcm": BAD * 2,
    }
    upload = announce(partner, files, reference=canaries["reference"], note=canaries["note"])
    for file, data in zip(upload["files"], files.values(), strict=True):
        assert isinstance(data, bytes)
        send(file["put"], data).raise_for_status()
    things.kept["sent"] = upload
    ids = [file["file_id"] for file in upload["files"]]
    study_uid, series_uid, instance_uid = uids(things.clinic_id, 1, 1)
    things.ids |= {"upload_id": upload["upload_id"], "file_id": ids[0], "rejected": ids[3], "proposed": ids[4]}
    things.ids |= {"study_uid": study_uid, "series_uid": series_uid, "instance_uid": instance_uid}


def _announce(things: Things, partner: httpx.Client) -> None:
    name = things.canaries["file name"]
    upload = announce(partner, {f"{name}-late.dcm": 5, f"{name}-large.dcm": 70 << 20}, reference="second")
    things.kept["waiting"] = upload
    late, large = (file["file_id"] for file in upload["files"])
    things.ids |= {"waiting_upload": upload["upload_id"], "waiting": late, "multipart": large}


def _expect(things: Things, partner: httpx.Client) -> None:
    """Have the partner expect an exam, and read its id where its owner reads it."""
    exam = {"accession_number": things.canaries["expected exam"], "description": things.canaries["expected exam"]}
    answer = partner.post("/api/v1/expected-exams", json={"exams": [exam]})
    assert answer.status_code == 200, f"an expected exam was answered with {answer.status_code}"

    def listed() -> list[dict[str, Any]]:
        exams: list[dict[str, Any]] = partner.get("/api/v1/expected-exams").json()["exams"]
        return exams

    things.ids["expected_id"] = until(listed, "the expected exams", 30)[0]["expected_id"]


def _subscribe(things: Things, staff: Browser, partner: httpx.Client) -> None:
    url = f"http://127.0.0.1:9/{things.canaries['hook']}"
    hook = partner.post("/api/v1/webhooks", json={"url": url, "events": ["file.rejected"]})
    assert hook.status_code == 201, f"a webhook was answered with {hook.status_code}"
    things.ids["webhook_id"] = hook.json()["webhook_id"]
    page, email = f"/settings/notifications/{things.clinic_id}", f"{things.canaries['address']}@attack.example"
    staff.post(page, data={"email": email, "kinds": "file.rejected"})
    found = re.search(rf'"{page}/([^"/]+)/remove"', staff.http.get(page).text)
    assert found, "an address that was added is not on its page"
    things.ids["subscription_id"] = found[1]


def _settle(things: Things, partner: httpx.Client) -> None:
    def settled() -> bool:
        files = partner.get(f"/api/v1/uploads/{things.ids['upload_id']}").json()["files"]
        return all(file["state"] in SETTLED for file in files)

    until(settled, "the verdicts on what is attacked", 90)
    study = f"/api/v1/studies/{things.ids['study_uid']}"
    until(lambda: partner.get(study).status_code == 200, "the study that is attacked", 60)


def _look_up(things: Things, staff: Browser) -> None:
    """Read ids where their owner reads them: how they are made is not ours to know."""

    def listed() -> "re.Match[str] | None":
        return re.search(r'"/studies/([0-9a-z]{26})"', staff.http.get("/studies").text)

    things.ids["study_id"] = until(listed, "the list of studies", 60)[1]
    study = staff.http.get(f"/studies/{things.ids['study_id']}").text
    (things.ids["patient"],) = set(re.findall(r'"/patients/([0-9a-f]{40})"', study))
    search = staff.post("/files/search", data={"patient": things.canaries["patient id"]}).headers["location"]
    things.ids["search"] = parse_qs(urlsplit(search).query).get("search", [""])[0]


def _share(things: Things, staff: Browser) -> None:
    """Have the staff make a link to a study, for a doctor."""
    page = f"/studies/{things.ids['study_id']}/links"
    found = re.search(rf'"{page}/([^"/]+)/revoke"', staff.post(page, data={"days": "7"}).text)
    assert found, "a link that was made is not on its page"
    things.ids["link_id"] = found[1]


def _order(things: Things, staff: Browser) -> None:
    order = new_upload_id()
    answer = staff.post(f"/uploads/{things.ids['upload_id']}/retry", data={"order_id": order})
    assert answer.status_code == 303, f"an order was answered with {answer.status_code}"
    things.ids["order_id"] = order


def _propose(things: Things, admin: Browser) -> None:
    """Have an admin propose to accept a rejected file: a review that waits for another admin."""
    reason, chosen = "An attack's own proposal.", things.ids["proposed"]
    form = {"order_id": new_upload_id(), "scope": "selected", "file": chosen, "reason": reason}
    admin.post("/admin/quarantine/accept", data=form)


def _audit(things: Things, world: "World") -> None:
    """Have an admin compare the clinic's counts with its records."""
    headers = {"authorization": f"Bearer {world.admin.access_token}"}
    asked = {"clinic_id": things.clinic_id}
    answer = world.http_at_portal.post("/api/v1/rebuilds", json=asked, headers=headers)
    assert answer.status_code == 202, f"an audit was answered with {answer.status_code}"
    things.ids["rebuild_id"] = answer.json()["rebuild_id"]
