from dataclasses import replace
from datetime import timedelta
from functools import partial
from random import Random

import pytest

from intake.files import keys
from intake.files.model import ObjectVersion, Source, TimelineEntry
from intake.files.scan import VALIDATION_OBJECT
from intake.files.states import State
from intake.messaging.events import parse
from intake.operations.model import Fault
from processor.ingest.filing import Buckets
from processor.reconcile.arrivals import UnrecordedObjects
from processor.reconcile.incidents import FollowUp
from processor.reconcile.reconciler import Reconciler
from processor.reconcile.rounds import JUST_LISTED, Resender, begin_share
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
from tests.records import IDS, NOON, UPLOAD_ID, a_file, an_upload

LIMIT = timedelta(minutes=15)
KEPT = timedelta(days=90)


class World:
    """Rounds between fakes, in which a sweep is a look at the open incidents and then one more part of each round."""

    def __init__(self):
        self.table, self.at = FakeTable(), NOON
        self.records, self.objects = FakeRecords(self.table), FakeObjects(clock=lambda: self.at)
        self.queue, self.incidents, self.rounds = FakeQueue(), FakeIncidents(), FakeRounds()
        self.start()

    def start(self):
        """Start the function anew: all that it remembers stands in the table."""
        inventory, ledger = FakeInventory(self.objects), FakeLedger(self.table)
        common = {"incidents": self.incidents, "rounds": self.rounds, "inventory": inventory, "clock": lambda: self.at}
        self.follow_up = FollowUp(
            records=self.records,
            ids=IDS,
            resender=Resender(self.queue),
            audits=FakeUploadAudits(),
            chance=Random(1),
            **common,
        )
        self.reconciler = Reconciler(
            ledger=ledger,
            unrecorded=UnrecordedObjects(
                ledger=ledger,
                objects=self.objects,
                ids=IDS,
                takes_part={"northside", "lakeview", "southside", "elsewhere"}.__contains__,
                time_limit=LIMIT,
            ),
            incoming_bucket="incoming",
            buckets=Buckets("accepted", "quarantine"),
            quarantine_kept=KEPT,
            **common,
        )

    def sweep(self, times=1):
        for _ in range(times):
            self.start()
            followed = self.follow_up.run(begin_share(8))
            self.reconciled = self.reconciler.run(begin_share(60))
            self.at += timedelta(minutes=5)
        return followed

    def finished(self, number=0, state=State.ACCEPTED, **changes):
        """Return a file that was judged, whose objects stand where they should."""
        file = a_file(number, **changes)
        bucket = "accepted" if state is State.ACCEPTED else "quarantine"
        arrived = self.objects.put("incoming", file.incoming.key, b"data")
        stored = self.objects.put(bucket, file.incoming.key, b"data")
        judged = replace(file, state=state, incoming=arrived, stored=stored)
        self.table.uploads.setdefault(file.upload_id, an_upload(upload_id=file.upload_id))
        self.table.files[file.file_id] = judged
        return judged

    def told(self):
        return [(incident.fault, incident.file_id) for incident in self.incidents.told]

    def standing(self):
        return [incident.fault for incident in self.incidents.standing.values()]


@pytest.fixture
def world():
    return World()


def test_where_objects_and_records_agree_nothing_is_found(world):
    world.finished(0)
    world.finished(1, State.REJECTED)
    world.table.files[a_file(2).file_id] = a_file(2)
    world.sweep(6)

    assert not world.standing()


@pytest.mark.parametrize("state", [State.ACCEPTED, State.REJECTED])
def test_a_judged_file_whose_object_is_gone_is_told_of_once_over_sweeps_and_restarts(world, state):
    lost, _ = world.finished(0, state), world.finished(1, state)
    world.objects.delete(lost.stored)
    world.sweep(12)

    assert world.told() == [(Fault.OBJECT_MISSING, lost.file_id)]


def test_a_lost_object_of_a_clinic_that_is_in_no_directory_is_told_of(world):
    lost, _ = world.finished(0, clinic_id="elsewhere"), world.finished(1)
    world.objects.delete(lost.stored)
    world.sweep(6)

    assert world.told() == [(Fault.OBJECT_MISSING, lost.file_id)]


