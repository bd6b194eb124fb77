"""What two admins accept, and what is deleted from quarantine; over fakes, twice and halfway."""

from dataclasses import replace
from datetime import timedelta

import pytest

from intake.files.model import TimelineEntry
from intake.files.states import State
from intake.orders.model import Answer, Task
from processor.judge import Judgement
from tests.records import NOON, REFUSAL
from tests.unit.processor.ingest.test_process import ACCEPTED, QUARANTINE
from tests.unit.processor.orders.test_tasks import ORDER, Desk


@pytest.fixture
def desk():
    return Desk()


def test_two_admins_accept_a_rejected_file_and_the_timeline_names_both(desk):
    file = desk.rejected()
    desk.rules = lambda source, facts: Judgement("dicom", (REFUSAL,), {}, "1234")
    desk.reviewed(file)

    assert desk.do(Task.ACCEPT, file, actor="admin-2").answer is Answer.WARNED

    record = desk.record(file)
    assert (record.state, record.stored.bucket, record.codes) == (State.ACCEPTED, ACCEPTED, ())
    assert [found.code for found in record.findings] == [REFUSAL.code]
    assert [(step.actor, step.event) for step in record.timeline[-3:]] == [
        ("admin-1", "review-proposed"),
        ("admin-2", "review-confirmed"),
        ("processor", "accepted"),
    ]


@pytest.mark.parametrize(
    ("reviewed", "codes"),
    [
        ({"decider": "admin-1"}, ()),
        ({"decider": ""}, ()),
        ({"decider": "admin-3"}, ()),
        ({"codes": ("another",)}, (REFUSAL.code,)),
    ],
)
def test_a_review_that_does_not_hold_accepts_nothing(desk, reviewed, codes):
    file = desk.rejected()
    desk.rules = lambda source, facts: Judgement("dicom", (REFUSAL,), {}, None)
    desk.reviewed(file, **reviewed)
    actor = "admin-1" if reviewed.get("decider") == "admin-1" else "admin-2"
    answered = desk.do(Task.ACCEPT, file, actor=actor)
    assert (answered.answer, answered.codes) == (Answer.REFUSED, codes)
    assert replace(desk.record(file), timeline=(), revision=0, updated_at=NOON) == replace(
        file, timeline=(), revision=0, updated_at=NOON
    )


def test_no_review_at_all_accepts_nothing(desk):
    assert desk.do(Task.ACCEPT, desk.rejected(), actor="admin-2").answer is Answer.REFUSED


@pytest.mark.parametrize("code", ["sop-instance-refused", "polyglot-executable", "archive-bomb"])
def test_some_findings_no_review_overrides(desk, code):
    file = desk.rejected()
    desk.rules = lambda source, facts: Judgement("dicom", (replace(REFUSAL, code=code),), {}, None)
    desk.reviewed(file, codes=(code,))
    assert desk.do(Task.ACCEPT, file, actor="admin-2").answer is Answer.REFUSED
    assert desk.stored(ACCEPTED) == []


def test_a_review_does_not_override_a_conflict_with_another_file(desk):
    file = desk.rejected()
    desk.rules = lambda source, facts: Judgement("dicom", (REFUSAL,), {}, "1234")
    desk.verdicts.table.identities[file.clinic_id, "sop", "1234"] = "another"
    desk.verdicts.table.files["another"] = file
    desk.reviewed(file)
    assert desk.do(Task.ACCEPT, file, actor="admin-2").answer is Answer.REFUSED
    assert (desk.record(file).state, desk.record(file).stored) == (State.REJECTED, file.stored)


