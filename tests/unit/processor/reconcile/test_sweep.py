from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from intake.files.keys import child_id
from intake.files.model import ObjectVersion
from intake.files.states import State
from intake.messaging.events import Arrival, Slice, notification
from intake.messaging.model import QueuedMessage
from intake.orders.commands import DoTask
from intake.orders.model import Task
from processor.projection.projector import Projector
from processor.projection.replacements import Replacements
from processor.reconcile.sweep import Sweep
from tests.fakes import (
    FakeAlerts,
    FakeChildren,
    FakeEvents,
    FakeObjects,
    FakeProjections,
    FakeQueue,
    FakeRecords,
    FakeRepairs,
    FakeTable,
    FakeVerdicts,
)
from tests.records import IDS, NOON, a_file, an_upload
from tests.scan_results import scan_result


class World:
    """A sweep between fakes, at a time of the test's choosing."""

    def __init__(self):
        table = FakeTable()
        self.at, self.admissions = NOON, []
        self.records, self.verdicts = FakeRecords(table), FakeVerdicts(table)
        self.objects, self.dead_letters = FakeObjects(), FakeQueue()
        sums = FakeProjections()
        self.sweep = Sweep(
            verdicts=self.verdicts,
            objects=self.objects,
            dead_letters=self.dead_letters,
            projector=Projector(
                sums,
                sums,
                FakeAlerts(),
                events=FakeEvents(),
                upload_of=partial(self.records.upload, None),
                language_of=lambda clinic_id: "en",
                replacements=Replacements(FakeRepairs(table), self.records.get_many, tell_unread=[].append),
                portal_origin="https://portal.test",
                clock=lambda: self.at,
            ),
            admit=lambda: self.admissions.append(self.at) is None,
            takes_part={"northside", "lakeview"}.__contains__,
            ids=IDS,
            clock=lambda: self.at,
        )

    def reserve(self, count):
        files = [a_file(number) for number in range(count)]
        self.records.create_upload(an_upload())
        self.records.add_files(an_upload(), files)
        return files

    def state(self, file):
        return self.verdicts.file(file.file_id).state


@pytest.fixture
def world():
    return World()


def test_dead_letters_mark_their_files_failed_once_and_stay_to_be_redriven(world):
    (file,) = world.reserve(1)
    letters = [
        notification(Arrival(ObjectVersion("incoming", file.incoming.key, "v1"), NOON)),
        notification(Arrival(ObjectVersion("incoming", "lakeview/dropped.dcm", "v1"), NOON)),
    ]
    world.dead_letters.send(letters)

    assert [world.sweep.run().failed for _ in range(2)] == [2, 0]

    assert world.state(file) is State.FAILED
    assert {record.clinic_id for record in world.verdicts.table.files.values()} == {"northside", "lakeview"}
    assert world.dead_letters.depth() == 2


@pytest.mark.parametrize("status", ["ACCESS_DENIED", "FAILED"])
def test_a_file_whose_scan_came_to_nothing_is_failed_and_its_letter_waits_for_another_scan(world, status):
    (file,) = world.reserve(1)
    world.objects.put("incoming", file.incoming.key, b"unscanned")
    world.dead_letters.send([scan_result(status, ObjectVersion("incoming", file.incoming.key, "v1"))])

    assert [world.sweep.run().failed for _ in range(2)] == [1, 0]

    assert (world.state(file), world.dead_letters.depth()) == (State.FAILED, 1)


def test_a_dropped_file_whose_scan_came_to_nothing_is_the_file_that_the_judge_would_make_of_it(world):
    world.objects.clock = lambda: NOON - timedelta(days=1)
    version = world.objects.put("incoming", "lakeview/dropped.dcm", b"unscanned")
    gone = ObjectVersion("incoming", "lakeview/gone.dcm", "v1")
    world.dead_letters.send([scan_result("FAILED", version), scan_result("FAILED", gone)])

    assert world.sweep.run().failed == 2

    placed = IDS.place_direct(version.bucket, version.key, version.version_id, NOON - timedelta(days=1))
    assert world.verdicts.file(placed.file_id).state is State.FAILED


def test_two_letters_about_one_dropped_object_around_midnight_are_one_failed_file_be_it_there_or_gone(world):
    midnight = (NOON + timedelta(days=1)).replace(hour=0)
    world.objects.clock = lambda: midnight - timedelta(seconds=1)
    stands = world.objects.put("incoming", "lakeview/stands.dcm", b"data")
    for version in (stands, ObjectVersion("incoming", "lakeview/gone.dcm", "v1")):
        for late in (timedelta(), timedelta(seconds=2)):
            world.dead_letters.send([notification(Arrival(version, world.objects.clock() + late))])

    assert world.sweep.run().failed == 2
    assert len(world.verdicts.table.files) == 2


def test_a_dead_letter_that_nobody_can_read_is_counted_and_kept(world):
    world.dead_letters.messages.append(QueuedMessage("m", {"what": "ever"}, 1))

    assert world.sweep.run().unreadable == 1
    assert world.dead_letters.depth() == 1


def test_a_dead_letter_about_an_archive_fails_the_entries_that_have_no_verdict(world):
    (archive,) = world.reserve(1)
    entries = [a_file(file_id=child_id(archive.file_id, index), parent=archive.file_id) for index in (0, 2, 3)]
    entries[0] = replace(entries[0], state=State.ACCEPTED)
    FakeChildren(world.verdicts.table).reserve(entries)
    part = Slice("northside", archive.upload_id, archive.file_id, ObjectVersion("accepted", "k"), 0, 3)
    world.dead_letters.messages.append(QueuedMessage("m1", part.message(), 5))

    assert world.sweep.run().failed == 1

    assert [world.state(entry) for entry in entries] == [State.ACCEPTED, State.FAILED, State.AWAITING_UPLOAD]
    assert world.dead_letters.messages


def test_an_entry_that_was_unpacked_is_not_failed_for_unpacking_it_again_tells_nobody(world):
    (archive,) = world.reserve(1)
    entry = a_file(file_id=child_id(archive.file_id, 0), parent=archive.file_id)
    FakeChildren(world.verdicts.table).reserve([entry])
    world.objects.put(entry.incoming.bucket, entry.incoming.key, b"unpacked")
    part = Slice("northside", archive.upload_id, archive.file_id, ObjectVersion("accepted", "k"), 0, 1)
    world.dead_letters.messages.append(QueuedMessage("m1", part.message(), 5))

    assert world.sweep.run().failed == 0
    assert world.state(entry) is State.AWAITING_UPLOAD


def test_every_sweep_has_the_gateway_let_in_the_partners(world):
    assert world.sweep.run().readmitted
    assert world.admissions == [NOON]


def test_an_orders_letter_fails_no_file_and_is_no_riddle(world):
    (file,) = world.reserve(1)
    order = DoTask(owner="", order_id=file.upload_id, task=Task.TRY, file_id=file.file_id, actor="admin-1")
    world.dead_letters.send([order.message()])
    swept = world.sweep.run()
    assert (swept.failed, swept.unreadable) == (0, 0)
    assert world.state(file) is State.AWAITING_UPLOAD
