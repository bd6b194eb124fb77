from dataclasses import replace
from datetime import timedelta

import pytest

from intake.errors import ContentionError
from intake.files.model import ObjectVersion, Source, TimelineEntry
from intake.files.outcomes import Again, Outcome, PastVerdict
from intake.files.scan import Scan
from intake.files.states import State
from intake.records.records import DynamoRecords
from intake.records.verdicts import DynamoVerdicts
from intake.table.table import Table, deserialize
from intake.tenants.dynamodb import DynamoDirectory
from intake.tenants.model import Clinic
from tests.records import IDS, NOON, REFUSAL, SHA, WARNING, a_file, a_verdict, an_upload
from tests.unit.intake.conftest import TABLE


@pytest.fixture
def records(dynamodb):
    for clinic_id in ("northside", "lakeview"):
        DynamoDirectory(Table(dynamodb, TABLE)).create_clinic(Clinic(clinic_id, clinic_id.title()))
    return DynamoRecords(Table(dynamodb, TABLE))


@pytest.fixture
def verdicts(dynamodb):
    return DynamoVerdicts(Table(dynamodb, TABLE), IDS)


@pytest.fixture
def reserved(records):
    files = [a_file(number) for number in range(3)]
    records.create_upload(an_upload())
    records.add_files(an_upload(), files)
    return files


def test_a_verdict_moves_the_record_and_leaves_what_was_declared(verdicts, reserved):
    verdict = a_verdict(reserved[0], findings=(WARNING,), sha256=SHA)

    assert verdicts.record(verdict, reserved=True).outcome is Outcome.RECORDED

    record = verdicts.file(reserved[0].file_id)
    assert record.state is State.ACCEPTED
    assert record.name == "slice-0.dcm"
    assert record.stored == verdict.stored
    assert record.incoming == verdict.incoming
    assert record.findings == (WARNING,)
    assert record.metadata == verdict.metadata
    assert record.revision == 1
    assert record.timings == {"arrival_to_verdict": 120, "judging": 1}
    assert [entry.event for entry in record.timeline] == ["accepted"]


def test_the_timeline_tells_the_code_that_rejected_whatever_was_found_before_it(verdicts, reserved):
    rejected = a_verdict(reserved[0], state=State.REJECTED, findings=(WARNING, REFUSAL))
    verdicts.record(rejected, reserved=True)
    verdicts.record(a_verdict(reserved[1], findings=(WARNING,)), reserved=True)

    told = [verdicts.file(file.file_id).timeline[-1].detail for file in reserved[:2]]
    assert told == [REFUSAL.code, ""]


def test_how_the_scan_ended_stays_in_the_record(verdicts, reserved):
    verdicts.record(a_verdict(reserved[0], state=State.REJECTED, findings=(REFUSAL,), scan=Scan.CLEAN), reserved=True)
    verdicts.record(a_verdict(reserved[1]), reserved=True)
    assert [verdicts.file(file.file_id).scan for file in reserved] == [Scan.CLEAN, None, None]

    again = Again(1, (), judged=True)
    verdicts.record(a_verdict(reserved[0], state=State.REJECTED, findings=(REFUSAL,), again=again), reserved=True)
    assert verdicts.file(reserved[0].file_id).scan is Scan.CLEAN


def test_the_same_event_delivered_again_changes_nothing(verdicts, reserved):
    verdict = a_verdict(reserved[0])
    verdicts.record(verdict, reserved=True)
    before = verdicts.file(reserved[0].file_id)

    recorded = verdicts.record(replace(verdict, decided_at=NOON + timedelta(hours=1)), reserved=True)

    assert recorded.outcome is Outcome.ALREADY_RECORDED
    assert recorded.other_stored == verdict.stored
    assert verdicts.file(reserved[0].file_id) == before


def test_a_key_without_a_reservation_behind_it_is_told_from_a_reserved_one(verdicts):
    assert verdicts.record(a_verdict(a_file()), reserved=True).outcome is Outcome.NO_RESERVATION


def test_another_version_under_a_judged_key_is_no_redelivery(verdicts, reserved):
    verdicts.record(a_verdict(reserved[0]), reserved=True)
    other = a_verdict(reserved[0], incoming=replace(reserved[0].incoming, version_id="v2"))

    assert verdicts.record(other, reserved=True).outcome is Outcome.NO_RESERVATION


def test_an_object_without_a_reservation_gets_its_record_on_arrival(verdicts):
    verdict = replace(a_verdict(a_file()), name="scan.dcm")

    assert verdicts.record(verdict, reserved=False).outcome is Outcome.RECORDED
    assert verdicts.record(verdict, reserved=False).outcome is Outcome.ALREADY_RECORDED

    record = verdicts.file(verdict.file_id)
    assert (record.source, record.name, record.state) == (Source.DIRECT, "scan.dcm", State.ACCEPTED)
    assert record.revision == 1


