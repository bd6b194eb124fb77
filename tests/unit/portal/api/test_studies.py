"""`/api/v1/studies`, `/api/v1/findings` and receipts: what files add up to, and what codes mean."""

import csv
import io
from dataclasses import replace

import pytest

from intake.files.states import State
from intake.rules import catalogue
from tests.fakes.search import FakeStudies
from tests.records import REFUSAL, a_verdict
from tests.unit.portal.pool import partner_token

STUDY = "1.2.840.99.1"


@pytest.fixture
def client(portal):
    return portal.machine()


@pytest.fixture
def upload(portal, client):
    """Three slices of one study, the second one missing, and a file that was rejected."""
    files = [{"name": f"slice-{number}.dcm", "size": 7} for number in range(3)]
    upload = client.post("/api/v1/uploads", json={"files": files, "reference": "batch-117"}).json()
    for number, file in enumerate(upload["files"]):
        record = portal.table.files[file["file_id"]]
        metadata = {
            "study_instance_uid": STUDY,
            "series_instance_uid": f"{STUDY}.1",
            "modality": "CT",
            "instance_number": number * 2 + 1,
        }
        state, findings = (State.REJECTED, (REFUSAL,)) if number == 2 else (State.ACCEPTED, ())
        verdict = a_verdict(record, state=state, findings=findings, metadata=metadata)
        portal.verdicts.record(verdict, reserved=True)
    return upload


def test_a_study_tells_its_series_and_what_is_missing(client, upload):
    (row,) = client.get("/api/v1/studies").json()["studies"]
    study = client.get(f"/api/v1/studies/{STUDY}").json()

    assert (row["study_uid"], row["instances"], row["modalities"]) == (STUDY, 2, ["CT"])
    assert {name: study[name] for name in row} == row
    (series,) = study["series"]
    assert (series["series_uid"], series["missing"]) == (f"{STUDY}.1", [[2, 2]])
    assert [finding["code"] for finding in study["findings"]] == ["instance-numbers-missing"]


def test_a_study_and_its_series_tell_which_file_shows_them(client, upload, monkeypatch):
    shown, seen = upload["files"][1]["file_id"], FakeStudies.seen

    def show(studies):
        found = seen(studies).items()
        return {
            one: replace(study, preview=shown, series=tuple(replace(part, preview=shown) for part in study.series))
            for one, study in found
        }

    (before,) = client.get("/api/v1/studies").json()["studies"]
    monkeypatch.setattr(FakeStudies, "seen", show)
    (row,) = client.get("/api/v1/studies").json()["studies"]
    study = client.get(f"/api/v1/studies/{STUDY}").json()

    assert before["preview_file_id"] is None
    assert row["preview_file_id"] == study["preview_file_id"] == study["series"][0]["preview_file_id"] == shown


def test_studies_are_filtered_and_told_in_part(client, upload):
    assert client.get("/api/v1/studies?modality=MR").json()["studies"] == []
    assert client.get("/api/v1/studies?modality=CT&fields=study_uid").json()["studies"] == [{"study_uid": STUDY}]


def test_a_study_is_labelled_as_a_whole_and_once_more_changes_nothing(portal, client, upload):
    path = f"/api/v1/studies/{STUDY}/labels"
    for _ in range(2):
        answer = client.put(path, json={"labels": ["Tumour  board", "Dr Huber", "TUMOUR board"]})
        assert (answer.status_code, answer.json()) == (200, {"labels": ["Dr Huber", "Tumour board"]})
    assert client.get(f"/api/v1/studies/{STUDY}").json()["labels"] == ["Dr Huber", "Tumour board"]
    assert client.get("/api/v1/studies").json()["studies"][0]["labels"] == ["Dr Huber", "Tumour board"]
    assert client.put(path, json={"labels": []}).json() == {"labels": []}
    ids = {portal.services.ids.label("northside", text) for text in ("Dr Huber", "Tumour board")}
    noted = [entry for entry in portal.audit.written if entry.action == "study.label"]
    assert [{name: {*told.split()} for name, told in entry.detail.items()} for entry in noted] == [
        {"added": ids},
        {"removed": ids},
    ]


