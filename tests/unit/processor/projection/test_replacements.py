"""What was sent in place of what, on the real table: found in any order, once, and never by mistake."""

import random
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from intake.files.dealing import REOPENED, Dealing, Reason
from intake.files.item_keys import RANKS, file_key
from intake.files.model import TimelineEntry
from intake.files.states import State
from intake.files.upload_state import UploadState, count_missing, count_troubled, find_upload_state
from intake.projections.projections import DynamoProjections
from intake.records.records import DynamoRecords
from intake.records.repairs import DynamoRepairs
from intake.records.verdicts import DynamoVerdicts
from intake.table.table import Table
from processor.handlers.record_changes import describe_change
from processor.projection.replacements import NAMES, Replacements, may_replace
from tests.records import IDS, NOON, REFUSAL, UPLOAD_ID, a_file, a_verdict, an_upload
from tests.unit.intake.conftest import TABLE

LATER = NOON + timedelta(minutes=10)


class World:
    """An upload in the table, and the projector's part of it; changes are delivered when the test says so."""

    def __init__(self, table):
        self.table = table
        self.records, self.verdicts = DynamoRecords(table), DynamoVerdicts(table, IDS)
        self.repairs, self.sums = DynamoRepairs(table), DynamoProjections(table)
        self.unread, self.looks, self.seen = [], 0, {}
        self.replacements = Replacements(
            self.repairs, self.records.get_many, tell_unread=self.unread.append, clock=lambda: LATER
        )
        self.records.create_upload(an_upload())

    def announce(self, *names, at=NOON):
        """Reserve files of these names, and return their records."""
        upload = self.records.upload("northside", UPLOAD_ID)
        files = [a_file(upload.announced + n, name=name, created_at=at) for n, name in enumerate(names)]
        self.records.add_files(upload, files)
        return files

    def judge(self, file, state=State.ACCEPTED, uid="", study=""):
        metadata = {"sop_instance_uid": uid} if uid else {}
        if study:
            metadata |= {"study_instance_uid": study, "series_instance_uid": f"{study}.1"}
        self.verdicts.record(
            a_verdict(
                file,
                state=state,
                findings=(REFUSAL,) if state is State.REJECTED else (),
                metadata=metadata,
                sop_instance_uid=uid or None,
            ),
            reserved=True,
        )

    def collect(self):
        """Return the changes that nobody has collected, each record's latest against the last one seen."""
        changes = []
        for record in self.records.files_of(UPLOAD_ID, None, 1000).rows:
            item = self.item(record.file_id)
            old = self.seen.get(record.file_id, {**item, "state": "awaiting_upload", "revision": 0, "trouble": ""})
            if old["revision"] != item["revision"]:
                changes.append(describe_change(old, item))
                self.seen[record.file_id] = item
        return changes

    def item(self, file_id):
        return self.table.get(file_key(file_id))

    def deliver(self, changes):
        self.sums.apply(changes)
        return self.replacements.link(self.upload, changes)

    def follow(self):
        """Deliver until nothing changes any more."""
        while changes := self.collect():
            self.deliver(changes)

    @property
    def upload(self):
        return self.records.upload("northside", UPLOAD_ID)

    def file(self, file):
        return self.records.file("northside", file.file_id)


@pytest.fixture
def world(dynamodb):
    return World(Table(dynamodb, TABLE))


def test_a_corrected_file_of_the_same_name_replaces_the_rejected_one_and_the_upload_is_complete(world):
    (bad,) = world.announce("ct/1.dcm")
    world.judge(bad, State.REJECTED)
    world.follow()
    assert find_upload_state(world.upload) is UploadState.NEEDS_ATTENTION

    (good,) = world.announce("ct/1.dcm", at=LATER)
    world.judge(good)
    world.follow()

    replaced = world.file(bad)
    assert (replaced.replaced_by, replaced.state) == (good.file_id, State.REJECTED)
    last = replaced.timeline[-1]
    assert (last.event, last.actor, last.detail) == ("replaced", "processor", good.file_id)
    upload = world.upload
    assert (find_upload_state(upload), upload.replaced, upload.causes) == (UploadState.COMPLETE, 1, {})


def test_delivering_everything_again_changes_nothing(world):
    bad, good = world.announce("1.dcm")[0], world.announce("1.dcm", at=LATER)[0]
    world.judge(bad, State.REJECTED)
    world.judge(good)
    changes = world.collect()
    assert world.deliver(changes) == 1
    told = world.file(bad)

    assert world.deliver(changes) == 0
    assert world.file(bad) == told
    world.follow()
    assert world.upload.handled == {State.REJECTED: 1}


