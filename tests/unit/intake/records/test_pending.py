"""Awaited files in their lists: announced ones by the batch, entries of archives one by one."""

from collections import Counter
from datetime import timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from intake.files import keys
from intake.files.item_keys import FILE_SHARDS, build_created_key, file_key
from intake.files.outcomes import Again, Outcome
from intake.files.states import State
from intake.operations.awaited import DynamoAwaitedFiles
from intake.projections.projections import DynamoProjections
from intake.records.pending import BATCH, DynamoChildren
from intake.records.records import DynamoRecords
from intake.records.verdicts import DynamoVerdicts
from intake.table.table import Table, deserialize, serialize
from processor.handlers.record_changes import describe_change
from tests.records import IDS, NOON, REFUSAL, a_file, a_verdict, an_upload, list_awaited
from tests.unit.intake.conftest import TABLE, create_table

UPLOADS = {f"01kanqzzzz000000000000000{n}": clinic for n, clinic in enumerate(("northside", "northside", "elsewhere"))}
"""Neither clinic is in the directory."""
LATER = NOON + timedelta(hours=1)


class World:
    """A table, what its stream told of it, and what its lists should hold."""

    def __init__(self, client, table=TABLE):
        self.client, self.table = client, table
        self.records, self.verdicts = DynamoRecords(Table(client, table)), DynamoVerdicts(Table(client, table), IDS)
        self.projections, self.children = DynamoProjections(Table(client, table)), DynamoChildren(Table(client, table))
        self.awaited_files = DynamoAwaitedFiles(Table(client, table))
        self.awaited, self.numbers, self.entries, self.stream = {}, Counter(), Counter(), []
        for upload_id, clinic_id in UPLOADS.items():
            self.records.create_upload(an_upload(upload_id=upload_id, clinic_id=clinic_id))

    def announce(self, upload, moment, files):
        upload_id = list(UPLOADS)[upload]
        first = self.numbers[upload_id]
        new = [self._file(upload_id, first + n, moment) for n in range(files)]
        self.records.add_files(an_upload(upload_id=upload_id, clinic_id=UPLOADS[upload_id], declared=first), new)
        self.numbers[upload_id] += files
        self.awaited |= {file.file_id: file for file in new}

    def unpack(self, upload, moment, files):
        upload_id = list(UPLOADS)[upload]
        first = self.entries[upload_id]
        ids = [keys.child_id(keys.file_id(upload_id, 0), first + n) for n in range(files)]
        self.entries[upload_id] += files
        new = [self._file(upload_id, 0, moment, file_id=file_id) for file_id in ids]
        self.children.reserve(new)
        self.awaited |= {file.file_id: file for file in new}

    def finish(self, which, end):
        """End the waiting for a file, in one of the ways in which it ends."""
        if not self.awaited:
            return
        file = self.awaited.pop(sorted(self.awaited)[which % len(self.awaited)])
        before = self._item(file)
        self.move(file, end)
        self.stream.append(describe_change(before, self._item(file)))

    def announced(self, upload, moment):
        """Announce two files, and return the second."""
        self.announce(upload, moment, 2)
        return list(self.awaited.values())[-1]

    def move(self, file, target):
        if target is State.EXPIRED:
            assert self.verdicts.expire(file, file.expires_at)
        elif target is State.FAILED:
            assert self.verdicts.fail(file, "retries-exhausted")
        elif target is State.DELETED:
            assert self.verdicts.delete(self.verdicts.file(file.file_id), (), LATER)
        else:
            known = self.verdicts.file(file.file_id)
            again = Again(known.revision, (), judged=True) if known.state is State.REJECTED else None
            findings = (REFUSAL,) if target is State.REJECTED else ()
            verdict = a_verdict(file, state=target, findings=findings, again=again)
            assert self.verdicts.record(verdict, reserved=True).outcome is Outcome.RECORDED

    def move_before(self, queries, file, target):
        """Have a file move on as soon as so many queries were made; return what tells that it did."""
        made, moved = count(), []

        def before(**_):
            if next(made) == queries:
                self.move(file, target)
                moved.append(file)

        self.client.meta.events.register("before-call.dynamodb.Query", before)
        return moved

    def project(self, order):
        """Apply some changes that the stream told, in whatever order and however often."""
        known = [self.stream[number % len(self.stream)] for number in order] if self.stream else []
        self.projections.apply(known)

    def listed(self, clinic_id, limit):
        found, cursor = [], None
        while True:
            page = self.records.files(clinic_id, State.AWAITING_UPLOAD, None, cursor, limit)
            assert len(page.rows) == limit or page.next is None
            found += [file.file_id for file in page.rows]
            cursor = page.next
            if cursor is None:
                return found

    def swept(self):
        """Return what the sweep comes by, oldest first."""
        return [file.file_id for file in sorted(list_awaited(self.awaited_files), key=_key)]

    def expected(self, clinic_id=None):
        files = [file for file in self.awaited.values() if clinic_id in {None, file.clinic_id}]
        return [file.file_id for file in sorted(files, key=_key, reverse=True)]

    def batches(self):
        """Return those that stand in lists: the table forgets the others in time."""
        found = [item for item in map(deserialize, self._items()) if item["sk"].startswith(BATCH)]
        listed = [item for item in found if {"clinic_state", "state_shard", "created_key"} & set(item)]
        assert all(("expires" in item) is (item not in listed) for item in found)
        return listed

    def _items(self):
        pages = self.client.get_paginator("scan").paginate(TableName=self.table)
        return [item for page in pages for item in page["Items"]]

    def _item(self, file):
        answer = self.client.get_item(TableName=self.table, Key=serialize(file_key(file.file_id)), ConsistentRead=True)
        return deserialize(answer["Item"])

    def _file(self, upload_id, number, moment, **changes):
        at = NOON + timedelta(milliseconds=moment)
        return a_file(number, upload_id=upload_id, clinic_id=UPLOADS[upload_id], created_at=at, **changes)


