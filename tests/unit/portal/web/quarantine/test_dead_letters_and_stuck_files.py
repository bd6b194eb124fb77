"""Dead letters and stuck files over HTTP, on fakes."""

from dataclasses import replace
from datetime import timedelta

import pytest

from intake.files.model import ObjectVersion, now
from intake.files.states import State
from intake.messaging.events import Arrival, Settlement, notification
from intake.messaging.model import QueuedMessage
from intake.operations.model import LastError, StuckFile
from portal.quarantine.orders import new_order_id
from tests.records import REFUSAL, UPLOAD_ID, a_file, an_upload
from tests.scan_results import scan_result
from tests.unit.portal.web.quarantine.test_work_lists import WHY, file_id, order_of


@pytest.fixture
def filled(portal):
    """Add a rejected file."""
    portal.table.uploads[UPLOAD_ID] = an_upload(declared=1, created_at=now())
    record = a_file(state=State.REJECTED, findings=(REFUSAL,), created_at=now())
    portal.table.files[record.file_id] = record
    return portal


@pytest.fixture
def dead(filled):
    arrived = notification(Arrival(a_file().incoming, now()))
    filled.dead_letters.messages = [
        QueuedMessage("m1", arrived, 5, now()),
        QueuedMessage("m2", {}, 5, now() - timedelta(days=1)),
    ]
    filled.last_errors.note(LastError("m1", "ContentionError", now()))
    return filled


def test_dead_letters_tell_what_they_ask_for_and_why_they_failed(dead):
    text = dead.admin().get("/admin/dead-letters").text
    for word in ("Check what arrived", file_id(), "ContentionError", "A message that cannot be read"):
        assert word in text


def test_a_letter_about_an_archives_verdict_says_so(dead):
    asked = Settlement(clinic_id="northside", upload_id=UPLOAD_ID, file_id=file_id(), since=now().isoformat())
    dead.dead_letters.messages = [QueuedMessage("m1", asked.message(), 5, now())]
    text = dead.admin().get("/admin/dead-letters").text
    assert "Compare an archive" in text
    assert file_id() in text
    assert "cannot be understood" not in text


def test_a_letter_about_a_scan_that_came_to_nothing_says_so(dead):
    unscanned = scan_result("ACCESS_DENIED", replace(a_file().incoming, version_id="v1"))
    dead.dead_letters.messages = [QueuedMessage("m1", unscanned, 5, now())]
    text = dead.admin().get("/admin/dead-letters").text
    assert "Check what arrived; its malware scan: ACCESS_DENIED" in text
    assert file_id() in text


def test_a_letter_about_the_scan_of_a_dropped_object_names_no_file_that_is_not_there(dead):
    dropped = scan_result("FAILED", ObjectVersion("incoming", "northside/scan.dcm", "v1"))
    dead.dead_letters.messages = [QueuedMessage("m1", dropped, 5, now())]
    text = dead.admin().get("/admin/dead-letters").text
    assert "Check what arrived; its malware scan: FAILED" in text
    assert "cannot be understood" not in text
    assert 'href="/files/' not in text


def test_one_letter_or_all_are_redriven_and_a_second_time_none(dead):
    one = dead.admin().post("/admin/dead-letters/judging/redrive", data={"message_id": "m1"})
    rest = dead.admin().post("/admin/dead-letters/judging/redrive")
    none = dead.admin().post("/admin/dead-letters/judging/redrive")
    assert [answer.headers["location"][-1] for answer in (one, rest, none)] == ["1", "1", "0"]
    assert [message.message_id for message in dead.dead_letters.redriven] == ["m1", "m2"]
    assert [entry.subject for entry in dead.audit.written] == ["m1", "judging", "judging"]


