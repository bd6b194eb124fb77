"""An archive's own verdict, over fakes: it follows from its entries', whoever judges which of them when."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from intake.errors import ContentionError, NotFoundError, ObjectTakenError
from intake.files import keys
from intake.files.model import ObjectVersion
from intake.files.states import State
from intake.messaging.events import Arrival, ObjectsCreated, Settlement, Slice, Unknown, parse
from intake.orders.commands import DoTask
from intake.orders.model import Task
from processor.ingest.filing import Buckets
from processor.ingest.settle import Settler
from processor.ingest.stored_objects import Scans
from processor.judge import judge
from processor.judge.inspection.findings import Profile
from processor.orders.tasks import Tasks
from tests.archives import a_study, damaged, zipped
from tests.records import IDS, NOON, a_file, an_upload
from tests.unit.processor.ingest.test_expand import World

MALWARE = b"MZ" + bytes(100)


@pytest.fixture
def world():
    return World()


def sent(world, files, number=0):
    """Announce and send an archive. Return its id."""
    file = replace(a_file(name="study.zip"), file_id=keys.file_id(an_upload().upload_id, number))
    file = replace(file, incoming=ObjectVersion("incoming", file.incoming.key.rpartition("/")[0] + f"/{file.file_id}"))
    if not number:
        world.records.create_upload(an_upload())
    world.records.add_files(world.records.upload(None, file.upload_id), [file])
    world.objects.put("incoming", file.incoming.key, files if isinstance(files, bytes) else zipped(files))
    return file.file_id


def judge_archive(world, file_id):
    """Deliver the archive's own arrival, and nothing that follows from it."""
    key = world.table.files[file_id].incoming.key
    world._judge(key, world.objects.versions["incoming", key][-1].version_id)


def asked(world):
    return [found for message in world.queue.messages if isinstance(found := parse(message.body), Settlement)]


def codes(record):
    return [found.code for found in record.findings]


def upload_of(world):
    return world.records.upload("northside", an_upload().upload_id)


def accepted_and_rejected(world):
    counts = upload_of(world).counts
    return counts[State.ACCEPTED], counts[State.REJECTED]


def test_an_archive_whose_only_entry_is_malware_is_rejected_and_kept_in_quarantine(world):
    archive_id = sent(world, {"study/viewer.bin": MALWARE})

    world.work()

    archive = world.table.files[archive_id]
    assert (archive.state, archive.codes) == (State.REJECTED, ("archive-nothing-accepted",))
    assert archive.findings[0].where == "1 of 1 entries"
    assert archive.stored.bucket == "quarantine"
    assert world.objects.data(archive.stored) == zipped({"study/viewer.bin": MALWARE})
    assert not [key for bucket, key in world.objects.versions if bucket == "accepted"]
    assert (accepted_and_rejected(world), upload_of(world).containers) == ((0, 1), {State.REJECTED: 1})


@pytest.mark.parametrize(
    "files",
    [
        {f"{n}.bin": MALWARE + bytes([n]) for n in range(120)},
        {"inner.dat": zipped({"viewer.bin": MALWARE})},
        {"a/readme.txt": b"no study at all", "b/viewer.bin": MALWARE, "c/DICOMDIR.dcm": b"\0" * 400},
        {"__MACOSX/x": b"x", "viewer.bin": MALWARE},
    ],
    ids=["two slices", "an archive under another name", "nothing of a kind that is taken", "litter beside it"],
)
def test_an_archive_of_which_nothing_is_accepted_is_rejected(world, files):
    archive_id = sent(world, files)

    world.work()

    assert world.table.files[archive_id].codes == ("archive-nothing-accepted",)
    assert upload_of(world).settled


def test_an_archive_whose_entries_are_all_damaged_is_rejected(world):
    archive = zipped(a_study("damaged", 60), 0)
    for name in a_study("damaged", 60):
        archive = damaged(archive, name)
    archive_id = sent(world, archive)

    world.work()

    assert world.table.files[archive_id].findings[-1].where == "60 of 60 entries"


def test_an_archive_of_which_some_are_rejected_is_accepted_and_says_how_many(world):
    archive_id = sent(world, {**a_study("some", 3), "viewer.bin": MALWARE, "other.bin": MALWARE + b"2"})

    world.work()

    archive = world.table.files[archive_id]
    assert (archive.state, codes(archive)) == (State.ACCEPTED, ["archive-entries-rejected"])
    assert archive.findings[0].where == "2 of 5 entries"
    assert "viewer" not in str(archive.findings)


