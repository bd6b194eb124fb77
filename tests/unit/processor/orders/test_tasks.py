"""What people order to be done with single files, over fakes; each task may come twice, and a crash may halve it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from intake.errors import ContentionError
from intake.files import keys
from intake.files.states import State
from intake.orders.commands import DoTask
from intake.orders.model import Answer, Review, Task
from processor.ingest.filing import Buckets
from processor.ingest.stored_objects import Scans
from processor.judge import Judgement
from processor.judge.inspection.findings import Profile
from processor.orders.review_results import ReviewResults
from processor.orders.tasks import Tasks
from tests.fakes import FakeAudit, FakeReviews
from tests.records import IDS, NOON, REFUSAL, WARNING
from tests.unit.processor.ingest.test_process import ACCEPTED, QUARANTINE, World

ORDER = "01kanqzzzz0000000000000009"


class Desk(World):
    """A world in which people order tasks. `rules` are today's."""

    def __init__(self, *, scan_required=False):
        super().__init__()
        self.reviews = FakeReviews()
        self.audit = FakeAudit()
        self.removed = []
        self.rules = lambda source, facts: Judgement("dicom", (), {"modality": "CT"}, "1234")
        self.tasks = Tasks(
            objects=self.objects,
            verdicts=self.verdicts,
            results=ReviewResults(
                verdicts=self.verdicts, reviews=self.reviews, audit=self.audit, clock=lambda: NOON + timedelta(days=2)
            ),
            buckets=Buckets(ACCEPTED, QUARANTINE),
            judge=self.judge,
            profile_of=lambda clinic_id: Profile(),
            takes_part=self.takes_part,
            expand=lambda archive, source: self.expanded.append((archive.file_id, source.size)) or 1,
            scans=Scans(self.objects, scan_required),
            ids=IDS,
            remove_pictures=self.remove_pictures,
            clock=lambda: NOON + timedelta(days=2),
        )

    def remove_pictures(self, clinic_id, file_id):
        """Remove a file's pictures, and remember whether the file stood there still."""
        record = self.verdicts.file(file_id)
        self.removed.append(
            (clinic_id, file_id, self.objects.find(record.stored.bucket, record.stored.key) is not None)
        )

    def judge(self, source, facts):
        return self.rules(source, facts)

    def rejected(self):
        (file,) = self.reserve()
        self.processor.process(self.arrive(file.incoming.key, b"bad"))
        return self.record(file)

    def failed(self, data=b"good1234"):
        (file,) = self.reserve()
        if data is not None:
            self.arrive(file.incoming.key, data)
        self.verdicts.fail(file, "retries-exhausted")
        return self.record(file)

    def record(self, file):
        return self.verdicts.file(file.file_id)

    def do(self, task, file, owner="", actor="admin-1", order_id=ORDER):
        return self.tasks.do(DoTask(owner=owner, order_id=order_id, task=task, file_id=file.file_id, actor=actor))

    def reviewed(self, file, proposer="admin-1", decider="admin-2", codes=(REFUSAL.code,)):
        review = Review(
            file_id=file.file_id,
            clinic_id=file.clinic_id,
            codes=codes,
            reason="The vendor's known quirk.",
            proposed_by=proposer,
            proposed_by_name="Ada",
            proposed_at=NOON,
            decided_by=decider,
            decided_by_name="Grace",
            decided_at=NOON,
            confirmed=True,
        )
        self.reviews.by_file[file.file_id] = review


@pytest.fixture
def desk():
    return Desk()


def test_a_rejected_file_that_passes_todays_rules_moves_to_the_accepted_bucket(desk):
    file = desk.rejected()

    answered = desk.do(Task.REPROCESS, file)

    record = desk.record(file)
    assert (answered.answer, record.state, record.stored.bucket) == (Answer.ACCEPTED, State.ACCEPTED, ACCEPTED)
    assert desk.objects.data(record.stored) == b"bad"
    assert record.stored.key == file.incoming.key
    assert [(step.actor, step.event, step.detail) for step in record.timeline[-2:]] == [
        ("admin-1", "reprocess", ORDER),
        ("processor", "accepted", ""),
    ]
    assert record.timings == file.timings


def test_a_file_that_is_rejected_again_stays_where_it_is_with_todays_reasons(desk):
    file = desk.rejected()
    other = replace(REFUSAL, code="another")
    desk.rules = lambda source, facts: Judgement("unknown", (other,), {}, None)

    answered = desk.do(Task.REPROCESS, file)

    record = desk.record(file)
    assert (answered.answer, answered.codes) == (Answer.REJECTED, ("another",))
    assert (record.state, record.stored, record.findings) == (State.REJECTED, file.stored, (other,))
    assert desk.stored(ACCEPTED) == []


def test_the_same_order_delivered_twice_judges_once(desk):
    file = desk.rejected()
    desk.rules = lambda source, facts: Judgement("unknown", (REFUSAL,), {}, None)
    desk.do(Task.REPROCESS, file)
    first = desk.record(file)

    answered = desk.do(Task.REPROCESS, file)

    assert desk.record(file) == first
    assert (answered.answer, answered.codes) == (Answer.REJECTED, (REFUSAL.code,))


def test_an_accepted_archive_is_unpacked_even_when_a_crash_came_between(desk):
    file = desk.rejected()
    desk.rules = lambda source, facts: Judgement("zip", (), {}, None)
    desk.do(Task.REPROCESS, file)
    desk.do(Task.REPROCESS, file)
    assert desk.expanded == [(file.file_id, 3)] * 2