@pytest.mark.parametrize("bucket", ["accepted", "quarantine"])
def test_an_object_that_no_record_claims_is_told_of_once(world, bucket):
    stray = a_file(7)
    world.objects.put(bucket, stray.incoming.key, b"data")
    world.sweep(12)

    assert world.told() == [(Fault.OBJECT_UNCLAIMED, stray.file_id)]


def test_an_object_under_a_key_that_says_anything_is_told_of_by_an_opaque_id(world):
    world.objects.put("accepted", "northside/Doe^Jane.dcm", b"data")
    world.sweep(3)

    ((fault, file_id),) = world.told()
    assert fault is Fault.OBJECT_UNCLAIMED
    assert keys.is_file_id(file_id)


def test_an_arrival_that_no_record_tells_of_is_told_of_once_and_judged_after_all(world):
    dropped = world.objects.put("incoming", "northside/export/1.dcm", b"data")
    forged = world.objects.put("incoming", a_file(9).incoming.key, b"data")
    world.at += LIMIT
    world.sweep(6)

    assert sorted(fault for fault, _ in world.told()) == [Fault.ARRIVAL_UNRECORDED] * 2
    sent = [arrival.object for message in world.queue.messages for arrival in parse(message.body).arrivals]
    assert set(sent) == {dropped, forged}
    assert len(sent) == 2, "what waits in the queue is not sent again"


def test_what_is_no_file_needs_no_record(world):
    world.objects.put("incoming", VALIDATION_OBJECT, b"")
    world.objects.put("incoming", "northside/folder/", b"")
    world.at += timedelta(hours=1)
    world.sweep(4)

    assert (world.told(), world.standing()) == ([], [])


def test_the_first_number_that_an_upload_never_announced_has_no_record(world):
    world.finished(0)
    forged = world.objects.put("incoming", a_file(1).incoming.key, b"data")
    world.at += LIMIT
    world.sweep(2)

    assert [incident.object for incident in world.incidents.told] == [forged]


def test_a_second_copy_of_what_never_was_rejected_is_nobodys(world):
    file = world.finished(0)
    world.objects.put("quarantine", file.stored.key, b"data")
    world.sweep(2)

    assert world.told() == [(Fault.OBJECT_UNCLAIMED, file.file_id)]


def test_an_arrival_is_given_the_time_that_a_verdict_may_take(world):
    world.objects.put("incoming", "northside/export/1.dcm", b"data")
    world.sweep(2)

    assert not world.standing()


def test_an_arrival_that_was_recorded_days_after_its_sending_began_is_no_finding(world):
    dropped = world.objects.put("incoming", "northside/big.dcm", b"data")
    recorded = IDS.place_direct("incoming", dropped.key, dropped.version_id, NOON)
    world.at += timedelta(days=3)
    file = a_file(file_id=recorded.file_id, upload_id=recorded.upload_id, source=Source.DIRECT, incoming=dropped)
    world.table.files[file.file_id] = replace(file, state=State.FAILED)
    world.at += LIMIT
    world.sweep(2)

    assert not world.standing()


def test_what_settles_between_two_sweeps_is_told_to_nobody(world):
    lost = world.finished(0)
    world.objects.delete(lost.stored)
    stray = world.objects.put("accepted", a_file(7).incoming.key, b"data")
    world.sweep()
    assert len(world.standing()) == 2

    world.objects.put("accepted", lost.stored.key, b"data")
    world.objects.delete(stray)
    assert world.sweep().closed == 2
    assert not world.told()
    assert not world.standing()


def test_what_was_mended_and_breaks_again_is_another_incident(world):
    lost = world.finished(0)
    for _ in range(2):
        world.objects.delete(lost.stored)
        world.sweep(6)
        world.objects.put("accepted", lost.stored.key, b"data")
        world.sweep(6)

    assert len(world.told()) == 2


