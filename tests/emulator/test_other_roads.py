"""One study by four roads: as explicit and implicit files, by STOW, and in an archive; then one slice is another image.

Each image is accepted once, and told three times that it was there before. The changed slice waits for a review, which
lets it take the first one's place.
"""

import shutil
import subprocess

import httpx
import pytest

from intake.files.model import now
from intake.orders.model import Answer, Review, Task
from intake.records.records import DynamoRecords
from intake.table.table import Table
from intake.tenants.dynamodb import DynamoDirectory
from intake.tenants.model import Clinic
from tests.archives import a_study, zipped
from tests.dicom_files import ct_slice, part10, uid
from tests.emulator.partner import PartnerClient
from tests.emulator.test_work_lists import Admins
from tests.waiting import until

pytestmark = pytest.mark.emulator

COUNT = 8
DICOM = "multipart/related; type=application/dicom"
BOUNDARY = "another-road"


@pytest.fixture(scope="module")
def partner(stack, api_url):
    with PartnerClient.of(stack, api_url) as partner:
        yield partner


def _implicit(files, folder):
    """Return the files as dcmtk writes them with implicit VR, group lengths and padding; or as we do without it."""
    converted = {}
    for number, (name, data) in enumerate(files.items()):
        one, other = folder / f"{number}.dcm", folder / f"{number}.implicit.dcm"
        one.write_bytes(data)
        subprocess.run(["dcmconv", "+ti", "+g", "+p", "512", "64", one, other], check=True)
        converted[name] = other.read_bytes()
    return converted


def _other_meta(data):
    """Return a file with another file meta information, as another archive would write it."""
    body = data[data.index(b"\x08\0\x05\0CS") :]
    return part10(body, sop=uid("another archive"), preamble=b"II*\0".ljust(128, b"\0"))


def _stored(partner, files):
    parts = [
        f"--{BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n".encode() + data + b"\r\n" for data in files.values()
    ]
    answer = partner.http.post(
        "/dicomweb/studies",
        content=b"".join(parts) + f"--{BOUNDARY}--\r\n".encode(),
        headers={
            "Content-Type": f'multipart/related; type="application/dicom"; boundary={BOUNDARY}',
            "Accept": "application/dicom+json",
        },
    )
    assert answer.status_code in {200, 202}, answer.text
    upload_id = answer.headers["location"].rpartition("/")[2]
    return answer.json(), list(partner.files_of(upload_id))


def _sent(partner, files):
    upload = partner.upload(files)["upload_id"]
    return [partner.file(verdict["file_id"]) for verdict in partner.verdicts(upload).values()]


def _instances(partner, study):
    (found,) = partner.http.get("/dicomweb/studies", params={"StudyInstanceUID": study}).json()
    return found["00201208"]["Value"][0]


@pytest.mark.skipif(not shutil.which("dcmconv"), reason="dcmtk is not installed")
def test_a_study_that_comes_by_four_roads_is_accepted_once(stack, partner, tmp_path):
    files = a_study("other roads", COUNT)
    study = uid("other roads")

    first = _sent(partner, files)
    implicit = _sent(partner, _implicit(files, tmp_path))
    answered, stored = _stored(partner, {name: _other_meta(data) for name, data in files.items()})
    archive = _sent(partner, {"cd.zip": zipped({name: _other_meta(data) for name, data in files.items()})})

    assert [(file["state"], file["duplicate_of"], file["findings"]) for file in first] == [
        ("accepted", None, [])
    ] * COUNT
    assert [file["state"] for file in implicit] == ["accepted"] * COUNT
    assert {file["duplicate_of"] for file in implicit} == {file["file_id"] for file in first}
    assert all("rewrapped" in [found["code"] for found in file["findings"]] for file in implicit)
    assert [item["00081196"]["Value"] for item in answered["00081199"]["Value"]] == [[0xB000]] * COUNT
    assert {file["duplicate_of"] for file in stored} == {file["file_id"] for file in first}
    entries = until(lambda: _entries(partner, archive[0]["upload_id"]), "the archive's entries", 60)
    assert [file["state"] for file in entries] == ["accepted"] * COUNT
    assert {file["duplicate_of"] for file in entries} == {file["file_id"] for file in first}
    assert _instances(partner, study) == COUNT
    rows = partner.http.get("/api/v1/files", params={"state": "rejected"}).json()["files"]
    assert [row for row in rows if row["name"] in files] == []
    pages = stack.clients.s3.get_paginator("list_objects_v2").paginate(Bucket=stack.outputs["AcceptedBucket"])
    held = [row for page in pages for row in page.get("Contents", [])]
    ours = {file["upload_id"] for file in (*first, *implicit, *stored, *entries)}
    assert sum(any(upload in row["Key"] for upload in ours) for row in held) == COUNT + 1  # And the archive itself.