def test_a_clash_that_came_meanwhile_is_told_by_timeline_audit_log_and_review(desk):
    file = desk.rejected()
    desk.rules = lambda source, facts: Judgement("dicom", (REFUSAL,), {}, "1234")
    desk.verdicts.table.identities[file.clinic_id, "sop", "1234"] = "another"
    desk.verdicts.table.files["another"] = file
    desk.reviewed(file)

    for _ in range(2):
        desk.do(Task.ACCEPT, file, actor="admin-2")

    (clash,) = {step.detail for step in desk.record(file).timeline if step.event == "review-refused"}
    assert clash.startswith("sop-instance")
    assert [step.event for step in desk.record(file).timeline[-3:]] == [
        "review-proposed", "review-confirmed", "review-refused",
    ]  # fmt: skip
    (entry,) = desk.audit.written
    assert (entry.action, entry.subject, entry.actor) == ("review.refused", file.file_id, "processor")
    assert entry.detail == {"order": ORDER, "answer": "refused", "codes": f"{REFUSAL.code},{clash}"}
    review = desk.reviews.review(file.file_id)
    assert (review.was_in_vain, review.holds, review.refused_for) == (True, False, (REFUSAL.code, clash))


def test_an_acceptance_is_noted_as_a_result_once_it_is_one(desk):
    file = desk.rejected()
    desk.rules = lambda source, facts: Judgement("dicom", (REFUSAL,), {}, "1234")
    desk.reviewed(file)
    for _ in range(2):
        desk.do(Task.ACCEPT, file, actor="admin-2")
    assert [(entry.action, entry.detail["answer"]) for entry in desk.audit.written] == [
        ("review.accepted", "accepted_with_warnings")
    ]
    assert desk.reviews.review(file.file_id).answer is Answer.WARNED


def test_a_crash_between_the_timeline_and_the_audit_log_is_healed_by_the_next_delivery(desk, monkeypatch):
    file = desk.rejected()
    desk.rules = lambda source, facts: Judgement("dicom", (REFUSAL,), {}, None)
    desk.reviewed(file, codes=("another",))
    with monkeypatch.context() as broken:
        broken.setattr(type(desk.audit), "write", lambda *_: (_ for _ in ()).throw(ConnectionError))
        with pytest.raises(ConnectionError):
            desk.do(Task.ACCEPT, file, actor="admin-2")
    desk.do(Task.ACCEPT, file, actor="admin-2")
    assert [entry.action for entry in desk.audit.written] == ["review.refused"]
    assert [step.event for step in desk.record(file).timeline].count("review-refused") == 1


def test_deleting_removes_the_bytes_and_keeps_the_record_and_its_story(desk):
    file = desk.rejected()

    assert desk.do(Task.DELETE, file).answer is Answer.DELETED

    record = desk.record(file)
    assert (record.state, record.findings) == (State.DELETED, file.findings)
    assert record.timeline[-2:] == (
        TimelineEntry(NOON + timedelta(days=2), "admin-1", "delete-ordered", ORDER),
        TimelineEntry(NOON + timedelta(days=2), "processor", "deleted"),
    )
    assert desk.stored(QUARANTINE) == []


def test_a_files_pictures_go_with_it_once_it_is_gone_itself_and_in_every_delivery(desk):
    file = desk.rejected()
    assert desk.removed == []
    desk.do(Task.DELETE, file)
    desk.do(Task.DELETE, file)
    assert desk.removed == [(file.clinic_id, file.file_id, False)] * 2


def test_a_deletion_that_was_written_and_not_carried_out_is_finished(desk):
    file = desk.rejected()
    desk.do(Task.DELETE, file)
    desk.objects.put(QUARANTINE, file.stored.key, b"bad")
    assert desk.do(Task.DELETE, file).answer is Answer.DELETED
    assert desk.stored(QUARANTINE) == []


def test_a_late_delivery_does_not_bring_a_deleted_file_back(desk):
    (file,) = desk.reserve()
    arrival = desk.arrive(file.incoming.key, b"bad")
    desk.processor.process(arrival)
    desk.do(Task.DELETE, file)
    desk.processor.process(arrival)
    assert desk.stored(QUARANTINE) == []
    assert desk.record(file).state is State.DELETED


def test_an_archive_is_not_deleted_with_its_damaged_entry(desk):
    file = desk.rejected()
    entry = replace(file, stored=replace(file.stored, bucket=ACCEPTED))
    desk.verdicts.table.files[file.file_id] = entry
    assert desk.do(Task.DELETE, file).answer is Answer.CLOSED
    assert desk.do(Task.REPROCESS, file).answer is Answer.GONE
    assert desk.record(file) == entry
