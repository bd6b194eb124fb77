"""The table of records: the portal's view of it, the processor's, and the archives' entries."""

from dataclasses import replace
from datetime import timedelta

import pytest

from intake.errors import ConflictError, ContentionError, InvalidCursorError, NotFoundError
from intake.files import keys
from intake.files.model import ObjectVersion, TimelineEntry, timestamp
from intake.files.outcomes import Again, Outcome
from intake.files.scan import Scan
from intake.files.states import State
from tests.records import NOON, REFUSAL, SHA, UPLOAD_ID, a_file, a_verdict, an_upload, list_awaited

OTHER_UPLOAD = "01kanqzzzz0000000000000001"


@pytest.fixture
def files(stores, prepare):
    """Three reserved files of northside's."""

    def reserve_files():
        reserved = [a_file(number, created_at=NOON + timedelta(minutes=number)) for number in range(3)]
        stores.records.create_upload(an_upload())
        stores.records.add_files(an_upload(), reserved)
        return reserved

    return prepare(reserve_files)


class TestRecords:
    def test_an_upload_is_created_once_and_read_by_its_own_clinic_or_an_admin(self, stores, files):
        with pytest.raises(ConflictError):
            stores.records.create_upload(an_upload())
        for clinic_id in ("northside", None):
            assert stores.records.upload(clinic_id, UPLOAD_ID).clinic_id == "northside"
        for clinic_id, upload_id in (("lakeview", UPLOAD_ID), (None, OTHER_UPLOAD)):
            with pytest.raises(NotFoundError):
                stores.records.upload(clinic_id, upload_id)

    def test_files_are_added_to_the_upload_as_it_was_read_only(self, stores, files):
        with pytest.raises(ConflictError):
            stores.records.add_files(an_upload(), [a_file(3)])
        stores.records.add_files(stores.records.upload(None, UPLOAD_ID), [a_file(3)])
        assert stores.records.upload(None, UPLOAD_ID).declared == 4

    def test_first_files_bring_their_upload_along_whole_and_only_once(self, stores):
        told = {"reference": "Batch 7", "note": "", "expected": 120, "expected_images": 100}
        stores.records.create_upload(an_upload(**told))
        begun = an_upload(upload_id=OTHER_UPLOAD, **told)
        made = replace(a_file(), upload_id=OTHER_UPLOAD, file_id=keys.file_id(OTHER_UPLOAD, 0))
        stores.records.add_files(begun, [made])
        with pytest.raises(ConflictError):
            stores.records.add_files(begun, [made])
        with pytest.raises(ConflictError):
            stores.records.create_upload(begun)
        one, other = stores.records.upload(None, UPLOAD_ID), stores.records.upload("northside", OTHER_UPLOAD)
        files = {"announced": 0, "declared": 0, "announced_at": None, "counts": one.counts}
        assert replace(other, upload_id=UPLOAD_ID, **files) == one
        listed = {row.upload_id for row in stores.records.uploads("northside", None, 10).rows}
        assert listed == {UPLOAD_ID, OTHER_UPLOAD}
        with pytest.raises(ConflictError):
            stores.records.add_files(replace(begun, clinic_id="lakeview"), [replace(made, clinic_id="lakeview")])

    def test_a_file_is_read_as_it_was_reserved_by_its_own_clinic_or_an_admin(self, stores, files):
        for clinic_id in ("northside", None):
            assert stores.records.file(clinic_id, files[0].file_id) == files[0]
        with pytest.raises(NotFoundError):
            stores.records.file("lakeview", files[0].file_id)

    def test_an_uploads_files_come_in_order_from_any_position_of_their_list(self, stores, files):
        page = stores.records.files_of(UPLOAD_ID, None, 2)
        assert page.rows == tuple(files[:2])
        assert stores.records.files_of(UPLOAD_ID, page.next, 2).rows == (files[2],)
        assert stores.records.files_of(UPLOAD_ID, page.next, 2).next is None
        with pytest.raises(InvalidCursorError):
            stores.records.files_of(UPLOAD_ID, "nonsense", 2)

    def test_a_files_neighbours_are_those_of_its_upload(self, stores, files):
        found = [stores.records.neighbours(record) for record in files]
        assert [(one.previous, one.following) for one in found] == [
            (None, files[1]), (files[0], files[2]), (files[1], None),
        ]  # fmt: skip

    def test_a_clinics_files_come_newest_first_and_nobody_elses(self, stores, files):
        def listed(*asked, **more):
            return [file.file_id for file in stores.records.files(*asked, None, 10, **more).rows]

        newest_first = [file.file_id for file in reversed(files)]
        assert listed("northside", None, None) == newest_first
        assert listed(None, None, None) == newest_first
        assert listed("lakeview", None, None) == []
        assert listed("northside", State.ACCEPTED, None) == []
        assert listed("northside", State.AWAITING_UPLOAD, files[1].created_at) == newest_first[:2]
        assert listed("northside", None, None, until=files[1].created_at) == newest_first[2:]

    def test_uploads_come_newest_first(self, stores, files):
        stores.records.create_upload(an_upload(upload_id=OTHER_UPLOAD, created_at=NOON + timedelta(hours=1)))
        first = stores.records.uploads("northside", None, 1)
        second = stores.records.uploads("northside", first.next, 1)
        assert [page.rows[0].upload_id for page in (first, second)] == [OTHER_UPLOAD, UPLOAD_ID]
        assert stores.records.uploads("lakeview", None, 1).rows == ()

    def test_uploads_of_all_clinics_come_newest_first_and_go_on_behind_a_position(self, stores, files):
        later = an_upload(upload_id=OTHER_UPLOAD, clinic_id="lakeview", created_at=NOON + timedelta(hours=1))
        stores.records.create_upload(later)
        page = stores.records.uploads(None, None, 1)
        assert [upload.upload_id for upload in page.rows] == [OTHER_UPLOAD]
        rest = stores.records.uploads(None, page.next, 5)
        assert [upload.upload_id for upload in rest.rows] == [UPLOAD_ID]
        assert rest.next is None

    def test_several_files_are_read_without_those_that_there_are_not(self, stores, files):
        assert stores.records.get_many([files[1].file_id, f"{OTHER_UPLOAD}-00000"]) == {files[1].file_id: files[1]}

    def test_a_file_is_awaited_longer_only_while_it_is_awaited(self, stores, files):
        until = NOON + timedelta(days=2)
        stores.records.extend(files[0], until, "multipart-1")
        stores.records.extend(files[0], until)
        record = stores.records.file(None, files[0].file_id)
        assert (record.expires_at, record.multipart_id) == (until, "multipart-1")
        stores.verdicts.record(a_verdict(files[0]), reserved=True)
        with pytest.raises(ConflictError):
            stores.records.extend(files[0], until)

    def test_an_idempotency_key_keeps_what_it_was_bound_to_for_its_clinic(self, stores):
        assert stores.records.bind_idempotency_key("northside", "key", SHA, "first") == "first"
        assert stores.records.bind_idempotency_key("northside", "key", SHA, "second") == "first"
        assert stores.records.bind_idempotency_key("lakeview", "key", SHA, "third") == "third"
        with pytest.raises(ConflictError):
            stores.records.bind_idempotency_key("northside", "key", "cd" * 32, "first")