def test_a_copy_whose_record_may_still_be_written_waits_until_the_queue_is_done(world):
    world.objects.put("accepted", a_file(7).incoming.key, b"data")
    world.queue.send([{"Records": []}])
    world.sweep(6)
    assert not world.told()

    world.queue.messages.clear()
    world.sweep()
    assert len(world.told()) == 1


def test_a_copy_of_a_file_that_is_on_its_way_is_explained(world):
    file = a_file(7)
    world.table.files[file.file_id] = file
    world.objects.put("accepted", file.incoming.key, b"data")
    world.sweep(3)

    assert not world.standing()


def test_quarantine_may_keep_what_was_accepted_later_and_forget_what_is_old(world):
    again = world.finished(0)
    step = TimelineEntry(NOON, "processor", State.REJECTED)
    world.table.files[again.file_id] = replace(again, timeline=(step,))
    world.objects.put("quarantine", again.stored.key, b"data")
    old = world.finished(1, State.REJECTED)
    world.objects.delete(old.stored)
    world.at += KEPT
    world.sweep(3)

    assert not world.standing()


def test_a_duplicates_bytes_are_asked_of_the_file_that_holds_them(world):
    holder, twin = world.finished(0), world.finished(1)
    world.objects.delete(twin.stored)
    world.table.files[twin.file_id] = replace(twin, stored=holder.stored, duplicate_of=holder.file_id)
    world.objects.delete(holder.stored)
    world.sweep(6)

    assert world.told() == [(Fault.OBJECT_MISSING, holder.file_id)]


def test_a_duplicate_that_was_given_its_own_copy_is_asked_for_it(world):
    holder, twin = world.finished(0), world.finished(1)
    world.table.files[twin.file_id] = replace(twin, duplicate_of=holder.file_id)
    world.objects.delete(twin.stored)
    world.sweep(6)

    assert world.told() == [(Fault.OBJECT_MISSING, twin.file_id)]


def test_the_rounds_come_by_every_record_and_object_and_begin_again(world):
    for number in range(250):
        world.finished(number)
    for number in range(30):
        upload_id = f"{UPLOAD_ID[:-2]}{number:02d}"
        world.finished(0, upload_id=upload_id, created_at=NOON + timedelta(hours=1 + number))
    lost = [file for file in world.table.files.values() if file.file_id.endswith("-00000")]
    for file in lost:
        world.objects.delete(file.stored)
    stray = world.objects.put("accepted", "zzz/stray", b"data")
    world.sweep(30)

    assert sorted(file_id for fault, file_id in world.told() if fault is Fault.OBJECT_MISSING) == sorted(
        file.file_id for file in lost
    )
    assert [incident.object.key for incident in world.incidents.told if incident.fault is Fault.OBJECT_UNCLAIMED] == [
        stray.key
    ]


def test_more_incidents_than_one_sweep_looks_at_are_all_told_of(world):
    for number in range(250):
        world.objects.put("accepted", a_file(number).incoming.key, b"data")
    world.sweep(12)

    assert len({file_id for _, file_id in world.told()}) == len(world.told()) == 250


def test_a_late_file_is_told_of_until_it_has_its_verdict(world):
    file = a_file()
    world.table.files[file.file_id] = file
    arrived = world.objects.put("incoming", file.incoming.key, b"data")
    late = partial(world.incidents.note, [_late(file, arrived)])
    late()
    assert world.sweep(2).standing == 1
    assert world.told() == [(Fault.LATE, file.file_id)]

    world.table.files[file.file_id] = replace(file, state=State.REJECTED)
    assert world.sweep().closed == 1


def _late(file, arrived):
    from intake.operations.model import ObjectIncident

    return ObjectIncident(
        fault=Fault.LATE,
        clinic_id=file.clinic_id,
        upload_id=file.upload_id,
        file_id=file.file_id,
        object=ObjectVersion("incoming", arrived.key, arrived.version_id),
        seen_at=NOON,
    )


FOREIGN = [
    f"lakeview/2026/11/22/{UPLOAD_ID}/{UPLOAD_ID}-00000",
    f"lakeview/2026/01/01/{UPLOAD_ID}/{UPLOAD_ID}-00000",
    f"northside/2026/01/01/{UPLOAD_ID}/{UPLOAD_ID}-00000",
    f"northside/2026/11/22/{UPLOAD_ID}/{UPLOAD_ID}-00077",
    f"lakeview/2026/11/22/{UPLOAD_ID}/{keys.child_id(UPLOAD_ID + '-00000', 0)}",
]


