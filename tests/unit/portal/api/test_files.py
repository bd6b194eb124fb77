"""`/api/v1/files`: follow a file, send it, get it back."""

from dataclasses import replace
from datetime import timedelta

import pytest

from intake.files.model import ObjectVersion
from intake.files.states import State
from tests.records import REFUSAL, WARNING, a_verdict
from tests.unit.portal.pool import access_token, partner_token

MIB = 1024**2
SHA = "cd" * 32


@pytest.fixture
def client(portal):
    return portal.machine()


def announced(client, *sizes, name="slice.dcm"):
    """Announce files of these sizes and return their ids."""
    files = [{"name": name, "size": size} for size in sizes or (7,)]
    return [file["file_id"] for file in client.post("/api/v1/uploads", json={"files": files}).json()["files"]]


def judged(portal, file_id, **changes):
    portal.verdicts.record(a_verdict(portal.table.files[file_id], **changes), reserved=True)


def without_id(response):
    return {name: value for name, value in response.json().items() if name != "request_id"}


def test_a_rejected_file_tells_why_and_what_to_do(portal, client):
    (file_id,) = announced(client)
    judged(portal, file_id, state=State.REJECTED, findings=(REFUSAL, WARNING))
    file = client.get(f"/api/v1/files/{file_id}").json()
    assert (file["state"], file["kind"], file["warnings"], file["codes"]) == ("rejected", "dicom", 1, ["a-refusal"])
    assert file["findings"][0] == {
        "code": "a-refusal",
        "severity": "reject",
        "message": "Something is wrong.",
        "remedy": "Send it again.",
        "where": "byte 132",
        "whose": "clinic",
    }
    assert [entry["event"] for entry in file["timeline"]] == ["reserved", "rejected"]
    assert file["metadata"]["patient"] == {"id": "TEST"}
    assert {"file_id", "upload_id", "name", "size", "state", "kind", "warnings", "findings", "metadata"} <= set(file)


def test_files_are_filtered_by_state_and_time(portal, client):
    first, second = announced(client), announced(client)
    judged(portal, first[0])
    assert listed(client, state="accepted") == first
    assert listed(client, state="awaiting_upload") == second
    portal.clock.forward(minutes=5)
    third = announced(client)
    since = portal.table.files[third[0]].created_at - timedelta(minutes=1)
    assert listed(client, since=since.isoformat()) == third
    assert listed(client) == third + sorted(first + second, reverse=True)


def listed(client, **params):
    response = client.get("/api/v1/files", params=params)
    assert response.status_code == 200, response.text
    return [file["file_id"] for file in response.json()["files"]]


def test_files_come_page_by_page(client):
    announced(client, 1, 2, 3)
    page = client.get("/api/v1/files?limit=2").json()
    rest = client.get("/api/v1/files", params={"limit": 2, "cursor": page["next"]}).json()
    assert [len(page["files"]), len(rest["files"]), "next" in rest] == [2, 1, False]


def test_another_clinics_file_looks_like_one_that_does_not_exist(portal, client):
    (file_id,) = announced(client)
    judged(portal, file_id)
    other = portal.machine(partner_token("partner-2"))
    for method, path in (
        ("GET", ""),
        ("POST", "/sign"),
        ("GET", "/parts"),
        ("POST", "/complete"),
        ("GET", "/content"),
    ):
        theirs = other.request(method, f"/api/v1/files/{file_id}{path}")
        nobodys = other.request(method, f"/api/v1/files/{'0' * 26}-00000{path}")
        assert (theirs.status_code, nobodys.status_code) == (404, 404)
        assert without_id(theirs) == without_id(nobodys)
    assert listed(other) == []


def test_an_admin_sees_all_clinics_files_without_names_and_patients(portal, client):
    (file_id,) = announced(client, name="DOE^JANE.dcm")
    judged(portal, file_id, metadata={"modality": "CT", "patient": {"name": "DOE^JANE"}})
    admin = portal.machine(access_token(sub="admin-1", **{"cognito:groups": ["admin"]}))
    file = admin.get(f"/api/v1/files/{file_id}")
    assert file.json()["metadata"] == {"modality": "CT"}
    assert file.json()["name"] == file_id
    upload = admin.get(f"/api/v1/uploads/{file.json()['upload_id']}")
    rows = admin.get("/api/v1/files?state=accepted")
    assert "DOE" not in file.text + rows.text + upload.text
    assert admin.get(f"/api/v1/files/{file_id}/content").status_code == 403


def test_an_uploads_note_is_for_its_clinic_alone(portal, client):
    body = {"files": [{"name": "a.dcm", "size": 1}], "note": "DOE^JANE again"}
    path = f"/api/v1/uploads/{client.post('/api/v1/uploads', json=body).json()['upload_id']}"
    admin = portal.machine(access_token(sub="admin-1", **{"cognito:groups": ["admin"]}))
    assert client.get(path).json()["note"] == body["note"]
    assert "DOE" not in admin.get(path).text + admin.get(path.replace("/api/v1", "")).text


def test_a_file_is_signed_again_and_awaited_for_longer(portal, client):
    (file_id,) = announced(client)
    portal.clock.forward(hours=20)
    answer = client.post(f"/api/v1/files/{file_id}/sign").json()
    assert answer["put"]["url"]
    record = portal.table.files[file_id]
    assert record.expires_at - record.created_at >= timedelta(hours=44)