class TestVerdicts:
    def test_a_verdict_is_recorded_once_and_a_late_delivery_finds_it(self, stores, files):
        verdict = a_verdict(files[0])
        assert stores.verdicts.record(verdict, reserved=True).outcome is Outcome.RECORDED
        known = stores.verdicts.record(verdict, reserved=True)
        assert (known.outcome, known.other_stored) == (Outcome.ALREADY_RECORDED, verdict.stored)
        record = stores.verdicts.file(files[0].file_id)
        assert (record.state, record.revision, record.stored) == (State.ACCEPTED, 1, verdict.stored)
        assert [step.event for step in record.timeline] == ["accepted"]

    def test_without_a_reservation_a_reserved_verdict_is_none_and_a_direct_one_makes_its_record(self, stores):
        verdict = a_verdict(a_file(7))
        assert stores.verdicts.record(verdict, reserved=True).outcome is Outcome.NO_RESERVATION
        assert stores.verdicts.file(a_file(7).file_id) is None
        assert stores.verdicts.record(verdict, reserved=False).outcome is Outcome.RECORDED
        assert stores.verdicts.file(a_file(7).file_id).state is State.ACCEPTED

    @pytest.mark.parametrize("state", [State.ACCEPTED, State.REJECTED])
    def test_another_clinics_verdict_or_another_keys_meets_no_reservation(self, stores, files, state):
        foreign = a_verdict(files[0], clinic_id="lakeview", state=state)
        elsewhere = a_verdict(files[0], incoming=ObjectVersion("incoming", "northside/other", "v1"), state=state)
        for verdict in (foreign, elsewhere):
            assert stores.verdicts.record(verdict, reserved=True).outcome is Outcome.NO_RESERVATION
        assert stores.verdicts.file(files[0].file_id) == files[0]

    def test_the_same_bytes_are_accepted_once_and_a_sop_instance_too(self, stores, files):
        first = a_verdict(files[0], sha256=SHA, sop_instance_uid="1.2.3")
        stores.verdicts.record(first, reserved=True)
        twin = stores.verdicts.record(a_verdict(files[1], sha256=SHA, sop_instance_uid="1.2.3"), reserved=True)
        rival = stores.verdicts.record(a_verdict(files[2], sha256="cd" * 32, sop_instance_uid="1.2.3"), reserved=True)
        assert (twin.outcome, rival.outcome) == (Outcome.DUPLICATE_BYTES, Outcome.SOP_INSTANCE_CONFLICT)
        for met in (twin, rival):
            assert (met.other_file_id, met.other_stored) == (files[0].file_id, first.stored)
        assert stores.verdicts.file(files[1].file_id).state is State.AWAITING_UPLOAD

    def test_what_would_be_met_is_foreseen_and_nothing_written(self, stores, files):
        stores.verdicts.record(a_verdict(files[0], sop_instance_uid="1.2.3", sha256=SHA), reserved=True)
        rival = a_verdict(files[1], sop_instance_uid="1.2.3", sha256="cd" * 32)
        assert stores.verdicts.check_conflicts(rival).outcome is Outcome.SOP_INSTANCE_CONFLICT
        assert stores.verdicts.check_conflicts(a_verdict(files[1])).outcome is Outcome.RECORDED
        assert stores.verdicts.file(files[1].file_id) == files[1]

    def test_who_holds_a_files_sop_instance_is_told_unless_it_is_the_same_file_or_the_same_bytes(self, stores, files):
        stores.verdicts.record(a_verdict(files[0], sop_instance_uid="1.2.3", sha256=SHA), reserved=True)
        names = {"sop_instance_uid": "1.2.3"}
        rival, twin, other, self_ = (
            replace(files[1], metadata=names, sha256="cd" * 32),
            replace(files[2], metadata=names, sha256=SHA),
            replace(a_file(7), metadata={"sop_instance_uid": "1.2.4"}),
            replace(files[0], metadata=names, sha256="ef" * 32),
        )
        foreign = replace(rival, file_id=keys.file_id(UPLOAD_ID, 8), clinic_id="lakeview")
        assert stores.records.find_holders([rival, twin, other, self_, foreign, a_file(9)]) == {
            rival.file_id: files[0].file_id
        }
        assert stores.records.find_holders([]) == {}

    def test_the_file_that_claimed_an_instance_is_found_for_its_own_clinic(self, stores, files):
        stores.verdicts.record(a_verdict(files[0], sop_instance_uid="1.2.3", sha256=SHA), reserved=True)
        assert stores.records.find_claimant("northside", "1.2.3") == stores.verdicts.file(files[0].file_id)
        assert stores.records.find_claimant("northside", "1.2.4") is None
        assert stores.records.find_claimant("lakeview", "1.2.3") is None

    def test_the_story_of_a_rejected_file_goes_on_only_as_it_was_read(self, stores, files):
        step = TimelineEntry(NOON, "processor", "review-refused", "a-refusal")
        assert not stores.verdicts.add_steps(files[0], [step], NOON)
        stores.verdicts.record(a_verdict(files[0], state=State.REJECTED, findings=(REFUSAL,)), reserved=True)
        rejected = stores.verdicts.file(files[0].file_id)
        assert not stores.verdicts.add_steps(replace(rejected, clinic_id="lakeview"), [step], NOON)
        assert stores.verdicts.add_steps(rejected, [step], NOON)
        assert not stores.verdicts.add_steps(rejected, [step], NOON)
        told = stores.verdicts.file(files[0].file_id)
        assert (told.state, told.timeline) == (State.REJECTED, (*rejected.timeline, step))

    def test_a_file_judged_again_takes_its_new_verdict_only_as_it_was_judged(self, stores, files):
        stores.verdicts.record(a_verdict(files[0], state=State.REJECTED, findings=(REFUSAL,)), reserved=True)
        asked = TimelineEntry(NOON, "admin-1", "reprocess")
        again = a_verdict(files[0], again=Again(1, (asked,), judged=True))
        assert stores.verdicts.record(again, reserved=True).outcome is Outcome.RECORDED
        record = stores.verdicts.file(files[0].file_id)
        assert (record.state, record.revision) == (State.ACCEPTED, 2)
        assert [step.event for step in record.timeline] == ["rejected", "reprocess", "accepted"]
        with pytest.raises(ContentionError):
            stores.verdicts.record(again, reserved=True)

    def test_a_file_fails_once_and_never_after_its_verdict(self, stores, files):
        assert [stores.verdicts.fail(files[0], "Timeout") for _ in range(2)] == [True, False]
        record = stores.verdicts.file(files[0].file_id)
        assert (record.state, record.timeline[-1].detail) == (State.FAILED, "Timeout")
        stores.verdicts.record(a_verdict(files[1]), reserved=True)
        assert not stores.verdicts.fail(files[1], "Timeout")

    def test_only_what_is_awaited_expires(self, stores, files):
        assert stores.verdicts.expire(files[0], files[0].expires_at)
        assert not stores.verdicts.expire(files[0], files[0].expires_at)
        stores.verdicts.record(a_verdict(files[1]), reserved=True)
        assert not stores.verdicts.expire(files[1], files[1].expires_at)
        assert [file.file_id for file in list_awaited(stores.awaited)] == [files[2].file_id]

    def test_awaited_files_are_gone_through_from_a_time_or_behind_one_of_them(self, stores):
        uploads = [f"{OTHER_UPLOAD[:-1]}{number}" for number in range(3)]
        times = [NOON + timedelta(hours=number) for number in range(3)]
        for upload_id, at in zip(uploads, times, strict=True):
            record = a_file(0, upload_id=upload_id, created_at=at)
            stores.records.create_upload(an_upload(upload_id=upload_id))
            stores.records.add_files(an_upload(upload_id=upload_id), [record])

        def list_behind(after):
            groups, more = stores.awaited.page("northside", after, times[2] + timedelta(seconds=1), 10)
            assert more == ""
            assert [group.position.partition("#")[0] for group in groups] == [timestamp(g.created_at) for g in groups]
            return [group.upload_id for group in groups], [group.position for group in groups]

        everything, positions = list_behind("")
        assert everything == uploads
        assert list_behind(positions[0])[0] == uploads[1:]
        assert list_behind(timestamp(times[1]))[0] == uploads[1:]
        assert list_behind(timestamp(times[1] + timedelta(milliseconds=1)))[0] == uploads[2:]

    def test_only_what_its_own_clinic_awaits_is_withdrawn_and_what_arrives_then_is_judged(self, stores, files):
        step = TimelineEntry(NOON + timedelta(minutes=9), "user-1", "withdrawn")
        assert not stores.records.withdraw(replace(files[0], clinic_id="lakeview"), step)
        assert [stores.records.withdraw(files[0], step) for _ in range(2)] == [True, False]
        record = stores.records.file(None, files[0].file_id)
        assert (record.state, record.updated_at) == (State.EXPIRED, step.at)
        assert record.timeline[-2:] == (step, TimelineEntry(step.at, "user-1", "expired"))
        stores.verdicts.record(a_verdict(files[1]), reserved=True)
        assert not stores.records.withdraw(files[1], step)
        assert [file.file_id for file in list_awaited(stores.awaited)] == [files[2].file_id]
        assert stores.verdicts.record(a_verdict(files[0]), reserved=True).outcome is Outcome.RECORDED
        assert not stores.records.withdraw(files[0], step)
        assert stores.records.file(None, files[0].file_id).state is State.ACCEPTED

    def test_a_file_that_was_given_more_time_since_it_was_read_does_not_expire(self, stores, files):
        (late,) = [file for file in list_awaited(stores.awaited) if file.file_id == files[0].file_id]
        stores.records.extend(files[0], late.expires_at + timedelta(milliseconds=1))
        assert not stores.verdicts.expire(late, late.expires_at)
        record = stores.records.file(None, late.file_id)
        assert (record.state, record.timeline) == (State.AWAITING_UPLOAD, files[0].timeline)
        assert late.file_id in {file.file_id for file in list_awaited(stores.awaited)}
        assert stores.verdicts.expire(late, record.expires_at)

    def test_only_a_rejected_file_is_deleted_as_it_was_read(self, stores, files):
        stores.verdicts.record(a_verdict(files[0], state=State.REJECTED, findings=(REFUSAL,)), reserved=True)
        stores.verdicts.record(a_verdict(files[1]), reserved=True)
        rejected, accepted = (stores.verdicts.file(file.file_id) for file in files[:2])
        assert not stores.verdicts.delete(accepted, [], NOON)
        assert not stores.verdicts.delete(replace(rejected, revision=0), [], NOON)
        assert not stores.verdicts.delete(replace(rejected, clinic_id="lakeview"), [], NOON)
        assert stores.verdicts.delete(rejected, [TimelineEntry(NOON, "admin-1", "delete")], NOON)
        record = stores.verdicts.file(files[0].file_id)
        assert (record.state, record.revision) == (State.DELETED, 2)
        assert [step.event for step in record.timeline] == ["rejected", "delete", "deleted"]

    def test_a_scan_is_noted_in_the_files_own_record_only(self, stores, files):
        stores.verdicts.note_scan(replace(files[0], clinic_id="lakeview"), Scan.THREAT)
        assert stores.verdicts.file(files[0].file_id).scan is None
        stores.verdicts.note_scan(files[0], Scan.THREAT)
        assert stores.verdicts.file(files[0].file_id).scan is Scan.THREAT

    def test_an_archive_is_settled_once(self, stores, files):
        verdict = a_verdict(files[0], kind="zip", metadata={"entries": 2})
        stores.verdicts.record(verdict, reserved=True)
        record = stores.verdicts.file(files[0].file_id)
        moved = ObjectVersion("quarantine", "northside/moved", "q1")
        settled = [stores.verdicts.settle(record, State.REJECTED, REFUSAL, moved, NOON) for _ in range(2)]
        assert settled == [True, False]
        record = stores.verdicts.file(files[0].file_id)
        assert (record.state, record.settled, record.stored, record.findings) == (
            State.REJECTED,
            True,
            moved,
            (REFUSAL,),
        )