def test_the_second_file_with_the_same_bytes_is_told_who_holds_them(verdicts, reserved):
    first = a_verdict(reserved[0], sha256=SHA, sop_instance_uid="1.2.3")
    verdicts.record(first, reserved=True)

    recorded = verdicts.record(a_verdict(reserved[1], sha256=SHA, sop_instance_uid="1.2.3"), reserved=True)

    assert recorded.outcome is Outcome.DUPLICATE_BYTES
    assert recorded.other_file_id == reserved[0].file_id
    assert recorded.other_stored == first.stored
    assert verdicts.file(reserved[1].file_id).state is State.AWAITING_UPLOAD


def test_other_bytes_under_the_same_sop_instance_uid_are_a_conflict(verdicts, reserved):
    verdicts.record(a_verdict(reserved[0], sha256=SHA, sop_instance_uid="1.2.3"), reserved=True)

    recorded = verdicts.record(a_verdict(reserved[1], sha256="cd" * 32, sop_instance_uid="1.2.3"), reserved=True)

    assert recorded.outcome is Outcome.SOP_INSTANCE_CONFLICT
    assert recorded.other_file_id == reserved[0].file_id


def test_where_no_checksum_is_known_equal_size_and_etag_tell_equal_bytes(verdicts, reserved):
    verdicts.record(a_verdict(reserved[0], etag='"e"', sop_instance_uid="1.2.3"), reserved=True)

    same = verdicts.record(a_verdict(reserved[1], etag='"e"', sop_instance_uid="1.2.3"), reserved=True)
    other = verdicts.record(a_verdict(reserved[2], etag='"f"', sop_instance_uid="1.2.3"), reserved=True)

    assert (same.outcome, other.outcome) == (Outcome.DUPLICATE_BYTES, Outcome.SOP_INSTANCE_CONFLICT)


def test_a_review_moves_the_claim_and_the_former_says_so(verdicts, reserved):
    first, second, third = reserved
    verdicts.record(a_verdict(first, sha256=SHA, sop_instance_uid="1.2.3"), reserved=True)
    taking = a_verdict(second, sha256="cd" * 32, sop_instance_uid="1.2.3", replaces=first.file_id)

    assert verdicts.check_conflicts(taking).outcome is Outcome.RECORDED
    assert verdicts.record(taking, reserved=True).outcome is Outcome.RECORDED
    assert verdicts.record(taking, reserved=True).outcome is Outcome.ALREADY_RECORDED

    former, taken = verdicts.file(first.file_id), verdicts.file(second.file_id)
    assert (former.state, former.superseded_by) == (State.ACCEPTED, second.file_id)
    assert [step.event for step in former.timeline].count("superseded") == 1
    assert (taken.state, taken.conflicts_with) == (State.ACCEPTED, first.file_id)
    again = verdicts.record(a_verdict(third, sha256="ef" * 32, sop_instance_uid="1.2.3"), reserved=True)
    assert again.other_file_id == second.file_id


def test_a_claim_is_taken_over_from_the_file_that_was_decided_on_alone(verdicts, reserved):
    first, second, third = reserved
    verdicts.record(a_verdict(first, sha256=SHA, sop_instance_uid="1.2.3"), reserved=True)
    verdicts.record(a_verdict(third, sha256="ef" * 32, sop_instance_uid="1.2.4"), reserved=True)
    wrong = a_verdict(second, sha256="cd" * 32, sop_instance_uid="1.2.3", replaces=third.file_id)

    recorded = verdicts.record(wrong, reserved=True)

    assert (recorded.outcome, recorded.other_file_id) == (Outcome.SOP_INSTANCE_CONFLICT, first.file_id)
    assert verdicts.file(third.file_id).superseded_by is None


def test_a_claim_is_never_taken_over_from_another_clinic(verdicts, records, reserved):
    elsewhere = a_file(clinic_id="lakeview", upload_id="01kanqzzzz0000000000000001")
    records.create_upload(an_upload(clinic_id="lakeview", upload_id=elsewhere.upload_id))
    records.add_files(an_upload(clinic_id="lakeview", upload_id=elsewhere.upload_id), [elsewhere])
    verdicts.record(a_verdict(elsewhere, sha256=SHA, sop_instance_uid="1.2.3"), reserved=True)

    with pytest.raises(ContentionError):
        verdicts.record(
            a_verdict(reserved[0], sha256=SHA, sop_instance_uid="1.2.3", replaces=elsewhere.file_id), reserved=True
        )

    assert verdicts.file(elsewhere.file_id).superseded_by is None


