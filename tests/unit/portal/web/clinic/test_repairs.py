"""Closing trouble over HTTP, on fakes: dealt with, replaced, nothing more is coming, and back."""

import pytest

from intake.files.states import State
from intake.files.upload_state import UploadState, find_upload_state
from tests.records import REFUSAL, UPLOAD_ID, a_file, an_upload

BAD, GOOD, LOST = a_file(0).file_id, a_file(1).file_id, a_file(2).file_id
WORDS = "Mrs Probe was scanned again on Monday"


@pytest.fixture
def troubled(portal):
    """A rejected, an accepted and a lost file, and one that was expected besides."""
    portal.table.uploads[UPLOAD_ID] = an_upload(announced=3, expected=4)
    for record in (
        a_file(0, state=State.REJECTED, findings=(REFUSAL,)),
        a_file(1, state=State.ACCEPTED),
        a_file(2, state=State.EXPIRED),
    ):
        portal.table.files[record.file_id] = record
    return portal


def stand(portal):
    return find_upload_state(portal.records.upload("northside", UPLOAD_ID))


def say(browser, path, **fields):
    return browser.post(path, data={"reason": "not-needed", "words": WORDS, **fields})


def test_dealing_with_each_file_and_closing_the_rest_makes_an_upload_complete(troubled):
    browser = troubled.browser()
    assert stand(troubled) is UploadState.MISSING
    for file_id in (BAD, LOST):
        assert say(browser, f"/files/{file_id}/deal").headers["location"] == f"/files/{file_id}"
    assert stand(troubled) is UploadState.MISSING
    assert say(browser, f"/uploads/{UPLOAD_ID}/close", reason="fewer-taken").status_code == 303
    assert stand(troubled) is UploadState.COMPLETE

    text = browser.get(f"/uploads/{UPLOAD_ID}").text
    assert "Fewer images were taken" in text
    assert REFUSAL.message not in text
    assert "Reopen" in text
    page = browser.get(f"/files/{BAD}").text
    assert "Dealt with" in page
    assert WORDS in page
    assert "Nora North" in page


def test_what_was_said_is_taken_back(troubled):
    browser = troubled.browser()
    say(browser, f"/files/{BAD}/deal")
    assert browser.post(f"/files/{BAD}/reopen").status_code == 303
    assert REFUSAL.message in browser.get(f"/uploads/{UPLOAD_ID}").text
    say(browser, f"/uploads/{UPLOAD_ID}/close")
    assert stand(troubled) is UploadState.NEEDS_ATTENTION
    assert browser.post(f"/uploads/{UPLOAD_ID}/reopen").status_code == 303
    assert stand(troubled) is UploadState.MISSING
    assert [step.event for step in troubled.table.files[BAD].timeline] == ["dealt-with", "reopened"]


def test_one_answer_deals_with_all_files_of_a_cause(troubled):
    for number in range(3, 6):
        record = a_file(number, state=State.REJECTED, findings=(REFUSAL,))
        troubled.table.files[record.file_id] = record
    answer = say(troubled.browser(), f"/uploads/{UPLOAD_ID}/deal", cause="0#a-refusal")
    assert answer.headers["location"].startswith(f"/uploads/{UPLOAD_ID}?said=")
    handled = [one.file_id for one in troubled.table.files.values() if one.is_handled]
    assert handled == [BAD, *(a_file(n).file_id for n in range(3, 6))]
    assert say(troubled.browser(), f"/uploads/{UPLOAD_ID}/deal", cause="3#a-warning").status_code == 422


def test_a_person_chooses_which_file_replaces_one_that_has_another_name(troubled):
    browser = troubled.browser()
    assert f'value="{GOOD}"' in browser.get(f"/files/{BAD}").text
    assert browser.post(f"/files/{BAD}/replace", data={"by": LOST}).status_code == 409
    assert browser.post(f"/files/{BAD}/replace", data={"by": GOOD}).status_code == 303
    assert troubled.table.files[BAD].replaced_by == GOOD
    assert f'href="/files/{GOOD}"' in browser.get(f"/files/{BAD}").text
    text = browser.get(f"/uploads/{UPLOAD_ID}").text
    assert "Replaced by" in text
    assert "Send corrected files" not in text
    assert browser.post(f"/files/{BAD}/replace", data={"by": GOOD}).status_code == 409


