"""The round over what is awaited: nothing that came is lost, nothing that never came is looked after for ever."""

import random
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from intake.files import keys
from intake.files.states import State
from intake.messaging.events import parse
from intake.operations.model import Fault
from portal.uploads import reservations
from processor.ingest import expand
from processor.reconcile import awaited, standing_objects
from processor.reconcile.awaited import OVERDUE, SHORTEST_LIFE, AwaitedRound
from processor.reconcile.rounds import Resender, TimeShare, begin_share
from tests.fakes import (
    FakeAwaitedFiles,
    FakeIncidents,
    FakeInventory,
    FakeLedger,
    FakeObjects,
    FakeQueue,
    FakeRounds,
    FakeStuckFiles,
    FakeTable,
    FakeVerdicts,
)
from tests.records import NOON, UPLOAD_ID, a_file

TIME_LIMIT = timedelta(minutes=15)


class World:
    """The round between fakes, at a time of the test's choosing."""

    def __init__(self):
        self.table, self.at = FakeTable(), NOON
        self.verdicts, self.objects = FakeVerdicts(self.table), FakeObjects(clock=lambda: NOON)
        self.queue, self.rounds = FakeQueue(), FakeRounds()
        self.stuck_files, self.incidents = FakeStuckFiles(), FakeIncidents()
        self.inventory, self.awaited = FakeInventory(self.objects), FakeAwaitedFiles(self.table)
        self.ledger = FakeLedger(self.table)

    def sweep(self, share=None):
        """Sweep as a function that begins anew: all that it remembers stands in the table."""
        the_round = AwaitedRound(
            awaited=self.awaited,
            verdicts=self.verdicts,
            objects=self.objects,
            inventory=self.inventory,
            ledger=self.ledger,
            resender=Resender(self.queue),
            rounds=self.rounds,
            stuck_files=self.stuck_files,
            incidents=self.incidents,
            time_limit=TIME_LIMIT,
            incoming_bucket="incoming",
            clock=lambda: self.at,
        )
        return the_round.run(share or begin_share(60))

    def reserve(self, count, **changes):
        files = [a_file(number, **changes) for number in range(count)]
        self.table.files |= {file.file_id: file for file in files}
        return files

    def reserve_singly(self, count, clinic_id="northside"):
        ids = (f"{UPLOAD_ID[:-6]}{number:06d}" for number in range(count))
        return [file for one in ids for file in self.reserve(1, upload_id=one, clinic_id=clinic_id)]

    def put(self, file):
        return self.objects.put("incoming", file.incoming.key, b"data")

    def sent(self):
        return [arrival.object for message in self.queue.messages for arrival in parse(message.body).arrivals]

    def state(self, file):
        return self.table.files[file.file_id].state


def count_calls(world):
    """Return what counts the reads of lists and of records from now on."""
    asked = Counter()

    def count(owner, name):
        call = getattr(owner, name)

        def counted(*values):
            asked[name] += 1
            return call(*values)

        setattr(owner, name, counted)

    count(world.awaited, "page")
    count(world.ledger, "look_up")
    return asked


def steps(count):
    """Return a share of time that is over when the clock was looked at so often."""
    clock = iter(range(10**6))
    return TimeShare(count, lambda: next(clock))


@pytest.fixture
def world():
    return World()


def test_a_file_that_never_came_expires_when_its_time_is_over(world):
    (file,) = world.reserve(1)

    world.at = file.expires_at - timedelta(seconds=1)
    assert world.sweep().expired == 0
    world.at = file.expires_at + timedelta(seconds=1)
    assert world.sweep().expired == 1

    assert world.state(file) is State.EXPIRED


def test_an_object_without_a_verdict_is_enqueued_again_as_s3_would_have(world):
    came, missing = world.reserve(2)
    stored = world.put(came)
    world.at = NOON + OVERDUE + timedelta(seconds=1)

    assert world.sweep().enqueued == 1

    assert world.sent() == [stored]
    assert world.state(missing) is State.AWAITING_UPLOAD


def test_an_object_that_came_late_is_judged_and_not_expired(world):
    (file,) = world.reserve(1)
    world.put(file)
    world.at = file.expires_at + timedelta(days=1)

    swept = world.sweep()

    assert (swept.expired, swept.enqueued) == (0, 1)


def test_nothing_is_enqueued_again_while_the_queue_is_still_at_work(world):
    (file,) = world.reserve(1)
    world.put(file)
    world.queue.send([{"Records": []}])
    world.at = NOON + OVERDUE + timedelta(seconds=1)

    assert world.sweep().enqueued == 0
    assert world.queue.depth() == 1


def test_a_young_reservation_is_left_alone(world):
    (file,) = world.reserve(1)
    world.put(file)
    world.at = NOON + OVERDUE - timedelta(seconds=1)

    assert world.sweep().enqueued == 0


