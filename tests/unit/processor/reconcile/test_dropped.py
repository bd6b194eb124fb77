"""The round over what is dropped into S3: whatever its notice became of, it is found while it is of use."""

import random
from dataclasses import replace
from datetime import timedelta

import pytest

from intake.files import keys
from intake.files.keys import UNASSIGNED
from intake.files.model import Source
from intake.files.states import State
from intake.messaging.events import parse
from processor.reconcile import dropped
from processor.reconcile.arrivals import UnrecordedObjects
from processor.reconcile.dropped import DroppedRound
from processor.reconcile.incidents import FollowUp
from processor.reconcile.rounds import Resender, TimeShare, begin_share
from tests.fakes import (
    FakeIncidents,
    FakeInventory,
    FakeLedger,
    FakeObjects,
    FakeQueue,
    FakeRecords,
    FakeRounds,
    FakeTable,
    FakeUploadAudits,
)
from tests.records import IDS, NOON, UPLOAD_ID, a_file

LIMIT = timedelta(minutes=15)
EVERY = timedelta(minutes=5)


class World:
    """A sweep's look at open incidents and its round over what was dropped, between fakes."""

    def __init__(self):
        self.table, self.at = FakeTable(), NOON
        self.objects = FakeObjects(clock=lambda: self.at)
        self.inventory, self.ledger = FakeInventory(self.objects), FakeLedger(self.table)
        self.queue, self.incidents, self.rounds = FakeQueue(), FakeIncidents(), FakeRounds()
        self.looked_up = 0

    def sweep(self, share=None):
        """Sweep as a function that begins anew: all that it remembers stands in the table."""
        common = {"incidents": self.incidents, "rounds": self.rounds, "inventory": self.inventory}
        common |= {"resender": Resender(self.queue), "clock": lambda: self.at}
        FollowUp(
            records=FakeRecords(self.table), ids=IDS, audits=FakeUploadAudits(), chance=random.Random(1), **common
        ).run(begin_share(8))
        look_up = self.ledger.look_up

        def counted(file_ids, upload_ids):
            self.looked_up += len(file_ids)
            return look_up(file_ids, upload_ids)

        self.ledger = FakeLedger(self.table)
        self.ledger.look_up = counted
        unrecorded = UnrecordedObjects(
            ledger=self.ledger,
            objects=self.objects,
            ids=IDS,
            takes_part={"northside", "lakeview"}.__contains__,
            time_limit=LIMIT,
        )
        the_round = DroppedRound(ledger=self.ledger, unrecorded=unrecorded, incoming_bucket="incoming", **common)
        swept = the_round.run(share or begin_share(60))
        self.ledger = FakeLedger(self.table)
        self.at += EVERY
        return swept

    def drop(self, key, *, recorded=False):
        version = self.objects.put("incoming", key, b"data")
        if recorded:
            self.record(version)
        return version

    def record(self, version):
        nobodys = keys.sender(version.key) not in {"northside", "lakeview"}
        place = (IDS.place_unassigned if nobodys else IDS.place_direct)(
            "incoming", version.key, version.version_id, NOON
        )
        owner = UNASSIGNED if nobodys else keys.sender(version.key)
        ids = {"file_id": place.file_id, "upload_id": place.upload_id, "clinic_id": owner}
        self.table.files[place.file_id] = replace(
            a_file(), state=State.ACCEPTED, source=Source.DIRECT, incoming=version, **ids
        )

    def judge_all(self):
        """Judge what the queue brings, so that each has its record."""
        came = [arrival.object for message in self.queue.messages for arrival in parse(message.body).arrivals]
        self.queue.messages.clear()
        for version in came:
            self.record(version)
        return came


@pytest.fixture
def world():
    return World()


def steps(count):
    clock = iter(range(10**6))
    return TimeShare(count, lambda: next(clock))


def test_of_very_many_whose_notices_were_lost_in_part_all_are_found_and_judged_in_two_sweeps(world):
    dice = random.Random(16)
    lost = [world.drop(f"northside/{n % 7}/{n:05d}.dcm", recorded=dice.random() > 0.01) for n in range(1_500)]
    lost = {version for version in lost if version not in {file.incoming for file in world.table.files.values()}}
    world.at += LIMIT
    found = set()
    for _ in range(2):
        world.sweep()
        found |= set(world.judge_all())

    assert found == lost
    assert len(lost) > 8
    world.sweep()
    assert not world.incidents.standing