def test_the_audit_log_tells_who_did_what_and_none_of_their_words(troubled):
    browser = troubled.browser()
    say(browser, f"/files/{BAD}/deal")
    browser.post(f"/files/{BAD}/reopen")
    browser.post(f"/files/{BAD}/replace", data={"by": GOOD})
    say(browser, f"/uploads/{UPLOAD_ID}/deal", cause="2#")
    say(browser, f"/uploads/{UPLOAD_ID}/close")
    browser.post(f"/uploads/{UPLOAD_ID}/reopen")
    entries = [one for one in troubled.audit.written if one.action.split(".")[0] in {"file", "upload"}]
    assert [one.action for one in entries] == [
        "file.deal", "file.reopen", "file.replace", "file.deal", "upload.close", "upload.reopen",
    ]  # fmt: skip
    assert {one.actor for one in entries} == {"user-1"}
    assert entries[0].detail == {"reason_code": "not-needed"}
    assert "Probe" not in str(entries)


@pytest.mark.parametrize(
    "path",
    [
        f"/files/{BAD}/deal", f"/files/{BAD}/replace", f"/files/{BAD}/reopen",
        f"/uploads/{UPLOAD_ID}/deal", f"/uploads/{UPLOAD_ID}/close", f"/uploads/{UPLOAD_ID}/reopen",
    ],
)  # fmt: skip
def test_nobody_closes_another_clinics_trouble_and_no_admin_does(troubled, path):
    fields = {"by": GOOD, "cause": "0#a-refusal"}
    other = troubled.browser(sub="lara", **{"cognito:groups": ["clinic:lakeview"]})
    assert say(other, path, **fields).status_code == 404
    assert say(troubled.admin(), path, **fields).status_code == 403
    assert not any(one.is_handled for one in troubled.table.files.values())


def test_only_what_is_in_trouble_can_be_dealt_with(troubled):
    browser = troubled.browser()
    assert say(browser, f"/files/{GOOD}/deal").status_code == 409
    assert browser.post(f"/files/{BAD}/reopen").status_code == 409
    assert say(browser, f"/files/{BAD}/deal", reason="because").status_code == 422
    assert say(browser, f"/files/{BAD}/deal", words="x" * 501).status_code == 422


def test_admins_and_programs_see_that_it_is_dealt_with_and_not_the_words(troubled):
    say(troubled.browser(), f"/files/{BAD}/deal")
    say(troubled.browser(), f"/uploads/{UPLOAD_ID}/close")
    for page in (f"/files/{BAD}", f"/uploads/{UPLOAD_ID}"):
        text = troubled.admin().get(page).text
        assert "Dealt with" in text or "Nothing more is coming" in text
        assert WORDS not in text
    told = troubled.machine().get(f"/api/v1/files/{BAD}").json()
    assert (told["dealt_with"]["reason"], told["replaced_by"]) == ("not-needed", None)
    receipt = troubled.machine().get(f"/api/v1/uploads/{UPLOAD_ID}/receipt").json()
    assert (receipt["closed"]["reason"], receipt["handled"]) == ("not-needed", {"rejected": 1})
    assert receipt["files"][0]["dealt_with"]["by"] == "user-1"
    assert "Probe" not in str([told, receipt])


def test_the_quarantine_leaves_out_what_is_dealt_with_unless_it_is_asked_for(troubled):
    admin = troubled.admin()
    assert BAD in admin.get("/admin/quarantine").text
    say(troubled.browser(), f"/files/{BAD}/deal")
    assert BAD not in admin.get("/admin/quarantine").text
    assert BAD in admin.get("/admin/quarantine?handled=too").text


def test_a_receipt_offers_to_go_on_where_sending_was_interrupted(troubled):
    record = a_file(7)
    troubled.table.files[record.file_id] = record
    troubled.table.uploads[UPLOAD_ID] = an_upload(announced=4, expected=4)
    text = troubled.browser().get(f"/uploads/{UPLOAD_ID}").text
    assert "1 file has not arrived." in text
    assert "Go on with this upload" in text
    assert f'href="/upload?continue={UPLOAD_ID}"' in text