def _entries(partner, upload_id):
    files = [file for file in partner.files_of(upload_id) if file["parent"]]
    return files if len(files) == COUNT and all(file["state"] != "awaiting_upload" for file in files) else None


def test_another_image_under_a_known_uid_is_held_linked_and_named(stack, partner):
    names = {"study": uid("changed road"), "series": uid("changed road", "series"), "rows": 8, "columns": 8}
    directory = DynamoDirectory(Table(stack.clients.dynamodb, stack.outputs["Table"]))
    (first,) = _sent(partner, {"one.dcm": ct_slice(**names)})
    changed = bytearray(ct_slice(**names))
    changed[-1] ^= 1

    (held,) = _sent(partner, {"two.dcm": bytes(changed)})

    assert (held["state"], held["codes"]) == ("rejected", ["sop-instance-conflict"])
    assert (held["conflicts_with"], held["duplicate_of"]) == (first["file_id"], None)
    assert held["findings"][-1]["where"] == "(7FE0,0010) PixelData"
    assert held["timeline"][-1]["detail"] == "sop-instance-conflict"
    assert _instances(partner, names["study"]) == 1

    _let_in(Admins(stack), held)
    former, taken = partner.file(first["file_id"]), partner.file(held["file_id"])
    assert (former["state"], former["superseded_by"]) == ("accepted", held["file_id"])
    assert (taken["state"], taken["conflicts_with"]) == ("accepted", first["file_id"])
    (told,) = until(lambda: _addresses(partner, names["study"]), "the study to have one instance")
    assert _instances(partner, names["study"]) == 1
    fetched = partner.http.get(httpx.URL(told).path, headers={"Accept": DICOM}).raise_for_status()
    assert bytes(changed) in fetched.content

    directory.save_clinic(Clinic("strictside", "Strictside"))
    directory.save_profile("strictside", {"conflicts": "reject"})
    records = DynamoRecords(Table(stack.clients.dynamodb, stack.outputs["Table"]))
    for number, data in enumerate((ct_slice(**names), bytes(changed))):
        stack.clients.s3.put_object(Bucket=stack.outputs["IncomingBucket"], Key=f"strictside/{number}.dcm", Body=data)
        rows = until(lambda number=number: _listed(records, number + 1), "the files of a clinic that refuses")
    assert {row.codes for row in rows} == {(), ("sop-instance-refused",)}


def _let_in(admins, held):
    review = Review(
        file_id=held["file_id"],
        clinic_id=held["clinic_id"],
        codes=tuple(held["codes"]),
        reason="The corrected one.",
        proposed_by="admin-1",
        proposed_by_name="Ada",
        proposed_at=now(),
    )
    admins.reviews.propose(review)
    admins.reviews.decide(review, confirmed=True, by="admin-2", name="Grace", at=now())
    answers = admins.order(Task.ACCEPT, actor="admin-2", file_ids=(held["file_id"],)).answers
    assert answers == {Answer.ACCEPTED: 1}


def _addresses(partner, study):
    """Return where the study's instances are, once it is counted that there is one."""
    rows = partner.http.get("/dicomweb/instances", params={"StudyInstanceUID": study}).json()
    return [row["00081190"]["Value"][0] for row in rows] if _instances(partner, study) == 1 else None


def _listed(records, count):
    rows = records.files("strictside", None, None, None, 10).rows
    return rows if len(rows) == count else None