@pytest.mark.parametrize("key", FOREIGN)
def test_a_lost_arrival_under_the_ids_of_a_file_that_is_recorded_is_found_and_judged(world, key):
    file = world.finished(0)
    entry = keys.child_id(file.file_id, 0)
    world.table.files[entry] = replace(file, file_id=entry, parent=file.file_id)
    lost = world.objects.put("incoming", key, b"data")
    world.at += LIMIT
    world.sweep(2)

    assert [arrival.object for message in world.queue.messages for arrival in parse(message.body).arrivals] == [lost]
    assert world.standing() == [Fault.ARRIVAL_UNRECORDED]


def test_a_lost_second_version_of_a_judged_file_is_found(world):
    file = world.finished(0)
    second = world.objects.put("incoming", file.incoming.key, b"other data")
    world.at += LIMIT
    world.sweep(2)

    assert [incident.object for incident in world.incidents.standing.values()] == [second]


def test_files_that_an_upload_announced_on_another_day_are_looked_up_and_are_no_finding(world):
    for number in range(3):
        day = NOON + timedelta(days=number)
        key = keys.object_key("northside", UPLOAD_ID, keys.file_id(UPLOAD_ID, number), day)
        world.finished(number, created_at=day, incoming=ObjectVersion("incoming", key))
    world.at += timedelta(days=3)
    world.sweep(2)

    assert not world.standing()


@pytest.mark.parametrize("key", ["nosuchclinic/x.dcm", f"nosuchclinic/2026/11/22/{UPLOAD_ID}/{UPLOAD_ID}-00000"])
def test_what_arrives_under_a_made_up_prefix_is_told_under_no_invented_name(world, key):
    lost = world.objects.put("incoming", key, b"data")
    world.at += LIMIT
    world.sweep(2)
    assert {incident.clinic_id for incident in world.incidents.standing.values()} == {keys.UNASSIGNED}

    place = IDS.place_unassigned("incoming", key, lost.version_id, NOON)
    ids = {"file_id": place.file_id, "upload_id": place.upload_id, "clinic_id": keys.UNASSIGNED}
    world.table.files[place.file_id] = replace(a_file(), state=State.FAILED, incoming=lost, **ids)
    world.sweep(2)
    assert not world.standing()


def test_a_carrier_file_that_was_left_out_is_not_missed_and_a_medical_file_called_like_one_is(world):
    world.objects.put("incoming", "northside/cd/AUTORUN.INF", b"[autorun]")
    world.objects.put("incoming", "northside/cd/README", bytes(128) + b"DICM\2\0")
    world.at += LIMIT
    world.sweep(6)

    assert [incident.object.key for incident in world.incidents.standing.values()] == ["northside/cd/README"]


def test_a_round_of_the_incoming_bucket_that_has_gone_for_long_makes_haste(world, monkeypatch):
    monkeypatch.setattr("processor.reconcile.reconciler.LISTED", 3)
    for number in range(30):
        world.finished(number)
    world.sweep(2)
    assert world.reconciled.age == timedelta(minutes=5)
    assert world.rounds.positions["incoming"]

    world.at += timedelta(hours=6)
    world.sweep()
    assert world.reconciled.age == timedelta(hours=6, minutes=10)
    assert not world.rounds.positions["incoming"]
    world.sweep()
    assert world.reconciled.age == timedelta()


def test_a_sweep_that_has_listed_the_incoming_bucket_compares_nothing_of_it(world):
    world.objects.put("incoming", "northside/x.dcm", b"data")
    world.at += LIMIT
    world.rounds.positions = {JUST_LISTED: "now"}
    world.sweep(2)
    assert not world.standing()
    world.rounds.positions.pop(JUST_LISTED)
    world.sweep()
    assert world.standing() == [Fault.ARRIVAL_UNRECORDED]