def test_a_letter_is_discarded_for_a_reason_only(dead):
    path, letter = "/admin/dead-letters/judging/discard", {"message_id": "m2"}
    assert dead.admin().post(path, data=letter).status_code == 200
    assert dead.admin().post(f"{path}?asked=1", data=letter).status_code == 422
    assert dead.dead_letters.depth() == 2

    assert dead.admin().post(f"{path}?asked=1", data={**letter, "reason": WHY}).status_code == 303

    assert dead.dead_letters.depth() == 1
    (entry,) = dead.audit.written
    assert (entry.action, entry.subject, entry.reason) == ("letter.discard", "m2", WHY)
    assert dead.admin().post(f"{path}?asked=1", data={**letter, "reason": WHY}).status_code == 404


def test_lost_counts_say_when_redriving_cannot_help(filled):
    lost = {"streamArn": "a", "shardId": "s", "startSequenceNumber": "1", "endSequenceNumber": "2", "batchSize": 42}
    for number, age in enumerate((timedelta(hours=1), timedelta(days=2))):
        message = QueuedMessage(f"m{number}", {"DDBStreamBatchInfo": lost}, 1, now() - age)
        filled.projection_failures.messages.append(message)
    text = filled.admin().get("/admin/dead-letters").text
    assert text.count("Count 42 changes of records") >= 2
    assert text.count("The counts lack these changes") == 1


@pytest.mark.parametrize(("arrived", "is_lost"), [(timedelta(hours=25), True), (timedelta(hours=7), False)])
def test_whether_counts_are_lost_goes_by_their_records_and_not_by_when_the_letter_was_sent_last(
    filled, arrived, is_lost
):
    told = {"streamArn": "a", "shardId": "s", "startSequenceNumber": "1", "endSequenceNumber": "2"}
    arrived_at = (now() - arrived).isoformat().replace("+00:00", "Z")
    body = {"DDBStreamBatchInfo": {**told, "approximateArrivalOfFirstRecord": arrived_at}}
    filled.projection_failures.messages.append(QueuedMessage("m", body, 1, now() - timedelta(hours=1)))
    text = filled.admin().get("/admin/dead-letters").text
    assert ("The counts lack these changes" in text) is is_lost


@pytest.fixture
def waiting(filled):
    record = a_file(7, created_at=now())
    filled.table.files[record.file_id] = record
    for number in (0, 7):
        seen = StuckFile(file_id(number), "northside", now() - timedelta(minutes=33), now())
        filled.stuck_files.note([seen])
    return filled


def test_stuck_files_are_those_that_still_wait(waiting):
    text = waiting.admin().get("/admin/stuck").text
    assert file_id(7) in text
    assert file_id(0) not in text
    assert "33 min" in text


@pytest.mark.parametrize("chosen", [{"scope": "all"}, {"scope": "selected", "file": file_id(7)}])
def test_stuck_files_are_checked_again_by_name(waiting, chosen):
    fields = {"order_id": new_order_id(), "state": "awaiting_upload", **chosen}
    answer = waiting.admin().post("/admin/stuck", data=fields)
    selection = order_of(waiting, answer).selection
    assert (selection.file_ids, selection.state) == ((file_id(7),), State.AWAITING_UPLOAD)


def test_all_failed_files_are_checked_again_by_their_state(waiting):
    fields = {"order_id": new_order_id(), "state": "failed", "scope": "all"}
    selection = order_of(waiting, waiting.admin().post("/admin/stuck", data=fields)).selection
    assert (selection.file_ids, selection.state) == ((), State.FAILED)


def test_nothing_ticked_among_the_stuck_is_said(waiting):
    fields = {"order_id": new_order_id(), "state": "failed", "scope": "selected"}
    answer = waiting.admin().post("/admin/stuck", data=fields)
    assert "Tick files first" in waiting.admin().get(answer.headers["location"]).text


def test_events_that_no_webhook_took_are_shown_to_admins(portal):
    assert "Every event was delivered" in portal.admin().get("/admin/dead-letters").text
    portal.undelivered.send([{"event": 1}, {"event": 2}])
    assert "2 events could not be delivered" in portal.admin().get("/admin/dead-letters").text