def test_what_arrived_and_has_no_verdict_is_noted_for_the_admins_page(world):
    file, _ = world.reserve(2)
    world.put(file)
    world.at = NOON + OVERDUE + timedelta(seconds=1)
    world.sweep()

    (stuck,) = world.stuck_files.list_seen(world.at, 10)
    assert (stuck.file_id, stuck.clinic_id, stuck.seen_at) == (file.file_id, "northside", world.at)


def test_a_file_past_its_time_limit_is_one_incident_however_often_it_is_seen(world):
    late, young, _ = world.reserve(3)
    world.objects.clock = lambda: world.at
    world.put(late)
    world.at = NOON + TIME_LIMIT
    world.put(young)

    for _ in range(3):
        world.sweep()

    (incident,) = world.incidents.standing.values()
    assert (incident.fault, incident.file_id, incident.seen_at) == (Fault.LATE, late.file_id, NOON)


def test_no_reservation_ends_before_the_time_at_which_a_batch_is_first_looked_through_for_it():
    assert min(reservations.LIFETIME, expand.LIFETIME) >= SHORTEST_LIFE


def test_thirty_thousand_files_that_never_come_cost_a_list_and_keep_no_lost_notice_waiting(world):
    for number in range(10):
        world.reserve(3_000, upload_id=f"{UPLOAD_ID[:-1]}{number}")
    (lost,) = world.reserve(1, upload_id=f"{UPLOAD_ID[:-1]}a")
    stored = world.put(lost)
    world.at = NOON + OVERDUE + timedelta(seconds=1)
    world.sweep()

    assert world.sent() == [stored]
    assert world.objects.calls == {"objects": 1, "find": 1}


@pytest.mark.parametrize("place", [0, 15_000, -1], ids=["oldest", "in between", "newest"])
def test_a_lost_notice_among_thirty_thousand_that_were_announced_one_by_one_is_healed_by_one_sweep(world, place):
    lost = world.reserve_singly(30_000)[place]
    stored = world.put(lost)
    world.at = NOON + OVERDUE + timedelta(seconds=1)
    asked = count_calls(world)
    swept = world.sweep()

    assert world.sent() == [stored]
    assert asked == {"page": 1, "look_up": 1}
    assert world.objects.calls == {"objects": 2, "find": 1}
    assert (swept.rows, world.rounds.positions) == (awaited.ROWS_A_TURN + 1, {}), "the round is at its end"


def test_a_lost_notice_of_another_clinic_waits_for_no_thirty_thousand_that_were_announced_one_by_one(world):
    world.reserve_singly(30_000, clinic_id="abandons")
    (lost,) = world.reserve(1, clinic_id="northside", upload_id=f"{UPLOAD_ID[:-1]}z")
    stored = world.put(lost)
    world.at = NOON + OVERDUE + timedelta(seconds=1)
    world.sweep(steps(2))
    assert world.sent() == [], "only the first turn's first step was in time"
    world.sweep(steps(2))
    assert world.sent() == [stored]


def test_no_lost_notice_waits_until_very_many_are_given_up(world):
    """A write each takes a sweep's time: here for fifty at a time."""
    files = world.reserve_singly(3_000)
    stored = world.put(files[-1])
    world.at = files[0].expires_at + timedelta(seconds=1)

    assert world.sweep(steps(1)).expired == awaited.ROWS_A_STEP
    assert world.sent() == [stored]
    assert world.sweep(steps(1)).expired == awaited.ROWS_A_STEP