@pytest.mark.parametrize("state", [State.ACCEPTED, State.REJECTED])
def test_a_file_that_has_arrived_is_not_signed_again(portal, client, state):
    (file_id,) = announced(client)
    judged(portal, file_id, state=state)
    response = client.post(f"/api/v1/files/{file_id}/sign")
    assert response.status_code == 409
    assert response.json()["type"].endswith("/not-awaited")


def test_a_file_that_was_given_up_is_not_signed_again(portal, client):
    (file_id,) = announced(client)
    portal.verdicts.expire(portal.verdicts.file(file_id), portal.clock() + timedelta(hours=25))
    assert client.post(f"/api/v1/files/{file_id}/sign").status_code == 409


def test_parts_are_signed_with_their_checksums_and_lengths(client):
    (file_id,) = announced(client, 100 * MIB)
    wanted = [{"number": 1, "sha256": SHA}, {"number": 7, "sha256": SHA}]
    parts = client.post(f"/api/v1/files/{file_id}/sign", json={"parts": wanted}).json()["parts"]
    assert [(part["number"], part["size"]) for part in parts] == [(1, 16 * MIB), (7, 4 * MIB)]
    assert all(part["headers"]["x-amz-checksum-sha256"] for part in parts)
    assert "partNumber=7" in parts[1]["url"]


@pytest.mark.parametrize(
    ("size", "number", "status"), [(100 * MIB, 8, 409), (100 * MIB, 0, 422), (100 * MIB, 10_001, 422), (7, 1, 409)]
)
def test_a_part_that_is_not_there_is_not_signed(client, size, number, status):
    (file_id,) = announced(client, size)
    response = client.post(f"/api/v1/files/{file_id}/sign", json={"parts": [{"number": number, "sha256": SHA}]})
    assert response.status_code == status


def test_a_part_needs_its_checksum(client):
    (file_id,) = announced(client, 100 * MIB)
    assert client.post(f"/api/v1/files/{file_id}/sign", json={"parts": [{"number": 1}]}).status_code == 422


def test_an_interrupted_upload_goes_on_from_what_s3_holds(portal, client):
    (file_id,) = announced(client, 40 * MIB + 40 * MIB)
    multipart_id = portal.table.files[file_id].multipart_id
    portal.presigner.hold(multipart_id, 2, 16 * MIB)
    portal.presigner.hold(multipart_id, 3, 99)
    assert client.post(f"/api/v1/files/{file_id}/sign").json()["multipart"]["held"] == [
        {"number": 2, "size": 16 * MIB, "sha256": "0" * 64}
    ]
    parts = client.get(f"/api/v1/files/{file_id}/parts").json()
    assert (parts["part_size"], parts["part_count"]) == (16 * MIB, 5)
    assert [part["number"] for part in parts["parts"]] == [2, 3]


def test_a_file_of_one_piece_has_no_parts(client):
    (file_id,) = announced(client)
    for response in (client.get(f"/api/v1/files/{file_id}/parts"), client.post(f"/api/v1/files/{file_id}/complete")):
        assert response.status_code == 409
        assert response.json()["type"].endswith("/no-such-part")


def test_parts_are_joined_when_all_are_there(portal, client):
    (file_id,) = announced(client, 65 * MIB)
    multipart_id = portal.table.files[file_id].multipart_id
    for number in (1, 2, 4):
        portal.presigner.hold(multipart_id, number, 16 * MIB)
    portal.presigner.hold(multipart_id, 5, 2 * MIB)
    refusal = client.post(f"/api/v1/files/{file_id}/complete")
    assert refusal.status_code == 409
    assert refusal.json()["missing"] == [3, 5]
    portal.presigner.hold(multipart_id, 3, 16 * MIB)
    portal.presigner.hold(multipart_id, 5, MIB)
    assert client.post(f"/api/v1/files/{file_id}/complete").json()["state"] == "awaiting_upload"
    assert [part.number for part in portal.presigner.completed[multipart_id]] == [1, 2, 3, 4, 5]


def test_completing_twice_changes_nothing(portal, client):
    (file_id,) = announced(client, 65 * MIB)
    multipart_id = portal.table.files[file_id].multipart_id
    for number, size in enumerate((16, 16, 16, 16, 1), 1):
        portal.presigner.hold(multipart_id, number, size * MIB)
    for _ in range(2):
        assert client.post(f"/api/v1/files/{file_id}/complete").status_code == 200
    judged(portal, file_id)
    assert client.post(f"/api/v1/files/{file_id}/complete").json()["state"] == "accepted"
    assert client.post(f"/api/v1/files/{file_id}/sign").status_code == 409


def test_the_content_is_the_version_that_was_judged(portal, client):
    (file_id,) = announced(client, name="DOE^JANE.dcm")
    judged(portal, file_id, stored=ObjectVersion("accepted", "some/key", "version-9"))
    response = client.get(f"/api/v1/files/{file_id}/content")
    assert response.status_code == 307
    assert "versionId=version-9" in response.headers["location"]
    as_json = client.get(f"/api/v1/files/{file_id}/content", headers={"accept": "application/json"})
    assert as_json.json()["url"] == response.headers["location"]
    assert "DOE" not in as_json.text


@pytest.mark.parametrize("state", [State.AWAITING_UPLOAD, State.REJECTED, State.FAILED])
def test_only_accepted_content_is_given_out(portal, client, state):
    (file_id,) = announced(client)
    portal.table.files[file_id] = replace(portal.table.files[file_id], state=state, stored=ObjectVersion("q", "k", "v"))
    response = client.get(f"/api/v1/files/{file_id}/content")
    assert response.status_code == 409
    assert response.json()["type"].endswith("/not-accepted")
