"""Whose a file is: keys with foreign ids settle nobody's reservation, and prefixes of no clinic are nobody's files."""

from collections import Counter
from dataclasses import replace

import pytest

from intake.errors import ContentionError, NotFoundError
from intake.files import keys
from intake.files.model import ObjectVersion
from intake.files.outcomes import Outcome
from intake.files.states import State
from intake.messaging.events import Arrival, Slice, notification
from intake.orders.commands import DoTask
from intake.orders.model import Answer, Task
from tests.records import IDS, NOON, UPLOAD_ID, a_file, an_upload
from tests.unit.processor.ingest.test_expand import World as Unpacking
from tests.unit.processor.ingest.test_process import ACCEPTED, INCOMING, QUARANTINE, World
from tests.unit.processor.orders.test_tasks import Desk
from tests.unit.processor.reconcile.test_sweep import World as Sweeping

GOOD = b"good1234"
CHILD = keys.child_id(f"{UPLOAD_ID}-00000", 3)
MADE_UP = ["nosuchclinic/x.dcm", "northside2/x.dcm", "unassigned/x.dcm", "new/2026/11/22/x.dcm", "0/x"]
MADE_UP += [f"nosuchclinic/2026/11/22/{UPLOAD_ID}/{UPLOAD_ID}-00000", f"nosuchclinic/2026/11/22/{UPLOAD_ID}/{CHILD}"]


@pytest.fixture
def world():
    return World()


@pytest.mark.parametrize(
    "tail",
    [
        f"2026/01/01/{UPLOAD_ID}/{UPLOAD_ID}-00000",
        f"2026/11/22/{UPLOAD_ID}/{UPLOAD_ID}-00000",
        f"9999/99/99/{UPLOAD_ID}/{UPLOAD_ID}-00000",
        f"2026/11/22/{UPLOAD_ID}/{UPLOAD_ID}-00001",
        f"2026/11/22/{UPLOAD_ID}/{CHILD}",
        f"2026/11/22/{UPLOAD_ID}/{UPLOAD_ID}-00077",
    ],
)
@pytest.mark.parametrize("data", [GOOD, b"bad", b"PK"])
def test_an_object_under_another_clinics_ids_is_a_file_of_its_own_sender(world, tail, data):
    world.reserve(2)
    child = a_file(file_id=CHILD, incoming=ObjectVersion(INCOMING, f"northside/2026/11/22/{UPLOAD_ID}/{CHILD}"))
    world.verdicts.table.files[CHILD] = child
    multipart = world.verdicts.table.files[f"{UPLOAD_ID}-00001"]
    world.verdicts.table.files[multipart.file_id] = replace(multipart, multipart_id="m")
    before = dict(world.verdicts.table.files)
    arrival = world.arrive(f"lakeview/{tail}", data)

    processed = world.processor.process(arrival)

    assert {name: world.verdicts.table.files[name] for name in before} == before
    record = world.verdicts.file(processed.placement.file_id)
    assert (record.clinic_id, record.upload_id != UPLOAD_ID) == ("lakeview", True)
    assert record.stored.key.startswith("lakeview/")
    assert UPLOAD_ID not in record.stored.key
    assert world.processor.process(arrival).outcome is Outcome.ALREADY_RECORDED
    assert [key for bucket in (ACCEPTED, QUARANTINE) for key in world.stored(bucket)] == [record.stored.key]


def test_the_owners_own_object_still_settles_its_reservation_afterwards(world):
    (file,) = world.reserve()
    world.processor.process(world.arrive(file.incoming.key.replace("northside", "lakeview"), b"good0000"))

    world.processor.process(world.arrive(file.incoming.key, GOOD))

    record = world.verdicts.file(file.file_id)
    assert (record.state, record.stored.key) == (State.ACCEPTED, file.incoming.key)


def test_a_clinics_own_reservation_is_not_settled_under_another_day(world):
    (file,) = world.reserve()

    processed = world.processor.process(world.arrive(file.incoming.key.replace("2026/11/22", "2026/11/23"), GOOD))

    assert world.verdicts.file(file.file_id).state is State.AWAITING_UPLOAD
    assert (processed.placement.clinic_id, processed.placement.file_id != file.file_id) == ("northside", True)