@pytest.mark.parametrize("state", sorted(RANKS))
def test_whichever_is_counted_last_finds_the_other(world, state):
    bad, good = world.announce("1.dcm")[0], world.announce("1.dcm", at=LATER)[0]
    world.judge(good)
    world.follow()
    if state is State.REJECTED:
        world.judge(bad, state)
    elif state is State.EXPIRED:
        assert world.verdicts.expire(bad, bad.expires_at)
    else:
        assert world.verdicts.fail(bad, "worn out")
    world.follow()
    assert world.file(bad).replaced_by == good.file_id
    assert find_upload_state(world.upload) is UploadState.COMPLETE


@pytest.mark.parametrize("order", [1, -1])
def test_the_same_image_replaces_whatever_it_is_called_and_whichever_is_judged_first(world, order):
    (bad,), (good,) = world.announce("b/2.dcm"), world.announce("a/1.dcm", at=LATER)
    for file, state in [(bad, State.REJECTED), (good, State.ACCEPTED)][::order]:
        world.judge(file, state, uid="1.2.3")
        world.follow()
    assert world.file(bad).replaced_by == good.file_id


FIRST = a_file(0, name="ct/a/IM1", state=State.REJECTED)
NEXT = a_file(1, name="ct/a/IM1", state=State.ACCEPTED, created_at=LATER)


@pytest.mark.parametrize(
    "new",
    [
        replace(NEXT, name="ct/b/IM1"),
        replace(NEXT, name="IM1"),
        replace(NEXT, created_at=NOON),
        replace(NEXT, clinic_id="lakeview"),
        replace(NEXT, upload_id="01kanqzzzz0000000000000001"),
        replace(NEXT, state=State.REJECTED),
        replace(NEXT, metadata={"study_instance_uid": "1.9", "series_instance_uid": "1.9.1"}),
    ],
    ids=["another path", "no path", "at once", "another clinic", "another upload", "rejected too", "another exam"],
)
def test_what_may_be_another_file_replaces_nothing(new):
    old = replace(FIRST, metadata={"study_instance_uid": "1.2", "series_instance_uid": "1.2.1"})
    assert may_replace(NEXT, old)
    assert not may_replace(new, old)


def test_the_same_instance_replaces_what_was_announced_before_it_and_what_was_not_refused_for_it():
    same = {"sop_instance_uid": "1.2.3"}
    old, new = replace(FIRST, name="a", metadata=same), replace(NEXT, name="b", metadata=same)
    assert may_replace(new, old)
    assert not may_replace(replace(new, created_at=NOON), old)
    assert not may_replace(new, replace(old, conflicts_with=new.file_id))


def test_a_file_that_is_chosen_by_itself_replaces_the_only_one_that_ends_so(world):
    first, second = world.announce("a/IM1", "b/IM2")
    for file in (first, second):
        world.judge(file, State.REJECTED)
    (good,) = world.announce("IM1", at=LATER)
    world.judge(good)
    world.follow()
    assert (world.file(first).replaced_by, world.file(second).replaced_by) == (good.file_id, None)


def test_of_two_that_end_so_neither_is_guessed_at(world):
    files = world.announce("a/IM1", "b/IM1")
    for file in files:
        world.judge(file, State.REJECTED)
    (good,) = world.announce("IM1", at=LATER)
    world.judge(good)
    world.follow()
    assert [world.file(file).replaced_by for file in files] == [None, None]


def test_what_a_person_reopened_is_left_to_people(world):
    bad, good = world.announce("1.dcm")[0], world.announce("1.dcm", at=LATER)[0]
    world.judge(bad, State.REJECTED)
    world.judge(good)
    world.follow()
    assert world.repairs.reopen(world.file(bad), TimelineEntry(LATER, "nora", REOPENED))
    world.follow()
    assert world.file(bad).replaced_by is None
    assert find_upload_state(world.upload) is UploadState.NEEDS_ATTENTION
    assert list(world.upload.causes.values()) == [1]


def test_an_upload_without_trouble_is_asked_nothing(world, monkeypatch):
    files = world.announce(*[f"{n}.dcm" for n in range(5)])
    for file in files:
        world.judge(file)
    changes = world.collect()
    world.sums.apply(changes)
    upload = world.upload
    monkeypatch.setattr(world.replacements, "_repairs", None)
    monkeypatch.setattr(world.replacements, "_get_many", None)
    assert world.replacements.link(upload, changes) == 0