def test_an_archive_of_duplicates_is_accepted(world):
    study = a_study("known", 3)
    sent(world, study)
    world.work()
    again = sent(world, {name.replace("known", "other folder"): data for name, data in study.items()}, number=1)

    world.work()

    assert (world.table.files[again].state, codes(world.table.files[again])) == (State.ACCEPTED, [])


def test_an_archive_sent_twice_ends_as_the_first_did_and_has_its_own_copy(world):
    one, two = sent(world, {"viewer.bin": MALWARE}), sent(world, {"viewer.bin": MALWARE}, number=1)
    judge_archive(world, one)
    judge_archive(world, two)
    assert world.table.files[two].duplicate_of == one

    world.work()

    first, second = world.table.files[one], world.table.files[two]
    assert (first.state, second.state) == (State.REJECTED, State.REJECTED)
    assert second.stored.key.endswith(two)
    assert second.stored.bucket == "quarantine"
    assert second.duplicate_of is None
    assert [(record.parent, record.state) for record in world.files() if record.parent] == [
        (one, State.REJECTED),
        (two, State.REJECTED),
    ]


@pytest.mark.parametrize("first_is_accepted", [False, True])
def test_an_accepted_archive_keeps_its_bytes_where_the_same_one_before_it_is_rejected_later(world, first_is_accepted):
    """The clinic's profile was changed between the two, or an entry was what another file stood in the way of."""
    one, two = sent(world, a_study("profile", 1)), sent(world, a_study("profile", 1), number=1)
    judge_archive(world, one)
    judge_archive(world, two)
    ask_of_one, ask_of_two = asked(world)
    _reserve_all(world)
    first, second = (next(record for record in world.files() if record.parent == parent) for parent in (one, two))
    world.table.save(second, state=State.ACCEPTED)
    if first_is_accepted:
        world.table.save(first, state=State.ACCEPTED)

    assert world.settler.settle(ask_of_two).state is State.ACCEPTED
    if not first_is_accepted:
        world.table.save(first, state=State.REJECTED)
        assert world.settler.settle(ask_of_one).state is State.REJECTED

    kept = world.table.files[two].stored
    assert world.objects.data(kept) == zipped(a_study("profile", 1))
    # Bytes that stay anyway are kept once.
    assert (kept == world.table.files[one].stored) is first_is_accepted


def test_a_rejected_archive_sent_again_is_judged_anew(world):
    sent(world, {"viewer.bin": MALWARE})
    world.work()
    again = sent(world, {"viewer.bin": MALWARE}, number=1)

    world.work()

    assert world.table.files[again].duplicate_of is None
    assert len([record for record in world.files() if record.parent == again]) == 1
    assert world.table.files[again].codes == ("archive-nothing-accepted",)


def test_an_archive_counts_as_awaited_until_its_entries_have_their_verdicts(world):
    archive_id = sent(world, a_study("waits", 3))
    judge_archive(world, archive_id)
    (ask,) = asked(world)

    for _ in range(3):
        settled = world.settler.settle(ask)
        assert (settled.state, world.table.files[archive_id].state) == (None, State.ACCEPTED)
    assert (upload_of(world).waiting, upload_of(world).containers) == (4, {})
    assert world.queue.delays == [2, 4, 4, 4]

    world.work()
    assert (accepted_and_rejected(world), upload_of(world).containers) == ((3, 0), {State.ACCEPTED: 1})
    assert upload_of(world).settled


def test_the_pauses_grow_and_end(world):
    judge_archive(world, sent(world, a_study("waits", 1)))
    (ask,) = asked(world)
    for _ in range(12):
        world.settler.settle(ask)
        ask = asked(world)[-1]

    assert world.queue.delays == [2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300, 300, 300]


@pytest.mark.parametrize("state", [State.FAILED, State.EXPIRED])
def test_our_own_fault_is_no_verdict_on_an_archive(world, state):
    """The upload need not wait for what failed; the archive is looked at again, should it be judged yet."""
    archive_id = sent(world, {"viewer.bin": MALWARE, **a_study("failed", 2)})
    judge_archive(world, archive_id)
    ask = asked(world)[0]
    _reserve_all(world)
    children = [record for record in world.files() if record.parent]
    world.table.save(children[0], state=State.REJECTED)
    for child in children[1:]:
        world.table.save(child, state=state)

    assert world.settler.settle(ask).state is State.ACCEPTED

    archive = world.table.files[archive_id]
    assert (archive.settled, codes(archive)) == (True, ["archive-entries-rejected"])
    later = asked(world)[-1]
    for child in children[1:]:
        world.table.save(world.table.files[child.file_id], state=State.REJECTED)
    assert world.settler.settle(later).state is State.REJECTED
    assert world.table.files[archive_id].stored.bucket == "quarantine"