def test_where_very_much_stands_as_well_rows_are_read_and_as_many_as_a_sweep_reads_not_are_gone_through_in_two(
    world, monkeypatch
):
    """As many as 30,000 rows are; here a tenth of it all."""
    monkeypatch.setattr(awaited, "ROWS_PER_SWEEP", awaited.ROWS_PER_SWEEP // 10)
    monkeypatch.setattr(awaited, "ROWS_A_TURN", awaited.ROWS_A_TURN // 10)
    monkeypatch.setattr(standing_objects, "LISTED", standing_objects.LISTED // 10)
    reserved = world.reserve_singly(3_600)
    for file in reserved[:600]:
        world.put(file)
        world.table.files[file.file_id] = replace(file, state=State.ACCEPTED)
    stored = world.put(reserved[-1])
    world.at = NOON + OVERDUE + timedelta(seconds=1)
    asked = count_calls(world)
    first = world.sweep()
    assert (first.rows, first.enqueued, world.sent()) == (awaited.ROWS_PER_SWEEP, 0, [])
    world.at += timedelta(minutes=5)
    second = world.sweep()

    assert (second.rows, second.enqueued, world.sent()) == (1_400, 1, [stored])
    assert world.rounds.positions["awaited"] == ""
    assert asked == {"page": 60}, "a day that holds so much is given up before anything is looked up"


def test_days_before_the_one_on_which_very_much_stands_are_decided_by_the_list(world, monkeypatch):
    monkeypatch.setattr(awaited, "ROWS_A_TURN", 50)
    monkeypatch.setattr(standing_objects, "LISTED", 20)
    monkeypatch.setattr(standing_objects, "LISTS_A_CLINIC", 2)
    evening = NOON + timedelta(hours=11)
    files = [
        world.reserve(1, upload_id=f"{UPLOAD_ID[:-6]}{number:06d}", created_at=at, expires_at=at + SHORTEST_LIFE)[0]
        for number, at in enumerate([evening] * 200 + [evening + timedelta(hours=2)] * 200)
    ]
    world.at = evening + timedelta(hours=6)
    world.objects.clock = lambda: world.at
    stored = [world.put(file) for file in (files[0], files[199], *files[300:360])]
    asked = count_calls(world)
    world.sweep()

    assert sorted(world.sent(), key=str) == sorted(stored, key=str), "each once"
    assert asked == {"page": 1 + 4, "look_up": 1}


def test_what_is_decided_about_when_a_sweeps_time_is_over_is_sent_by_the_next(world, monkeypatch):
    monkeypatch.setattr(awaited, "ROWS_A_TURN", 50)
    files = world.reserve_singly(300)
    stored = [world.put(file) for file in files[100:260]]
    world.at = NOON + OVERDUE + timedelta(seconds=1)
    seen = []
    for _ in range(4):
        world.sweep(steps(2))
        seen.append(world.sent())
        judged = {version.key for version in seen[-1]}
        for file in files:
            if file.incoming.key in judged:
                world.table.files[file.file_id] = replace(file, state=State.ACCEPTED)
        world.queue.messages.clear()

    sent = [version for some in seen for version in some]
    assert sorted(sent, key=str) == sorted(stored, key=str), "each once"
    assert 0 < len(seen[0]) < len(stored)


def test_an_object_that_bears_another_clinics_file_in_its_name_hides_no_lost_one_and_is_none(world, monkeypatch):
    monkeypatch.setattr(awaited, "ROWS_A_TURN", 50)
    lost = world.reserve_singly(100)[-1]
    others = world.reserve(1, clinic_id="elsewhere", upload_id=f"{UPLOAD_ID[:-1]}z")[0]
    stored = world.put(lost)
    for key in (
        others.incoming.key.replace("elsewhere/", "northside/"),
        lost.incoming.key.replace(f"/{NOON:%d}/", f"/{NOON + timedelta(days=1):%d}/"),
    ):
        world.objects.put("incoming", key, b"forged")
    world.at = NOON + OVERDUE + timedelta(seconds=1)
    world.sweep()

    assert world.sent() == [stored]


def test_a_clinic_with_very_many_that_never_come_keeps_no_others_waiting(world, monkeypatch):
    monkeypatch.setattr(awaited, "ROWS_A_TURN", 50)
    world.reserve_singly(300, clinic_id="aaa-busy")
    world.reserve_singly(80, clinic_id="bbb-busy")
    late = [world.reserve(1, clinic_id=f"clinic-{n}", upload_id=f"{UPLOAD_ID[:-2]}z{n}")[0] for n in range(4)]
    stored = [world.put(file) for file in late]
    world.at = NOON + OVERDUE + timedelta(seconds=1)

    world.sweep(steps(3))
    assert world.sent() == stored[:1], "each has had a turn of a step, in order"
    world.queue.messages.clear()
    world.sweep(steps(3))
    assert world.sent() == stored[1:]


@pytest.mark.parametrize("rows_a_turn", [50, 100, 500])
def test_a_sweep_that_is_cut_short_goes_on_where_it_was_and_tells_how_long_it_goes(world, monkeypatch, rows_a_turn):
    """Between two turns, or in the middle of one: at most fifty rows behind its time."""
    monkeypatch.setattr(awaited, "ROWS_A_TURN", rows_a_turn)
    world.reserve_singly(170)
    world.at = NOON + OVERDUE + timedelta(seconds=1)
    seen, page = [], world.awaited.page

    def noted(clinic_id, after, until, limit):
        groups, behind = page(clinic_id, after, until, limit)
        seen.append([group.first for group in groups])
        return groups, behind

    world.awaited.page = noted
    ages, looked_at = [], []
    for _ in range(4):
        swept = world.sweep(steps(1))
        ages.append(swept.age)
        looked_at += seen[-1][: swept.rows]
        world.at += timedelta(minutes=5)

    assert looked_at == sorted(world.table.files)
    assert ages == [timedelta(minutes=minutes) for minutes in (0, 5, 10, 0)]


@pytest.mark.parametrize("broken", ["page", "expire", "find", "objects", "look_up", "send", "note"])
def test_trouble_ends_the_sweep_as_an_error_and_what_was_not_looked_at_is_looked_at_by_the_next(world, broken):
    files = world.reserve_singly(1_200)
    stored = world.put(files[-1])
    for file in files[:3]:
        world.table.files[file.file_id] = replace(file, expires_at=NOON)
    world.at = NOON + TIME_LIMIT
    for owner in (
        world.awaited,
        *([world.ledger] if broken == "look_up" else []),
        world.verdicts,
        world.objects,
        world.inventory,
        world.queue,
        world.incidents,
    ):
        if hasattr(owner, broken):
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(owner, broken, _refuse)
                with pytest.raises(ConnectionError):
                    world.sweep()
    assert not [file for file in files if world.state(file) is State.FAILED]
    for _ in range(2):
        world.queue.messages.clear()
        world.sweep()
    assert world.sent() == [stored]
    assert [file for file in files if world.state(file) is State.EXPIRED] == files[:3]


def _refuse(*_, **__):
    raise ConnectionError("throttled")


def test_an_object_that_is_gone_between_the_list_and_the_question_stops_nothing(world):
    gone, came = world.reserve(2)
    world.put(gone)
    stored = world.put(came)
    find = world.objects.find
    world.objects.find = lambda bucket, key: None if key == gone.incoming.key else find(bucket, key)
    world.at = NOON + TIME_LIMIT
    world.sweep()

    assert world.sent() == [stored]
    assert world.state(gone) is State.AWAITING_UPLOAD


def test_nothing_awaited_costs_nothing_and_leaves_nothing_to_remember(world):
    assert world.sweep().rows == 0
    assert (world.rounds.positions, dict(world.objects.calls)) == ({}, {})


def test_very_many_that_are_over_are_given_up_by_several_sweeps_and_keep_no_lost_notice_waiting(world, monkeypatch):
    monkeypatch.setattr(awaited, "EXPIRED_PER_SWEEP", 100)
    files = world.reserve_singly(250)
    stored = world.put(files[-1])
    world.at = files[0].expires_at + timedelta(seconds=1)

    assert [world.sweep().expired for _ in range(4)] == [100, 100, 49, 0]
    assert set(world.sent()) == {stored}


def test_very_many_that_lost_their_notices_are_sent_by_several_sweeps(world, monkeypatch):
    monkeypatch.setattr(awaited, "SENT_PER_SWEEP", 100)
    files = world.reserve(250)
    for file in files:
        world.put(file)
    world.at = NOON + TIME_LIMIT
    sent = []
    for _ in range(3):
        world.sweep()
        sent.append({version.key for version in world.sent()})
        judged = [file for file in files if file.incoming.key in sent[-1]]
        world.table.files |= {file.file_id: replace(file, state=State.ACCEPTED) for file in judged}
        world.queue.messages.clear()

    assert [len(keys) for keys in sent] == [100, 100, 50]


@pytest.mark.parametrize("seed", range(20))
def test_whatever_stands_between_them_lists_find_exactly_what_stands(world, seed):
    """Announced together, alone and from archives, among objects of others, in an order of no meaning."""
    print("seed", seed)
    dice = random.Random(seed)
    files = []
    for number in range(12):
        upload_id = f"{UPLOAD_ID[:-3]}{dice.randrange(1000):03d}"
        at = NOON - timedelta(hours=dice.randrange(20), days=number % 3)
        files += world.reserve(dice.randrange(1, 30), upload_id=upload_id, created_at=at)
        entry = keys.child_id(files[-1].file_id, number)
        key = keys.object_key("northside", upload_id, entry, at)
        child = replace(files[-1], file_id=entry, incoming=replace(files[-1].incoming, key=key), parent="one")
        world.table.files[entry] = child
        files.append(child)
    standing = {world.put(file) for file in files if dice.random() < 0.3}
    for file in files:
        if dice.random() < 0.2:
            world.table.files[file.file_id] = replace(file, state=State.ACCEPTED)
    for number in range(40):
        world.objects.put("incoming", f"northside/{dice.choice(['2026', 'z', '0'])}/{number}", b"other")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(standing_objects, "LISTED", dice.choice([1, 2, 7, 20, 1000]))
        patch.setattr(standing_objects, "LOOKED_UP", dice.choice([1, 7, 100]))
        patch.setattr(awaited, "ROWS_A_TURN", dice.choice([1, 3, 500]))
        world.at = NOON + TIME_LIMIT
        world.sweep()

    waiting = {file.incoming.key for file in world.table.files.values() if file.state is State.AWAITING_UPLOAD}
    assert sorted(world.sent(), key=str) == sorted((one for one in standing if one.key in waiting), key=str)