def test_two_clinics_may_hold_the_same_bytes(verdicts, records, reserved):
    elsewhere = a_file(clinic_id="lakeview", upload_id="01kanqzzzz0000000000000001")
    records.create_upload(an_upload(clinic_id="lakeview", upload_id=elsewhere.upload_id))
    records.add_files(an_upload(clinic_id="lakeview", upload_id=elsewhere.upload_id), [elsewhere])
    for file in (reserved[0], elsewhere):
        assert verdicts.record(a_verdict(file, sha256=SHA), reserved=True).outcome is Outcome.RECORDED


def test_a_rejected_file_claims_nothing(verdicts, reserved):
    refused = a_verdict(reserved[0], state=State.REJECTED, findings=(REFUSAL,), sha256=SHA, sop_instance_uid="1.2.3")
    verdicts.record(refused, reserved=True)

    accepted = a_verdict(reserved[1], sha256=SHA, sop_instance_uid="1.2.3")
    assert verdicts.record(accepted, reserved=True).outcome is Outcome.RECORDED


def test_a_dead_letter_fails_its_file_once_and_a_redrive_reopens_it(verdicts, reserved):
    assert verdicts.fail(reserved[0], "retries-exhausted")
    assert not verdicts.fail(reserved[0], "retries-exhausted")
    assert verdicts.file(reserved[0].file_id).state is State.FAILED

    assert verdicts.record(a_verdict(reserved[0]), reserved=True).outcome is Outcome.RECORDED
    record = verdicts.file(reserved[0].file_id)
    assert record.state is State.ACCEPTED
    assert [(entry.event, entry.detail) for entry in record.timeline] == [
        ("failed", "retries-exhausted"),
        ("accepted", ""),
    ]


def test_an_object_that_never_had_a_record_can_fail(verdicts):
    stranger = a_file(source=Source.DIRECT, incoming=ObjectVersion("incoming", "northside/scan.dcm", "v1"))

    assert verdicts.fail(stranger, "retries-exhausted")
    assert verdicts.file(stranger.file_id).state is State.FAILED


def test_a_judged_file_neither_fails_nor_expires(verdicts, reserved):
    verdicts.record(a_verdict(reserved[0]), reserved=True)

    assert not verdicts.fail(reserved[0], "retries-exhausted")
    assert not verdicts.expire(reserved[0], reserved[0].expires_at)


def test_a_result_that_came_after_the_verdict_is_noted_and_moves_nothing(verdicts, reserved):
    verdicts.record(a_verdict(reserved[0]), reserved=True)
    judged = verdicts.file(reserved[0].file_id)

    verdicts.note_scan(reserved[0], Scan.THREAT)
    verdicts.note_scan(a_file(99), Scan.THREAT)

    assert verdicts.file(reserved[0].file_id) == replace(judged, scan=Scan.THREAT)
    assert verdicts.file(a_file(99).file_id) is None


def read_items(dynamodb):
    return [deserialize(item) for item in dynamodb.scan(TableName=TABLE)["Items"]]


def again(record, **changes):
    return replace(Again(record.revision, (TimelineEntry(NOON, "admin-1", "reprocess", "an-order"),), True), **changes)


@pytest.fixture
def rejected(verdicts, reserved):
    verdicts.record(a_verdict(reserved[0], state=State.REJECTED, findings=(REFUSAL,)), reserved=True)
    return verdicts.file(reserved[0].file_id)


def test_a_rejected_file_that_is_judged_again_keeps_its_first_timings_and_tells_who_asked(verdicts, rejected):
    later = a_verdict(rejected, again=again(rejected), decided_at=NOON + timedelta(days=3))

    assert verdicts.record(later, reserved=True).outcome is Outcome.RECORDED

    record = verdicts.file(rejected.file_id)
    assert (record.state, record.findings, record.timings) == (State.ACCEPTED, (), rejected.timings)
    assert [step.event for step in record.timeline[-2:]] == ["reprocess", "accepted"]
    assert record.revision == rejected.revision + 1


def test_a_record_keeps_what_each_verdict_counted_that_another_one_followed(dynamodb, verdicts, rejected):
    first = PastVerdict(revision=1, codes=("a-refusal", "another"), shadow=("a-shadow",), device=("ab12", "A scanner"))
    second = PastVerdict(revision=2)
    still = a_verdict(rejected, state=State.REJECTED, findings=(REFUSAL,), again=again(rejected, past=first))
    verdicts.record(still, reserved=True)
    once_more = verdicts.file(rejected.file_id)
    verdicts.record(a_verdict(once_more, again=again(once_more, past=second)), reserved=True)

    (item,) = [one for one in read_items(dynamodb) if one.get("file_id") == rejected.file_id]
    assert item["past"] == [
        {"revision": 1, "codes": ["a-refusal", "another"], "shadow": ["a-shadow"], "device": ["ab12", "A scanner"]},
        {"revision": 2},
    ]