class TestChildren:
    @pytest.fixture
    def entries(self, files):
        return [a_file(file_id=keys.child_id(files[0].file_id, n), parent=files[0].file_id) for n in range(3)]

    def test_entries_are_reserved_once_and_awaited_until_they_are_judged(self, stores, entries):
        for some in (entries[:2], entries):
            stores.children.reserve(some)
        assert stores.children.find_awaited(entries) == {entry.file_id for entry in entries}
        stores.verdicts.record(a_verdict(entries[0]), reserved=True)
        assert stores.children.find_awaited(entries) == {entry.file_id for entry in entries[1:]}
        unknown = keys.child_id(a_file().file_id, 99)
        assert stores.children.states([entries[0].file_id, entries[1].file_id, unknown]) == {
            entries[0].file_id: State.ACCEPTED,
            entries[1].file_id: State.AWAITING_UPLOAD,
        }

    def test_an_entry_under_whose_id_anothers_record_stands_is_refused(self, stores, entries):
        stores.children.reserve(entries)
        with pytest.raises(ConflictError):
            stores.children.find_awaited([replace(entries[0], clinic_id="lakeview")])


class TestLedger:
    def test_judged_files_come_oldest_first_and_awaited_ones_are_left_out(self, stores, files):
        for file in files[:2]:
            stores.verdicts.record(a_verdict(file), reserved=True)
        first, more = stores.ledger.page("northside", "", 1)
        assert ([*first], more) == ([files[0].file_id], True)
        second, more = stores.ledger.page("northside", first[files[0].file_id], 1)
        assert ([*second], more) == ([files[1].file_id], False)
        assert stores.ledger.page("lakeview", "", 1) == ({}, False)

    def test_files_and_uploads_are_looked_up_without_those_that_there_are_not(self, stores, files):
        asked = frozenset({files[0].file_id, f"{OTHER_UPLOAD}-00000"}), frozenset({UPLOAD_ID, OTHER_UPLOAD})
        known = stores.ledger.look_up(*asked)
        assert known.files == {files[0].file_id: files[0]}
        assert [*known.uploads] == [UPLOAD_ID]
        assert known.uploads[UPLOAD_ID].answers("northside", 2, "2026-11-22")
        assert not known.uploads[UPLOAD_ID].answers("northside", 3, "2026-11-22")