def _reserve_all(world):
    world.expander._unpack = lambda *_: True
    for message in list(world.queue.messages):
        if isinstance(parse(message.body), Slice):
            world._expand(message)


def test_entries_that_nobody_ever_judges_leave_the_archive_as_it_is_in_the_end(world):
    archive_id = sent(world, a_study("never", 2))
    judge_archive(world, archive_id)
    (ask,) = asked(world)
    before = len(asked(world))

    late = replace(ask, since=(NOON - timedelta(hours=26)).isoformat())
    assert world.settler.settle(late).state is State.ACCEPTED

    assert world.table.files[archive_id].settled
    assert len(asked(world)) == before


def test_a_settlement_delivered_again_changes_nothing(world):
    archive_id = sent(world, {"viewer.bin": MALWARE})
    judge_archive(world, archive_id)
    (ask,) = asked(world)
    world.work()
    before = dict(world.table.files), dict(world.objects.versions)

    assert world.settler.settle(ask).state is State.REJECTED

    assert (world.table.files, world.objects.versions) == before


def test_a_delivery_that_died_before_the_accepted_copy_was_removed_is_healed(world):
    archive_id = sent(world, {"viewer.bin": MALWARE})
    judge_archive(world, archive_id)
    (ask,) = asked(world)
    accepted = world.table.files[archive_id].stored
    world.work()
    world.objects.put("accepted", accepted.key, b"left behind")

    world.settler.settle(ask)

    assert ("accepted", accepted.key) not in world.objects.versions


def test_a_record_that_changes_meanwhile_is_looked_at_again(world):
    archive_id = sent(world, a_study("changes", 1))
    judge_archive(world, archive_id)
    (ask,) = asked(world)
    _reserve_all(world)
    child = next(record for record in world.files() if record.parent)
    world.table.save(child, state=State.ACCEPTED)
    world.verdicts.settle = lambda *_: False

    with pytest.raises(ContentionError):
        world.settler.settle(ask)


def test_a_slice_that_comes_late_finds_nothing_to_unpack(world):
    judge_archive(world, sent(world, {"viewer.bin": MALWARE}))
    late = next(message for message in world.queue.messages if isinstance(parse(message.body), Slice))
    world.work()

    world.queue.messages.append(late)
    world._expand(late)

    assert Counter(record.state for record in world.files()) == {State.REJECTED: 2}


def test_another_clinics_archive_is_nobodys(world):
    archive_id = sent(world, a_study("other", 1))
    judge_archive(world, archive_id)
    (ask,) = asked(world)

    with pytest.raises(NotFoundError):
        world.settler.settle(replace(ask, clinic_id="southside"))
    with pytest.raises(NotFoundError):
        world.settler.settle(replace(ask, file_id=keys.file_id(an_upload().upload_id, 77)))


def test_a_message_says_what_it_said():
    ask = Settlement(clinic_id="northside", upload_id="u", file_id="f", since=NOON.isoformat(), seen=3, accepted=3)

    assert parse(ask.message()) == ask
    assert parse({"Records": []}) == ObjectsCreated(())
    assert isinstance(parse({"settle": {"clinic_id": "northside"}}), Unknown)


def test_bytes_that_were_overwritten_by_an_archive_take_nothing_from_it_when_they_are_judged_late(world):
    data = zipped({"viewer.bin": MALWARE})
    archive_id, overwritten = send_over(world, b"no scan at all", data)
    world.work()
    archive = world.table.files[archive_id]
    assert (archive.state, archive.stored.bucket) == (State.REJECTED, "quarantine")

    for _ in range(2):
        world.processor.process(Arrival(overwritten, NOON))

    assert world.table.files[archive_id].stored == archive.stored
    assert world.objects.data(archive.stored) == data
    (late,) = (file for file in world.files() if file.incoming == overwritten)
    assert (late.state, world.objects.data(late.stored)) == (State.REJECTED, b"no scan at all")