def _key(file):
    return build_created_key(file.created_at, file.file_id)


@pytest.fixture
def world(dynamodb):
    return World(dynamodb)


ENDS = st.sampled_from([State.ACCEPTED, State.REJECTED, State.EXPIRED, State.FAILED])
SOME = st.integers(0, 99)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("announce"), st.integers(0, 2), st.integers(0, 2), st.integers(1, 5)),
        st.tuples(st.just("unpack"), st.integers(0, 2), st.integers(0, 2), st.integers(1, 2)),
        st.tuples(st.just("finish"), SOME, ENDS),
        st.tuples(st.just("finish"), SOME, ENDS),
        st.tuples(st.just("project"), st.lists(SOME, max_size=6)),
    ),
    min_size=1,
    max_size=14,
)
_names = map("records-{}".format, count())


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=STEPS, limit=st.integers(1, 9), order=st.randoms())
def test_pages_hold_every_awaited_file_once_whatever_was_projected_and_in_the_end_no_batch_is_left(
    aws, steps, limit, order
):
    client, table = aws.client("dynamodb"), next(_names)
    create_table(client, table)
    world = World(client, table)
    for name, *arguments in steps:
        getattr(world, name)(*arguments)

    assert world.listed("northside", limit) == world.expected("northside")
    assert world.listed(None, limit) == world.expected()
    assert world.swept() == world.expected()[::-1]

    while world.awaited:
        world.finish(order.randrange(99), State.ACCEPTED)
    order.shuffle(world.stream)
    for start in range(0, len(world.stream), 3):
        world.projections.apply(world.stream[start : start + 4])
    assert world.batches() == []
    assert world.listed(None, limit) == []


def test_a_batch_is_counted_down_with_each_of_its_files_and_the_last_one_takes_it_along(world):
    world.announce(0, 0, 3)
    rests = []
    for _ in range(3):
        world.finish(0, State.ACCEPTED)
        world.project([len(world.stream) - 1])
        rests.append([batch["rest"] for batch in world.batches()])
    assert rests == [[2], [1], []]