def test_a_verdict_on_a_record_that_changed_since_is_void(verdicts, rejected):
    with pytest.raises(ContentionError):
        verdicts.record(a_verdict(rejected, again=again(rejected, revision=0)), reserved=True)
    assert verdicts.file(rejected.file_id) == rejected


def test_a_file_is_deleted_once_and_only_as_it_was_read(verdicts, rejected):
    assert not verdicts.delete(replace(rejected, revision=0), (), NOON)
    assert verdicts.delete(rejected, again(rejected).steps, NOON)
    assert not verdicts.delete(rejected, (), NOON)

    record = verdicts.file(rejected.file_id)
    assert (record.state, [step.event for step in record.timeline[-2:]]) == (State.DELETED, ["reprocess", "deleted"])
    redelivered = verdicts.record(a_verdict(a_file()), reserved=True)
    assert (redelivered.outcome, redelivered.other_stored) == (Outcome.ALREADY_RECORDED, None)


def test_conflicts_and_duplicates_are_foreseen(verdicts, reserved):
    first, second, _ = reserved
    verdicts.record(a_verdict(first, sha256=SHA, sop_instance_uid="1.2.3"), reserved=True)
    foreseen = [
        verdicts.check_conflicts(a_verdict(second, sha256="cd" * 32, sop_instance_uid="1.2.3")),
        verdicts.check_conflicts(a_verdict(second, sha256=SHA, sop_instance_uid="1.2.3")),
        verdicts.check_conflicts(a_verdict(second, sha256="cd" * 32, sop_instance_uid="1.2.4")),
        verdicts.check_conflicts(a_verdict(first, sha256=SHA, sop_instance_uid="1.2.3")),
        verdicts.check_conflicts(a_verdict(second, state=State.REJECTED, sop_instance_uid="1.2.3")),
    ]
    assert [told.outcome for told in foreseen] == [
        Outcome.SOP_INSTANCE_CONFLICT,
        Outcome.DUPLICATE_BYTES,
        Outcome.RECORDED,
        Outcome.RECORDED,
        Outcome.RECORDED,
    ]


FOUND = replace(REFUSAL, code="archive-nothing-accepted")


def an_archive(verdicts, file):
    verdicts.record(a_verdict(file, sha256=SHA, kind="zip", sop_instance_uid=None), reserved=True)
    return verdicts.file(file.file_id)


def test_an_archive_of_which_nothing_is_accepted_leaves_the_accepted_ones_and_gives_up_its_claim(verdicts, reserved):
    archive = an_archive(verdicts, reserved[0])
    kept = ObjectVersion("quarantine", "northside/x", "q1")

    assert verdicts.settle(archive, State.REJECTED, FOUND, kept, NOON)

    settled = verdicts.file(archive.file_id)
    assert (settled.state, settled.codes, settled.stored) == (State.REJECTED, ("archive-nothing-accepted",), kept)
    assert (settled.settled, settled.revision) == (True, archive.revision + 1)
    again = a_verdict(reserved[1], sha256=SHA, kind="zip", sop_instance_uid=None)
    assert verdicts.check_conflicts(again).outcome is Outcome.RECORDED
    assert verdicts.record(again, reserved=True).outcome is Outcome.RECORDED
    third = a_verdict(reserved[2], sha256=SHA, kind="zip", sop_instance_uid=None)
    assert verdicts.record(third, reserved=True).other_file_id == reserved[1].file_id


def test_an_archive_that_stays_accepted_keeps_its_claim(verdicts, reserved):
    archive = an_archive(verdicts, reserved[0])

    assert verdicts.settle(archive, State.ACCEPTED, WARNING, archive.stored, NOON)

    assert verdicts.file(archive.file_id).findings == (*archive.findings, WARNING)
    other = a_verdict(reserved[1], sha256=SHA, kind="zip", sop_instance_uid=None)
    assert verdicts.record(other, reserved=True).outcome is Outcome.DUPLICATE_BYTES


def test_a_settlement_of_a_record_that_changed_or_is_anothers_changes_nothing(verdicts, reserved):
    archive = an_archive(verdicts, reserved[0])

    assert not verdicts.settle(replace(archive, revision=7), State.REJECTED, FOUND, archive.stored, NOON)
    assert not verdicts.settle(replace(archive, clinic_id="lakeview"), State.REJECTED, FOUND, archive.stored, NOON)
    assert verdicts.settle(archive, State.REJECTED, FOUND, archive.stored, NOON)
    assert not verdicts.settle(archive, State.ACCEPTED, None, archive.stored, NOON)
