"""What the upload page's script asks for: announcing, adding, signing, completing, and going on later."""

from intake.files.keys import child_id
from intake.files.states import State
from tests.records import UPLOAD_ID, a_file, an_upload


def add(browser, upload_id, body):
    return browser.post(f"/upload/{upload_id}/files", json=body, headers={"idempotency-key": "second"})


def test_the_uploader_announces_adds_signs_and_completes(portal):
    browser = portal.browser()
    begun = browser.post(
        "/upload/new",
        json={"files": [{"name": "a.dcm", "size": 1}], "reference": "Batch 7"},
        headers={"idempotency-key": "k"},
    )
    assert begun.status_code == 201
    upload_id = begun.json()["upload_id"]
    large = {"files": [{"name": "b.dcm", "size": 65 * 1024 * 1024}]}
    (added,) = add(browser, upload_id, large).json()["files"]
    (again,) = add(browser, upload_id, large).json()["files"]
    assert again["file_id"] == added["file_id"]
    file_id = added["file_id"]
    assert added["multipart"]["part_size"] == 16 * 1024 * 1024
    wanted = {"parts": [{"number": 1, "sha256": "ab" * 32}]}
    (part,) = browser.post(f"/upload/file/{file_id}/parts", json=wanted).json()["parts"]
    assert "x-amz-checksum-sha256" in part["headers"]
    assert browser.post(f"/upload/file/{file_id}/sign", json={}).json()["multipart"]["held"] == []
    incomplete = browser.post(f"/upload/file/{file_id}/complete", json={}, headers={"accept": "*/*"})
    assert incomplete.status_code == 409
    assert incomplete.json()["missing"] == [1, 2, 3, 4, 5]


def test_a_browser_that_goes_on_is_told_what_was_announced(portal):
    portal.table.uploads[UPLOAD_ID] = an_upload(declared=3)
    first, second = a_file(0, sha256="ab" * 32), a_file(1)
    entry = a_file(file_id=child_id(first.file_id, 0), parent=first.file_id)
    portal.table.files |= {record.file_id: record for record in (first, second, entry)}
    answer = portal.browser().get(f"/upload/{UPLOAD_ID}/files")
    assert [file["file_id"] for file in answer.json()["files"]] == [first.file_id, second.file_id]
    assert answer.json()["files"][0] == {
        "file_id": first.file_id,
        "name": first.name,
        "size": first.size,
        "sha256": "ab" * 32,
        "state": "awaiting_upload",
    }
    assert answer.headers["cache-control"] == "no-store"


def test_what_was_announced_is_told_to_its_own_clinic_only(portal):
    portal.table.uploads[UPLOAD_ID] = an_upload(clinic_id="lakeview")
    portal.table.files[a_file().file_id] = a_file(clinic_id="lakeview")
    assert portal.browser().get(f"/upload/{UPLOAD_ID}/files").status_code == 404
    assert portal.admin().get(f"/upload/{UPLOAD_ID}/files").status_code == 403


def test_a_withdrawn_file_is_given_up_at_once(portal):
    portal.table.uploads[UPLOAD_ID] = an_upload(declared=2)
    coming, judged = a_file(0), a_file(1, state=State.ACCEPTED)
    portal.table.files |= {record.file_id: record for record in (coming, judged)}
    body = {"file_ids": [coming.file_id, judged.file_id]}
    assert portal.browser().post("/upload/withdraw", json=body).status_code == 204
    assert portal.table.files[coming.file_id].state is State.EXPIRED
    assert portal.table.files[judged.file_id] == judged


def test_nobody_withdraws_another_clinics_file(portal):
    portal.table.files[a_file().file_id] = a_file(clinic_id="lakeview")
    answer = portal.browser().post("/upload/withdraw", json={"file_ids": [a_file().file_id]})
    assert answer.status_code == 404
    assert portal.table.files[a_file().file_id] == a_file(clinic_id="lakeview")
