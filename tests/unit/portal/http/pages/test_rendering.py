"""The pages over HTTP, on fakes."""

import pytest

from intake.files.keys import child_id, new_upload_id
from intake.files.model import now
from intake.files.states import State
from intake.messaging.model import QueuedMessage
from portal.web.layout import receipts
from processor.judge.rules.catalogue import RULES
from tests.records import REFUSAL, UPLOAD_ID, a_file, an_upload

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg/onload=alert(1)>",
    "{{ 7919 * 7 }}{% raw %}",
    "javascript:alert(1)",
    "</title></textarea></script><b>",
    "\u202egnp.exe",
]


@pytest.fixture
def filled(portal):
    """Add an upload of three files: accepted, rejected and awaited."""
    portal.table.uploads[UPLOAD_ID] = an_upload(reference="Batch 7", declared=3, created_at=now())
    for number, state in enumerate((State.ACCEPTED, State.REJECTED, State.AWAITING_UPLOAD)):
        findings = (REFUSAL,) if state is State.REJECTED else ()
        record = a_file(number, state=state, findings=findings, created_at=now(), kind="dicom")
        portal.table.files[record.file_id] = record
    return portal


def test_a_visitor_is_told_what_this_is_and_where_to_sign_in(portal):
    answer = portal.visitor().get("/")
    assert answer.status_code == 200
    assert 'href="/sign-in"' in answer.text


def test_everybody_is_led_to_the_page_they_came_for(portal):
    assert portal.browser().get("/").headers["location"] == "/studies"
    assert portal.admin().get("/").headers["location"] == "/admin"


@pytest.mark.parametrize("path", ["/upload", "/uploads", "/files", "/admin", f"/uploads/{UPLOAD_ID}"])
def test_a_visitor_is_led_to_the_sign_in(portal, path):
    assert portal.visitor().get(path).headers["location"].startswith("/sign-in?next=")


def test_staff_see_no_dashboard_and_admins_upload_nothing(portal):
    assert portal.browser().get("/admin").status_code == 403
    assert portal.admin().get("/upload").status_code == 403


def test_a_receipt_shows_figures_causes_and_files(filled):
    text = filled.browser().get(f"/uploads/{UPLOAD_ID}").text
    for told in ("Batch 7", "2 of 3 files checked", REFUSAL.message, REFUSAL.remedy, REFUSAL.where, "slice-2.dcm"):
        assert told in text


def test_a_receipt_that_would_look_the_same_is_not_sent_again(filled):
    path = f"/uploads/{UPLOAD_ID}/_receipt"
    unchanged = receipts.fingerprint_receipt(filled.table.count_files(filled.table.uploads[UPLOAD_ID]))
    assert filled.browser().get(path, params={"unchanged": unchanged}).status_code == 204
    assert filled.browser().get(path, params={"unchanged": "0-0"}).status_code == 200


def test_a_finished_receipt_asks_for_no_more(filled):
    text = filled.browser().get(f"/uploads/{UPLOAD_ID}").text
    assert "hx-trigger" in text
    awaited = a_file(2)
    filled.table.save(awaited, state=State.ACCEPTED)
    text = filled.browser().get(f"/uploads/{UPLOAD_ID}").text
    assert "hx-trigger" not in text


def test_another_clinics_upload_and_file_look_like_unknown_ones(filled):
    other = filled.browser(sub="lara", **{"cognito:groups": ["clinic:lakeview"]})
    for path in (f"/uploads/{UPLOAD_ID}", f"/uploads/{UPLOAD_ID}/_receipt", f"/files/{UPLOAD_ID}-00000"):
        unknown = path.replace(UPLOAD_ID, new_upload_id())
        theirs, nobodys = other.get(path), other.get(unknown)
        assert theirs.status_code == 404
        strip = {answer.headers["x-request-id"]: "" for answer in (theirs, nobodys)}
        texts = [answer.text for answer in (theirs, nobodys)]
        for request_id in strip:
            texts = [text.replace(request_id, "") for text in texts]
        assert texts[0] == texts[1]


def test_an_accepted_file_leads_to_its_download_and_a_rejected_one_does_not(filled):
    browser = filled.browser()
    filled.table.save(a_file(0), state=State.ACCEPTED, stored=a_file(0).incoming)
    assert f"/files/{UPLOAD_ID}-00000/download" in browser.get(f"/files/{UPLOAD_ID}-00000").text
    assert "/download" not in browser.get(f"/files/{UPLOAD_ID}-00001").text
    led = browser.get(f"/files/{UPLOAD_ID}-00000/download")
    assert led.status_code == 303
    assert led.headers["location"].startswith("https://incoming.s3.test/")
    told = [(entry.action, entry.actor, entry.subject) for entry in filled.audit.written]
    assert told == [("file.download", "user-1", f"{UPLOAD_ID}-00000")]
    assert browser.get(f"/files/{UPLOAD_ID}-00001/download").status_code == 409