@pytest.mark.parametrize("key", MADE_UP)
def test_a_prefix_of_no_clinic_is_refused_unread_and_stands_under_no_invented_name(world, key):
    arrival = world.arrive(key, GOOD)

    for expected in (Outcome.RECORDED, Outcome.ALREADY_RECORDED):
        processed = world.processor.process(arrival)
        assert (processed.outcome, processed.codes, processed.bytes_read) == (expected, ("clinic-unknown",), 0)

    (record,) = world.verdicts.table.files.values()
    assert (record.clinic_id, record.state, record.metadata) == (keys.UNASSIGNED, State.REJECTED, {})
    assert record.stored.key.startswith("unassigned/2026/11/22/")
    assert world.stored(QUARANTINE) == [record.stored.key]
    assert world.stored(ACCEPTED) == []


def test_made_up_prefixes_share_one_upload_a_day(world):
    for number in range(20):
        world.processor.process(world.arrive(f"c{number}/x.dcm", GOOD))

    records = world.verdicts.table.files.values()
    assert Counter((record.clinic_id, record.upload_id) for record in records).most_common(1)[0][1] == 20


def test_a_file_that_was_announced_before_its_clinic_was_deactivated_has_its_verdict_in_its_own_lists(world):
    (file,) = world.reserve()
    world.clinics.discard("northside")

    processed = world.processor.process(world.arrive(file.incoming.key, GOOD))

    record = world.verdicts.file(file.file_id)
    assert (record.clinic_id, record.state, record.codes) == ("northside", State.REJECTED, ("clinic-unknown",))
    assert (record.stored.bucket, processed.placement.file_id) == (QUARANTINE, file.file_id)


@pytest.mark.parametrize("reserved", [True, False])
def test_an_event_of_a_settled_file_changes_nothing_after_its_clinic_was_deactivated(world, reserved):
    key = world.reserve()[0].incoming.key if reserved else "northside/x.dcm"
    arrival = world.arrive(key, GOOD)
    world.processor.process(arrival)
    before = dict(world.verdicts.table.files), world.stored(ACCEPTED), world.stored(QUARANTINE)

    world.clinics.discard("northside")

    assert world.processor.process(arrival).outcome is Outcome.ALREADY_RECORDED
    assert (dict(world.verdicts.table.files), world.stored(ACCEPTED), world.stored(QUARANTINE)) == before


def test_a_deactivated_clinic_under_foreign_ids_is_nobodys(world):
    (file,) = world.reserve()
    world.clinics.discard("lakeview")

    processed = world.processor.process(world.arrive(file.incoming.key.replace("northside", "lakeview"), GOOD))

    assert world.verdicts.file(file.file_id) == file
    assert (processed.placement.clinic_id, processed.codes) == (keys.UNASSIGNED, ("clinic-unknown",))


def test_a_directory_that_cannot_be_asked_is_no_verdict(world):
    def unreachable(clinic_id):
        raise ConnectionError

    world.takes_part = unreachable
    world.processor = world.processor_with(lambda source, facts: None)
    (file,) = world.reserve()
    with pytest.raises(ConnectionError):
        world.processor.process(world.arrive(file.incoming.key, GOOD))

    assert world.verdicts.file(file.file_id).state is State.AWAITING_UPLOAD
    assert world.stored(QUARANTINE) == []


def test_what_stands_under_a_derived_id_of_another_is_never_written_over(world):
    arrival = world.arrive("lakeview/x.dcm", GOOD)
    place = IDS.place_direct(INCOMING, arrival.object.key, arrival.object.version_id, NOON)
    foreign = a_file(file_id=place.file_id, state=State.FAILED)
    world.verdicts.table.files[place.file_id] = foreign

    with pytest.raises(ContentionError):
        world.processor.process(arrival)

    assert world.verdicts.file(place.file_id) == foreign


def ordered(file_id, task=Task.REPROCESS, owner="", order_id=UPLOAD_ID):
    return DoTask(owner=owner, order_id=order_id, task=task, file_id=file_id, actor="admin-1")