def test_with_what_it_replaces_nobody_undoes_anothers_labels(client, upload):
    path = f"/api/v1/studies/{STUDY}/labels"
    client.put(path, json={"labels": ["Tumour board"], "replaces": []})
    late = client.put(path, json={"labels": ["Second opinion"], "replaces": []})
    assert (late.status_code, late.json()["type"].rpartition("/")[2]) == (409, "conflict")
    told = client.put(path, json={"labels": ["Tumour board", "Second opinion"], "replaces": ["tumour board"]})
    assert told.json() == {"labels": ["Second opinion", "Tumour board"]}


@pytest.mark.parametrize(
    ("labels", "slug"),
    [
        (["x" * 41], "invalid-labels"),
        ([""], "invalid-labels"),
        (["a", "b", "c", "d", "e", "f"], "invalid-request"),
        (["x" * 999], "invalid-request"),
        ([7], "invalid-request"),
        ("a", "invalid-request"),
    ],
)
def test_labels_that_cannot_be_are_refused_and_told_to_nobody(client, upload, labels, slug, log_lines):
    answer = client.put(f"/api/v1/studies/{STUDY}/labels", json={"labels": labels})
    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (422, slug)
    assert "xxxx" not in answer.text + str(log_lines())


def test_a_study_is_labelled_by_its_own_clinic_with_the_scope_to_upload(portal, client, upload):
    path = f"/api/v1/studies/{STUDY}/labels"
    assert portal.machine(partner_token("partner-2")).put(path, json={"labels": ["x"]}).status_code == 404
    assert client.put("/api/v1/studies/1.2.3/labels", json={"labels": ["x"]}).status_code == 404
    reading = portal.machine(partner_token(scope="scalper/read"))
    assert reading.put(path, json={"labels": ["x"]}).status_code == 403
    assert client.get(f"/api/v1/studies/{STUDY}").json()["labels"] == []


def test_another_clinics_study_is_as_unknown_as_none(portal, client, upload):
    other = portal.machine(partner_token("partner-2"))
    assert other.get(f"/api/v1/studies/{STUDY}").status_code == 404
    assert other.get("/api/v1/studies").json()["studies"] == []
    assert client.get("/api/v1/studies/1.2.3").status_code == 404


def test_files_are_found_by_upload_study_and_modality(client, upload):
    ids = {file["file_id"] for file in upload["files"]}

    def found(**wanted):
        page = client.get("/api/v1/files", params={**wanted, "fields": "file_id"}).json()
        return {row["file_id"] for row in page["files"]}

    assert found(upload_id=upload["upload_id"]) == ids
    assert len(found(upload_id=upload["upload_id"], state="rejected")) == 1
    assert found(study_uid=STUDY, state="accepted") == ids - found(state="rejected")
    assert found(modality="MR") == set()
    assert found(until="2020-01-01T00:00:00Z") == set()


def test_a_receipt_tells_what_became_of_each_file(client, upload):
    receipt = client.get(f"/api/v1/uploads/{upload['upload_id']}/receipt", params={"limit": 2}).json()

    assert (receipt["reference"], receipt["counts"]) == ("batch-117", {"accepted": 2, "rejected": 1})
    assert [row["state"] for row in receipt["files"]] == ["accepted", "accepted"]
    rest = client.get(f"/api/v1/uploads/{upload['upload_id']}/receipt", params={"cursor": receipt["next"]}).json()
    assert [row["codes"] for row in rest["files"]] == [["a-refusal"]]


def test_a_receipt_can_be_had_as_a_table(client, upload):
    path, accept = f"/api/v1/uploads/{upload['upload_id']}/receipt", {"accept": "text/csv"}
    answer = client.get(path, headers=accept)

    assert answer.headers["content-type"].startswith("text/csv")
    assert len(list(csv.reader(io.StringIO(answer.text)))) == 4
    assert client.get(path, headers={**accept, "if-none-match": answer.headers["etag"]}).status_code == 304


def test_every_code_says_what_it_means(client):
    listed = client.get("/api/v1/findings").json()
    codes = {row["code"] for row in listed["findings"]}

    assert codes > set(catalogue().rules)
    assert "study-incomplete" in codes
    assert all(row["message"] and row["remedy"] for row in listed["findings"])
    one = client.get("/api/v1/findings/not-dicom").json()
    assert (one["severity"], one["section"]) == ("reject", "PS3.10 7.1")
    assert client.get("/api/v1/findings/invented").status_code == 404