def test_a_failed_file_is_judged_as_it_arrived(desk):
    file = desk.failed()

    assert desk.do(Task.REPROCESS, file).answer is Answer.ACCEPTED

    record = desk.record(file)
    assert (record.state, desk.objects.data(record.stored)) == (State.ACCEPTED, b"good1234")
    assert record.incoming.version_id == "v1"


def test_what_arrived_and_has_no_verdict_is_judged_when_an_admin_asks(desk):
    (file,) = desk.reserve()
    desk.arrive(file.incoming.key, b"good1234")
    assert desk.do(Task.REPROCESS, file).answer is Answer.ACCEPTED


def test_bytes_that_are_gone_are_an_answer_and_no_trouble(desk):
    file = desk.rejected()
    desk.objects.delete(file.stored)
    assert desk.do(Task.REPROCESS, file).answer is Answer.GONE
    assert desk.do(Task.TRY, file).answer is Answer.GONE
    assert desk.record(file) == file


def test_a_failed_file_that_never_reached_us_is_gone(desk):
    assert desk.do(Task.REPROCESS, desk.failed(data=None)).answer is Answer.GONE


def test_an_entry_that_never_came_out_of_its_archive_is_taken_out_again(desk):
    archive = desk.rejected()
    desk.rules = lambda source, facts: Judgement("zip", (), {}, None)
    desk.do(Task.REPROCESS, archive)
    desk.expanded.clear()
    entry = replace(archive, file_id=keys.child_id(archive.file_id, 0), parent=archive.file_id, state=State.FAILED)
    entry = replace(entry, incoming=replace(entry.incoming, key="nothing/there", version_id=None))
    desk.verdicts.table.files[entry.file_id] = entry

    assert desk.do(Task.REPROCESS, entry, order_id=ORDER[:-1] + "8").answer is Answer.ENQUEUED
    assert desk.expanded == [(archive.file_id, 3)]


@pytest.mark.parametrize("task", Task)
@pytest.mark.parametrize("state", [State.ACCEPTED, State.DELETED])
def test_settled_files_are_closed_to_every_task(desk, task, state):
    file = desk.rejected()
    desk.verdicts.table.files[file.file_id] = replace(file, state=state)
    desk.reviewed(file)
    assert desk.do(task, file, actor="admin-2").answer is Answer.CLOSED


def test_a_record_that_changed_meanwhile_is_looked_at_anew(desk):
    file = desk.rejected()
    judge = desk.rules

    def slowly(source, facts):
        desk.verdicts.table.save(desk.record(file))
        return judge(source, facts)

    desk.rules = slowly
    with pytest.raises(ContentionError):
        desk.do(Task.REPROCESS, file)
    desk.rules = judge
    assert desk.do(Task.REPROCESS, file).answer is Answer.ACCEPTED


def test_a_copy_that_belongs_to_no_record_gives_way(desk):
    file = desk.rejected()
    desk.objects.put(ACCEPTED, file.incoming.key, b"left behind", {"source-version": "another"})
    with pytest.raises(ContentionError):
        desk.do(Task.REPROCESS, file)
    desk.do(Task.REPROCESS, file)
    assert desk.objects.data(desk.record(file).stored) == b"bad"


def test_a_late_delivery_of_the_arrival_changes_nothing_after_reprocessing(desk):
    (file,) = desk.reserve()
    arrival = desk.arrive(file.incoming.key, b"bad")
    desk.processor.process(arrival)
    desk.do(Task.REPROCESS, file)
    record = desk.record(file)

    desk.processor_with(lambda source, facts: Judgement("dicom", (), {}, None)).process(arrival)

    assert desk.record(file) == record
    assert len(desk.verdicts.table.files) == 1


def test_a_dry_run_tells_and_changes_nothing(desk):
    file = desk.rejected()
    desk.rules = lambda source, facts: Judgement("dicom", (WARNING,), {}, None)

    assert desk.do(Task.TRY, file).answer is Answer.WARNED

    assert desk.record(file) == file
    assert desk.stored(ACCEPTED) == []


def test_a_dry_run_foresees_a_conflict_with_another_file(desk):
    file = desk.rejected()
    desk.verdicts.table.identities[file.clinic_id, "sop", "1234"] = "another"
    desk.verdicts.table.files["another"] = file
    answered = desk.do(Task.TRY, file)
    assert (answered.answer, answered.codes) == (Answer.REJECTED, ("sop-instance-uncompared",))


def test_staff_have_their_own_failed_files_checked_again_and_nothing_else(desk):
    rejected = desk.rejected()
    assert desk.do(Task.REPROCESS, rejected, owner="northside").answer is Answer.CLOSED
    for task in set(Task) - {Task.REPROCESS}:
        assert desk.do(task, rejected, owner="northside").answer is Answer.CLOSED
    desk.verdicts.table.files[rejected.file_id] = replace(rejected, state=State.FAILED)
    assert desk.do(Task.REPROCESS, rejected, owner="lakeview").answer is Answer.CLOSED
    assert desk.do(Task.REPROCESS, rejected, owner="northside").answer is Answer.ACCEPTED
    assert desk.do(Task.REPROCESS, rejected, owner="northside").answer is Answer.ACCEPTED