@pytest.mark.parametrize("data", [GOOD, b"bad"])
def test_an_unknown_sender_who_became_a_clinic_has_its_file_when_it_is_checked_again(data):
    desk = Desk()
    nobodys = desk.processor.process(desk.arrive("southside/x.dcm", data)).placement.file_id
    assert desk.tasks.do(ordered(nobodys)).answer is Answer.REJECTED

    desk.clinics.add("southside")
    later = keys.new_upload_id()
    assert desk.tasks.do(ordered(nobodys, Task.TRY, order_id=later)).answer is Answer.ACCEPTED
    for _ in range(2):
        assert desk.tasks.do(ordered(nobodys, order_id=later)).answer is Answer.ACCEPTED

    own = [record for record in desk.verdicts.table.files.values() if record.clinic_id == "southside"]
    assert [(record.state, record.stored.bucket, record.codes) for record in own] == [(State.ACCEPTED, ACCEPTED, ())]
    assert desk.verdicts.file(nobodys).clinic_id == keys.UNASSIGNED
    assert desk.tasks.do(ordered(nobodys, Task.DELETE, order_id=keys.new_upload_id())).answer is Answer.DELETED
    assert desk.objects.data(own[0].stored) == data


def test_a_clinic_that_was_reactivated_has_what_was_announced_when_it_is_checked_again():
    desk = Desk()
    (file,) = desk.reserve()
    desk.clinics.discard("northside")
    desk.processor.process(desk.arrive(file.incoming.key, GOOD))
    assert desk.tasks.do(ordered(file.file_id)).codes == ("clinic-unknown",)

    desk.clinics.add("northside")
    assert desk.tasks.do(ordered(file.file_id, order_id=keys.new_upload_id())).answer is Answer.ACCEPTED


@pytest.mark.parametrize("task", Task)
def test_an_order_of_one_clinic_does_nothing_to_a_file_of_another(task):
    desk = Desk()
    (file,) = desk.reserve()
    desk.verdicts.fail(file, "Boom")
    before = desk.verdicts.file(file.file_id)

    answered = desk.tasks.do(ordered(file.file_id, task, owner="lakeview"))

    assert (answered.answer, answered.clinic_id) == (Answer.CLOSED, "lakeview")
    assert desk.verdicts.file(file.file_id) == before


def a_slice(archive, **changes):
    return replace(Slice(archive.clinic_id, archive.upload_id, archive.file_id, archive.stored, 0, 1), **changes)


@pytest.mark.parametrize(
    "forged",
    [
        {"clinic_id": "lakeview"},
        {"upload_id": "0" * 26},
        {"stored": ObjectVersion(ACCEPTED, "lakeview/2026/11/22/evil")},
        {"stored": ObjectVersion(INCOMING, a_file().incoming.key)},
        {"file_id": f"{UPLOAD_ID}-00001"},
    ],
)
def test_a_slice_that_is_not_as_its_archives_record_says_unpacks_nothing(forged):
    world = Unpacking()
    archive = a_file(kind="zip", state=State.ACCEPTED, stored=ObjectVersion(ACCEPTED, a_file().incoming.key))
    world.table.files |= {archive.file_id: archive, f"{UPLOAD_ID}-00001": a_file(1)}

    with pytest.raises(NotFoundError):
        world.expander.expand(a_slice(archive, **forged))

    assert len(world.table.files) == 2


@pytest.fixture
def sweeping():
    return Sweeping()


def dead(sweeping, arrival):
    sweeping.dead_letters.send([notification(arrival)])
    return sweeping.sweep.run()


@pytest.mark.parametrize("number", [0, 77])
def test_a_dead_letter_of_a_foreign_key_fails_its_senders_own_file(sweeping, number):
    file = a_file()
    sweeping.records.create_upload(an_upload())
    sweeping.records.add_files(an_upload(), [file])
    key = f"lakeview/2026/11/22/{UPLOAD_ID}/{UPLOAD_ID}-{number:05d}"

    assert dead(sweeping, Arrival(ObjectVersion("incoming", key, "v1"), NOON)).failed == 1

    assert sweeping.verdicts.file(file.file_id).state is State.AWAITING_UPLOAD
    failed = [one for one in sweeping.verdicts.table.files.values() if one.state is State.FAILED]
    assert [one.clinic_id for one in failed] == ["lakeview"]


@pytest.mark.parametrize("key", MADE_UP)
def test_a_dead_letter_of_a_prefix_of_no_clinic_is_nobodys(sweeping, key):
    assert dead(sweeping, Arrival(ObjectVersion("incoming", key, "v1"), NOON)).failed == 1

    assert [one.clinic_id for one in sweeping.verdicts.table.files.values()] == [keys.UNASSIGNED]