@pytest.mark.parametrize("troubled", [1, 40])
def test_what_a_batch_asks_does_not_grow_with_the_trouble_of_its_upload(world, monkeypatch, troubled):
    for file in world.announce(*[f"{n}.dcm" for n in range(troubled)]):
        world.judge(file, State.REJECTED)
    world.follow()
    (good,) = world.announce("another.dcm", at=LATER)
    world.judge(good)
    changes = world.collect()
    world.sums.apply(changes)
    upload, calls = world.upload, []
    for name in ("query", "batch_get", "write_if"):
        call = getattr(world.table, name)
        monkeypatch.setattr(world.table, name, lambda *told, name=name, call=call: calls.append(name) or call(*told))
    world.replacements.link(upload, changes)
    assert sorted(calls) == ["batch_get", "batch_get", "query"]


def test_trouble_that_is_not_looked_through_is_told_to_operators(world):
    files = world.announce(*[f"{n}.dcm" for n in range(NAMES + 1)])
    for file in files:
        world.judge(file, State.REJECTED)
    world.follow()
    assert world.unread == [UPLOAD_ID]


def test_a_verdict_takes_back_what_was_said_of_the_trouble_before(world):
    (file,) = world.announce("1.dcm")
    assert world.verdicts.fail(file, "worn out")
    record = world.file(file)
    assert world.repairs.deal(record, a_dealing(), TimelineEntry(LATER, "nora", "dealt-with", "other"))
    assert not world.repairs.deal(record, a_dealing(), TimelineEntry(LATER, "nora", "dealt-with", "other"))
    world.follow()
    assert find_upload_state(world.upload) is UploadState.COMPLETE

    world.judge(file, State.REJECTED)
    world.follow()
    assert world.file(file).dealt_with is None
    assert (find_upload_state(world.upload), world.upload.handled) == (UploadState.NEEDS_ATTENTION, {})


def a_dealing():
    return Dealing(reason=Reason.OTHER, by="nora", by_name="Nora North", at=LATER, words="Lost.")


class Day:
    """A day on which anything may happen to an upload: random steps, and random delivery, late, in parts and twice."""

    def __init__(self, world, seed):
        self.world, self.dice, self.delivered = world, random.Random(seed), []
        self.files = world.announce(*[f"{n}.dcm" for n in range(4)])
        for file in self.files:
            self.settle(file, self.dice.choice([State.ACCEPTED, *sorted(RANKS)]))

    def correct(self):
        name, at = self.dice.choice(self.files).name, LATER + timedelta(seconds=len(self.files))
        (new,) = self.world.announce(name, at=at)
        self.files.append(new)
        self.settle(new, self.dice.choice([State.ACCEPTED, State.ACCEPTED, State.REJECTED]))

    def settle(self, file, state):
        if state is State.EXPIRED:
            self.world.verdicts.expire(file, file.expires_at)
        elif state is State.FAILED:
            self.world.verdicts.fail(file, "worn out")
        else:
            self.world.judge(file, state)

    def deal(self):
        record = self.world.file(self.dice.choice(self.files))
        self.world.repairs.deal(record, a_dealing(), TimelineEntry(LATER, "nora", "dealt-with", "other"))

    def reopen(self):
        record = self.world.file(self.dice.choice(self.files))
        self.world.repairs.reopen(record, TimelineEntry(LATER, "nora", REOPENED))

    def close(self):
        self.world.repairs.close(self.world.upload, None if self.world.upload.closed else a_dealing())

    def deliver(self):
        changes = self.world.collect()
        self.delivered.extend(changes)
        again = self.dice.sample(self.delivered, min(2, len(self.delivered)))
        self.world.deliver([*changes, *again])

    def pass_by(self, steps):
        for step in self.dice.choices([self.correct, self.deal, self.reopen, self.close, self.deliver], k=steps):
            step()
        self.world.follow()


@pytest.mark.parametrize("seed", range(15))
def test_whatever_is_corrected_dealt_with_and_reopened_in_any_order_the_sums_add_up(world, seed):
    print("seed", seed)
    day = Day(world, seed)
    day.pass_by(14)

    upload, records = world.upload, [world.file(file) for file in day.files]
    assert {state: n for state, n in upload.counts.items() if n} == Counter(record.state for record in records)
    assert sum(upload.counts.values()) == upload.declared == len(records)
    opened = [one for one in records if one.state in RANKS and not one.is_handled]
    assert upload.handled == Counter(one.state for one in records if one.state in RANKS and one.is_handled)
    assert sum(upload.causes.values()) == len(opened)
    lost = sum(one.state is State.EXPIRED for one in opened)
    assert count_troubled(upload) == len(opened) - lost
    assert count_missing(upload) == (0 if upload.closed else lost)
    is_complete = len(opened) == lost and (upload.closed or not lost)
    assert (find_upload_state(upload) is UploadState.COMPLETE) is is_complete
    # Nothing that was sent in place of something is left unlinked, but what people reopened.
    for old in opened:
        sent = [new for new in records if may_replace(new, old)]
        assert not sent or any(step.event == REOPENED for step in old.timeline)