def test_files_are_listed_by_state_and_page(portal):
    for number in range(60):
        record = a_file(number, state=State.REJECTED if number % 2 else State.ACCEPTED, findings=(REFUSAL,))
        portal.table.files[record.file_id] = record
    browser = portal.browser()
    first = browser.get("/files").text
    assert first.count('class="list__name"') == 50
    assert "Next page" in first
    rejected = browser.get("/files?state=rejected").text
    assert rejected.count('class="list__name"') == 30
    assert "No files match" in browser.get("/files?state=expired").text
    assert browser.get("/files?state=nonsense&since=yesterday").status_code == 200
    assert browser.get("/files?cursor=bm9uc2Vuc2U=").status_code == 400


def test_empty_lists_say_what_to_do_next(portal):
    browser = portal.browser()
    assert "Upload your first files" in browser.get("/uploads").text
    assert "No files yet" in browser.get("/files").text


def test_the_dashboard_tells_of_dead_letters_and_alerts_and_of_no_names(filled):
    filled.dead_letters.messages.append(QueuedMessage("m1", {}, 5))
    filled.mailbox.messages.append(QueuedMessage("m2", {"Subject": "1 file rejected", "Message": "Look."}, 0))
    text = filled.admin().get("/admin").text
    assert "1 message in the dead-letter queue" in text
    assert "1 file rejected" in text
    assert "slice-1.dcm" not in text
    assert filled.admin().get("/admin/_dashboard").text.lstrip().startswith('<div id="dashboard"')


def test_the_uploaders_requests_need_the_csrf_token(portal):
    browser = portal.browser()
    del browser.headers["x-csrf-token"]
    body = {"files": [{"name": "a.dcm", "size": 1}]}
    assert browser.post("/upload/new", json=body, headers={"idempotency-key": "k"}).status_code == 403


def test_an_archive_and_its_entries_lead_to_each_other(portal):
    portal.table.uploads[UPLOAD_ID] = an_upload(declared=1)
    archive = a_file(kind="zip", state=State.ACCEPTED, metadata={"entries": 2})
    entry = a_file(file_id=child_id(archive.file_id, 0), parent=archive.file_id)
    portal.table.files |= {record.file_id: record for record in (archive, entry)}
    browser = portal.browser()

    assert "This archive contains 2 files" in browser.get(f"/files/{archive.file_id}").text
    assert f'href="/files/{archive.file_id}"' in browser.get(f"/files/{entry.file_id}").text


@pytest.mark.parametrize("hostile", HOSTILE)
def test_nothing_that_a_sender_writes_becomes_markup(portal, hostile):
    portal.table.uploads[UPLOAD_ID] = an_upload(reference=hostile, declared=1)
    record = a_file(
        name=hostile,
        state=State.REJECTED,
        findings=(REFUSAL,),
        metadata={"modality": hostile, "patient": {"name": hostile, "id": hostile}, hostile: hostile},
        kind=hostile,
    )
    portal.table.files[record.file_id] = record
    for path in ("/uploads", f"/uploads/{UPLOAD_ID}", "/files", f"/files/{record.file_id}"):
        text = portal.browser().get(path).text
        for live in ("<script>alert", "<img src=x", "<svg/onload", "55433", "</title></textarea>"):
            assert live not in text, (path, live)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"state": State.REJECTED, "conflicts_with": "another"}, "has the same SOP"),
        ({"state": State.ACCEPTED, "conflicts_with": "another"}, "this file replaced"),
        ({"state": State.ACCEPTED, "superseded_by": "another"}, "was replaced by"),
        ({"state": State.ACCEPTED, "duplicate_of": "another"}, "This exact file was already accepted"),
        ({"state": State.ACCEPTED, "duplicate_of": "another", "findings": (RULES["rewrapped"].finding(),)},
         "This image was already accepted"),
        ({"state": State.ACCEPTED, "duplicate_of": "another", "conflicts_with": "another"}, "has the same SOP"),
    ],
)  # fmt: skip
def test_a_files_page_links_the_file_of_its_uid_and_says_what_became_of_the_two(filled, changes, words):
    record = a_file(0, kind="dicom", created_at=now(), **changes)
    filled.table.files[record.file_id] = record
    text = " ".join(filled.browser().get(f"/files/{record.file_id}").text.split())
    assert 'href="/files/another"' in text
    assert words in text