def test_an_archive_waits_for_its_place_in_quarantine_until_what_stands_there_has_its_own(world, monkeypatch):
    data = zipped({"viewer.bin": MALWARE})
    archive_id, overwritten = send_over(world, b"no scan at all", data)
    with monkeypatch.context() as dying:
        dying.setattr(world.verdicts, "record", die)
        with pytest.raises(KeyboardInterrupt):
            world.processor.process(Arrival(overwritten, NOON))

    with pytest.raises(ObjectTakenError):
        world.work()
    assert world.objects.data(world.table.files[archive_id].stored) == data
    world.processor.process(Arrival(overwritten, NOON))
    world.work()

    archive = world.table.files[archive_id]
    (late,) = (file for file in world.files() if file.incoming == overwritten)
    assert {archive.state, late.state} == {State.REJECTED}
    assert world.objects.data(archive.stored) == data
    assert world.objects.data(late.stored) == b"no scan at all"


@pytest.mark.parametrize("orders", [1, 2])
def test_a_rejected_archive_that_is_judged_again_ends_where_it_was(world, orders):
    archive_id = sent(world, {"viewer.bin": MALWARE})
    world.work()
    before = world.table.files[archive_id]

    for number in range(orders):
        reprocess(world, archive_id, f"{number:026d}")
        assert world.table.files[archive_id].state is State.ACCEPTED
        world.work()

    archive = world.table.files[archive_id]
    assert (archive.state, archive.codes, archive.stored) == (State.REJECTED, before.codes, before.stored)
    assert not [key for bucket, key in world.objects.versions if bucket == "accepted"]


def test_a_duplicate_whose_settlement_died_behind_its_copy_takes_it_when_its_firsts_bytes_moved(world, monkeypatch):
    data = zipped({"viewer.bin": MALWARE})
    one, two = sent(world, data), sent(world, data, number=1)
    judge_archive(world, one)
    judge_archive(world, two)
    settle = world.settler.settle
    with monkeypatch.context() as waiting:
        waiting.setattr(Settler, "settle", lambda *_: None)
        world.work()
    with monkeypatch.context() as dying:
        dying.setattr(world.verdicts, "settle", die)
        with pytest.raises(KeyboardInterrupt):
            settle(settlement_of(world, two))

    for archive_id in (one, two):
        settle(settlement_of(world, archive_id))

    first, second = world.table.files[one], world.table.files[two]
    assert {first.state, second.state} == {State.REJECTED}
    assert first.stored != second.stored
    assert world.objects.data(first.stored) == world.objects.data(second.stored) == data


def settlement_of(world, archive_id):
    archive = world.table.files[archive_id]
    return Settlement(
        clinic_id=archive.clinic_id, upload_id=archive.upload_id, file_id=archive_id, since=NOON.isoformat()
    )


def reprocess(world, file_id, order_id):
    """Have a file judged again as an admin orders it."""
    tasks = Tasks(
        objects=world.objects,
        verdicts=world.verdicts,
        results=None,
        buckets=Buckets("accepted", "quarantine"),
        judge=judge,
        profile_of=lambda clinic_id: Profile(),
        takes_part="northside".__eq__,
        expand=world.expander.begin,
        scans=Scans(world.objects, required=False),
        ids=IDS,
        remove_pictures=lambda clinic_id, file_id: None,
        clock=lambda: NOON + timedelta(seconds=2),
    )
    tasks.do(DoTask(owner="", order_id=order_id, task=Task.REPROCESS, file_id=file_id, actor="admin-1"))


def send_over(world, first, archive):
    """Send an archive over other bytes, of which S3 tells later. Return its id and their version."""
    archive_id = sent(world, first)
    overwritten = world.objects.find("incoming", world.table.files[archive_id].incoming.key).version
    world.objects.put("incoming", overwritten.key, archive)
    return archive_id, overwritten


def die(*args, **options):
    raise KeyboardInterrupt


def test_a_slice_is_still_of_a_duplicate_that_was_given_its_own_copy_since(world):
    data = zipped({"viewer.bin": MALWARE})
    one, two = sent(world, data), sent(world, data, number=1)
    judge_archive(world, one)
    judge_archive(world, two)
    slices = [part for message in world.queue.messages if isinstance(part := parse(message.body), Slice)]
    (part,) = (part for part in slices if part.file_id == two)
    settled = replace(world.table.files[two], settled=True)
    own = replace(settled, stored=ObjectVersion("accepted", settled.incoming.key, "own"))

    assert part.is_of(own)
    assert not part.is_of(replace(own, stored=ObjectVersion("accepted", f"{own.incoming.key}x", "own")))