def test_an_object_is_looked_up_while_it_is_new_and_listed_ever_after(world):
    for number in range(200):
        world.drop(f"northside/{number}.dcm", recorded=True)
    world.at += LIMIT
    for _ in range(4):
        world.sweep()
    looked_up, world.looked_up = world.looked_up, 0
    assert looked_up == 200 * (1 + dropped.OVERLAP // (2 * EVERY))
    assert [world.sweep().listed for _ in range(4)] == [200, 0, 200, 0]
    assert world.looked_up == 0


def test_announced_files_are_passed_over_by_the_day_and_what_was_dropped_among_them_is_found(world, monkeypatch):
    monkeypatch.setattr(dropped, "LISTED", 10)
    day = f"northside/{NOON:%Y/%m/%d}"
    for upload in range(40):
        for number in range(5):
            world.objects.put("incoming", a_file(number, upload_id=f"{UPLOAD_ID[:-2]}{upload:02d}").incoming.key, b"x")
    among = [world.drop(key) for key in (f"{day}/0.dcm", f"{day}/scan/1.dcm", f"{day}/01scan", "northside/z.dcm")]
    world.at += LIMIT
    swept = world.sweep()

    assert set(world.judge_all()) == set(among)
    assert swept.listed < 30


def test_a_round_that_is_cut_short_goes_on_where_it_was_and_looks_up_nothing_twice(world, monkeypatch):
    monkeypatch.setattr(dropped, "LISTED", 10)
    versions = [world.drop(f"northside/{number:03d}.dcm") for number in range(45)]
    world.at += LIMIT
    found, ages = [], []
    for _ in range(3):
        ages.append(world.sweep(steps(1)).age)
        found += world.judge_all()

    assert found == versions
    assert ages == [timedelta(), EVERY, timedelta()]


def test_what_becomes_due_at_any_time_is_found_by_the_second_sweep_behind(world):
    for _ in range(5):
        version = world.drop(f"northside/{world.at:%H%M}.dcm")
        world.at += LIMIT
        for _ in range(2):
            world.sweep()
        assert world.judge_all() == [version]
        world.at += timedelta(minutes=1)
        world.sweep()


def test_where_the_queue_is_busy_what_was_found_is_noted_and_sent_when_it_is_done(world, monkeypatch):
    monkeypatch.setattr(dropped, "LISTED", 10)
    monkeypatch.setattr(dropped, "KEPT_PER_SWEEP", 20)
    versions = [world.drop(f"northside/{number:03d}.dcm") for number in range(45)]
    world.at += LIMIT
    world.queue.send([{"Records": []}])
    for noted in (20, 40, 45):
        world.sweep()
        assert len(world.incidents.standing) == noted
    world.queue.messages.clear()
    world.sweep()

    assert set(world.judge_all()) == set(versions)


def test_an_object_in_parts_is_as_old_as_its_beginning_and_found_all_the_same(world):
    for _ in range(4):
        world.sweep()
    world.objects.clock = lambda: world.at - timedelta(hours=3)
    version = world.drop("northside/long.dcm")
    (stored,) = world.objects.versions["incoming", version.key]
    world.objects.versions["incoming", version.key] = [replace(stored, etag='"abc-12"')]
    world.sweep()

    assert world.judge_all() == [version]


ODD = ["x.dcm", "NOT A CLINIC/x", "northside", "elsewhere/x.dcm", "northside/a%20b+c", "a/" * 400]


def test_odd_objects_are_told_under_no_invented_name_and_stop_nothing(world):
    odd = [world.drop(key) for key in ODD]
    world.objects.put("incoming", "northside/folder/", b"")
    world.drop("northside/cd/AUTORUN.INF")
    last = world.drop("northside/z.dcm")
    world.at += LIMIT
    world.sweep()

    clinics = {incident.object.key: incident.clinic_id for incident in world.incidents.standing.values()}
    assert {clinics[key] for key in ODD[:4]} == {UNASSIGNED}
    assert last.key in clinics
    assert "northside/folder/" not in clinics
    assert {one.key for one in odd} <= set(clinics)


@pytest.mark.parametrize("broken", ["versions", "look_up", "send", "note"])
def test_trouble_ends_the_sweep_as_an_error_and_the_next_one_leaves_nothing_out(world, monkeypatch, broken):
    monkeypatch.setattr(dropped, "LISTED", 10)
    versions = [world.drop(f"northside/{number:03d}.dcm") for number in range(45)]
    world.at += LIMIT
    calls = []

    def trouble_at_the_third(*arguments):
        calls.append(arguments)
        if len(calls) == 3:
            raise ConnectionError("throttled")
        return whole(*arguments)

    owners = (world.inventory, world.ledger, world.queue, world.incidents)
    (owner,) = [one for one in owners if hasattr(one, broken)]
    whole = getattr(owner, broken)
    monkeypatch.setattr(owner, broken, trouble_at_the_third)
    with pytest.raises(ConnectionError):
        world.sweep()
    monkeypatch.setattr(owner, broken, whole)
    world.ledger = FakeLedger(world.table)
    world.judge_all()
    world.sweep()
    world.judge_all()

    assert {file.incoming for file in world.table.files.values()} == set(versions)


def test_a_position_whose_key_is_gone_is_gone_on_from(world, monkeypatch):
    monkeypatch.setattr(dropped, "LISTED", 10)
    versions = [world.drop(f"northside/{number:03d}.dcm") for number in range(25)]
    world.at += LIMIT
    world.sweep(steps(0))
    world.judge_all()
    for version in versions[:12]:
        world.objects.delete(version)
    world.sweep()

    assert world.judge_all() == versions[12:]


def test_two_sweeps_at_once_do_no_harm(world):
    version = world.drop("northside/x.dcm")
    world.at += LIMIT
    before = dict(world.rounds.positions)
    world.sweep()
    world.rounds.positions = before
    world.sweep()

    assert set(world.judge_all()) == {version}
    world.sweep()
    assert not world.incidents.standing
    assert len(world.table.files) == 1


def test_an_empty_bucket_is_a_round_at_its_end(world):
    assert world.sweep().listed == 0
    assert world.sweep().age == timedelta()