@pytest.mark.parametrize("limit", [1, 2, 10])
def test_a_file_that_is_announced_alone_takes_the_place_of_no_batch(world, limit):
    for files in (2, 1, 1, 2):
        world.announce(0, 0, files)
    assert world.listed("northside", limit) == world.expected()
    world.finish(2, State.ACCEPTED)
    world.project([0])
    assert [batch["rest"] for batch in world.batches()] == [4]
    assert world.listed("northside", limit) == world.expected()


def test_a_batch_that_nobody_has_counted_down_yet_holds_no_awaited_file(world):
    world.announce(0, 0, 3)
    for _ in range(3):
        world.finish(0, State.ACCEPTED)

    assert world.batches()
    assert world.swept() == []
    assert world.records.files("northside", State.AWAITING_UPLOAD, None, None, 10).rows == ()
    assert len(world.records.files("northside", None, None, None, 10).rows) == 3


def test_a_clinic_that_is_in_no_directory_and_only_announced_files_is_found(world):
    world.announce(2, 0, 2)

    assert {file.clinic_id for file in list_awaited(world.awaited_files)} == {"elsewhere"}
    assert len(world.records.files(None, None, None, None, 10).rows) == 2


def test_an_announcement_of_many_files_takes_one_place_in_the_list_and_a_page_reads_it_once(world, dynamodb):
    world.announce(0, 0, 250)
    world.announce(1, 1, 2)
    calls = Counter()
    dynamodb.meta.events.register("before-call.dynamodb.*", lambda model, **_: calls.update([model.name]))

    page = world.records.files("northside", State.AWAITING_UPLOAD, None, None, 50)

    assert [file.file_id for file in page.rows] == world.expected()[:50]
    assert calls == {"Query": 1 + 2 * FILE_SHARDS}, "the list, and two batches of so many partitions"
    assert len(world.batches()) == 2


def test_what_finished_costs_the_sweep_nothing(world, dynamodb):
    calls = Counter()
    dynamodb.meta.events.register("before-call.dynamodb.*", lambda model, **_: calls.update([model.name]))

    def calls_of_a_sweep():
        calls.clear()
        assert world.swept() == world.expected()[::-1]
        return dict(calls)

    world.announce(0, 0, 2)
    few = calls_of_a_sweep()
    for moment in range(1, 6):
        world.announce(1, moment, 3)
    more = calls_of_a_sweep()
    while len(world.awaited) > 2:
        world.finish(len(world.awaited) - 1, State.ACCEPTED)
    world.projections.apply(world.stream)
    assert calls_of_a_sweep() == few != more


MOVES = [
    (State.AWAITING_UPLOAD, State.EXPIRED),
    (State.AWAITING_UPLOAD, State.FAILED),
    (State.AWAITING_UPLOAD, State.ACCEPTED),
    (State.EXPIRED, State.FAILED),
    (State.EXPIRED, State.REJECTED),
    (State.FAILED, State.ACCEPTED),
    (State.REJECTED, State.ACCEPTED),
    (State.REJECTED, State.DELETED),
]


@pytest.mark.parametrize(("source", "target"), MOVES)
def test_a_file_that_moves_on_between_two_queries_of_a_page_is_listed_once(world, dynamodb, source, target):
    for queries in range(8 + FILE_SHARDS - 1):
        file = world.announced(0, 0)
        everything = list(world.awaited.values())
        if source is not State.AWAITING_UPLOAD:
            world.move(file, source)
        moved = world.move_before(queries, file, target)
        rows = world.records.files("northside", None, None, None, 40).rows
        assert [row.file_id for row in rows] == [file.file_id for file in everything[::-1]], queries
        assert bool(moved) is (queries < 6 + FILE_SHARDS), "a page asks for six lists, and a batch's partitions"
