"""An archive's way to files of their own, over fakes."""

import contextlib
import tracemalloc
import zipfile
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from intake.errors import NotFoundError
from intake.files import keys
from intake.files.model import ObjectVersion, Source
from intake.files.states import State
from intake.messaging.events import Arrival, ObjectsCreated, Settlement, Slice, Unknown, parse
from intake.storage.model import ObjectRange
from intake.storage.s3.uploads import S3Writer
from processor.ingest.expand import BLOCK, BLOCKS_KEPT, BYTES_PER_SLICE, ENTRIES_PER_SLICE, Blocks, Expander, cut_slices
from processor.ingest.filing import Buckets
from processor.ingest.process import Processor
from processor.ingest.settle import Settler
from processor.ingest.stored_objects import Scans
from processor.judge import judge
from processor.judge.documents.zip.entries import Entry
from processor.judge.inspection.findings import Profile
from tests.archives import a_study, damaged, zipped
from tests.fakes import FakeChildren, FakeObjects, FakeQueue, FakeRecords, FakeTable, FakeVerdicts
from tests.records import IDS, NOON, a_file, an_upload


class World:
    """The judging Lambda between fakes: its queue holds what it has asked itself for."""

    def __init__(self):
        self.table = FakeTable()
        self.objects, self.children, self.verdicts = FakeObjects(), FakeChildren(self.table), FakeVerdicts(self.table)
        self.queue, self.records = FakeQueue(), FakeRecords(self.table)
        self.delivered = Counter()
        self.crash_at = None
        clock = lambda: NOON + timedelta(seconds=1)  # noqa: E731
        self.expander = Expander(
            objects=self.objects,
            writer=self.objects,
            children=self.children,
            verdicts=self.verdicts,
            queue=self.queue,
            incoming_bucket="incoming",
            clock=clock,
        )
        self.settler = Settler(
            objects=self.objects,
            children=self.children,
            verdicts=self.verdicts,
            queue=self.queue,
            buckets=Buckets("accepted", "quarantine"),
            clock=clock,
        )
        self.processor = Processor(
            self.objects,
            self.verdicts,
            Buckets("accepted", "quarantine"),
            judge,
            ids=IDS,
            profile_of=lambda clinic_id: Profile(),
            takes_part="northside".__eq__,
            expand=self.expander.begin,
            scans=Scans(self.objects, required=False),
            clock=clock,
        )

    def upload(self, archive):
        """Announce and send an archive. Return its record's id."""
        file = a_file(name="study.zip")
        self.records.create_upload(an_upload())
        self.records.add_files(an_upload(), [file])
        self.objects.put("incoming", file.incoming.key, archive)
        return file.file_id

    def work(self):
        """Deliver events and messages until there are none, each again after a crash."""
        while pending := self._pending():
            for deliver in pending:
                with contextlib.suppress(_CrashError):
                    deliver()

    def _pending(self):
        events = [
            lambda key=key, version=held[-1].version_id: self._judge(key, version)
            for (bucket, key), held in self.objects.versions.items()
            if bucket == "incoming" and not self.delivered[key]
        ]
        messages = list(self.queue.messages)
        return events + [lambda message=message: self._expand(message) for message in messages]

    def _judge(self, key, version):
        self.processor.process(Arrival(ObjectVersion("incoming", key, version), NOON))
        self.delivered[key] += 1

    def _expand(self, message):
        match parse(message.body):
            case Settlement() as settlement:
                self.settler.settle(settlement)
            case part:
                self.expander.expand(part)
        self.queue.messages.remove(message)

    def files(self):
        return sorted(self.table.files.values(), key=lambda record: record.file_id)


@pytest.fixture
def world():
    return World()


def test_every_entry_becomes_a_file_with_a_verdict_of_its_own(world):
    study = a_study("one", 100)
    parent_id = world.upload(zipped({**study, "notes/setup.bin": b"MZ", "empty/": b""}))

    world.work()

    parent, *children = world.files()
    assert (parent.file_id, parent.state, parent.kind) == (parent_id, State.ACCEPTED, "zip")
    assert Counter(child.state for child in children) == {State.ACCEPTED: 100, State.REJECTED: 1}
    assert [child.name for child in children] == [*study, "notes/setup.bin"]
    assert {child.parent for child in children} == {parent_id}
    assert {child.source for child in children} == {parent.source}
    assert world.objects.data(children[7].stored) == list(study.values())[7]
    upload = world.records.upload("northside", parent.upload_id)
    assert (upload.declared, upload.containers, upload.announced) == (101, {State.ACCEPTED: 1}, 1)
    assert upload.settled


def test_an_upload_is_not_complete_while_its_archive_is_being_unpacked(world):
    parent_id = world.upload(zipped(a_study("awaited", 5)))
    world.processor.process(Arrival(ObjectVersion("incoming", world.table.files[parent_id].incoming.key, "v1"), NOON))

    upload = world.records.upload("northside", a_file().upload_id)
    assert (upload.declared, upload.waiting) == (6, 6)
    assert not upload.settled


def test_no_key_and_no_message_holds_a_name(world):
    world.upload(zipped(a_study("Doe^John", 3)))
    arrived = list(world.objects.versions)
    world.processor.process(Arrival(ObjectVersion("incoming", arrived[0][1], "v1"), NOON))

    assert "Doe" not in str([message.body for message in world.queue.messages])
    world.work()
    assert "Doe" not in str(list(world.objects.versions))


def test_an_archive_within_an_archive_is_refused_and_not_opened(world):
    world.upload(zipped({"inner.zip": zipped(a_study("inner", 2)), **a_study("outer", 1)}))

    world.work()

    inner = next(file for file in world.files() if file.name == "inner.zip")
    assert (inner.state, [found.code for found in inner.findings]) == (State.REJECTED, ["archive-nested"])
    assert len(world.files()) == 3


def test_an_entry_that_cannot_be_unpacked_is_rejected_and_the_others_go_on(world):
    study = a_study("damaged", 60)
    bad = list(study)[41]
    world.upload(damaged(zipped(study, zipfile.ZIP_STORED), bad))

    world.work()
    world.work()

    parent, *children = world.files()
    (refused,) = [child for child in children if child.state is State.REJECTED]
    assert (refused.name, [found.code for found in refused.findings]) == (bad, ["archive-entry-damaged"])
    assert refused.stored == parent.stored
    assert sum(child.state is State.ACCEPTED for child in children) == 59


def test_the_entries_of_a_dropped_archive_join_its_days_upload(world):
    study = a_study("dropped", 5)
    world.objects.put("incoming", "northside/from the scanner/study.zip", zipped(study))

    world.work()

    (upload,) = world.records.uploads("northside", None, 10).rows
    assert (upload.source, upload.declared, upload.settled) == (Source.DIRECT, 5, True)
    assert Counter(file.state for file in world.files()) == {State.ACCEPTED: 6}
    assert {file.upload_id for file in world.files()} == {upload.upload_id}


def test_a_slice_delivered_again_unpacks_nothing_that_has_its_verdict(world):
    parent_id = world.upload(zipped(a_study("again", 5)))
    world.work()
    before = dict(world.table.files), dict(world.objects.versions), world.records.upload(None, a_file().upload_id)
    parent = world.table.files[parent_id]

    expanded = world.expander.expand(Slice("northside", parent.upload_id, parent_id, parent.stored, 0, 5))

    assert (expanded.entries, expanded.unpacked, expanded.damaged) == (5, 0, 0)
    after = dict(world.table.files), dict(world.objects.versions), world.records.upload(None, a_file().upload_id)
    assert before == after


def test_slices_that_are_cut_differently_after_a_deployment_reserve_nothing_twice(world):
    parent_id = world.upload(zipped(a_study("cut", 6)))
    world.processor.process(Arrival(ObjectVersion("incoming", world.table.files[parent_id].incoming.key, "v1"), NOON))
    stored = world.table.files[parent_id].stored

    for first, count in ((0, 4), (2, 4), (0, 6)):
        world.expander.expand(Slice("northside", a_file().upload_id, parent_id, stored, first, count))

    assert len(world.files()) == world.records.upload(None, a_file().upload_id).declared == 7


def test_a_crash_before_or_after_any_step_is_healed_by_the_next_delivery():
    calm = _outcome_after_crash(None)
    assert len(calm[0]) == 6
    for step in range(1, 60):
        for when in ("before", "after"):
            assert _outcome_after_crash((step, when)) == calm, (step, when)


def test_a_message_about_an_archive_without_a_record_is_tried_again(world):
    with pytest.raises(NotFoundError):
        world.expander.expand(Slice("northside", "u", "u-00000", ObjectVersion("accepted", "k"), 0, 1))


def test_a_message_asks_for_exactly_what_it_was_made_of():
    part = Slice("northside", "u", "u-00000", ObjectVersion("accepted", "k", "v"), 90, 10)

    assert parse(part.message()) == part
    assert parse({"Records": []}) == ObjectsCreated(())
    for broken in ({"expand": {}}, {"expand": None}, {"expand": {**part.message()["expand"], "stored": "k"}}):
        assert isinstance(parse(broken), Unknown)


def _entry(index, size=1):
    return Entry(index=index, name="", method=0, compressed_size=size, size=size, crc32=0, header_offset=0)


def test_slices_hold_few_entries_and_few_bytes():
    many = [_entry(index) for index in range(0, 400, 2)]
    heavy = [_entry(index, BYTES_PER_SLICE // 2) for index in range(3)]
    huge = [_entry(0), _entry(1, 10 * BYTES_PER_SLICE), _entry(2)]

    assert list(cut_slices(many)) == [(0, 2 * ENTRIES_PER_SLICE - 1), (180, 179), (360, 39)]
    assert list(cut_slices(heavy)) == [(0, 2), (2, 1)]
    assert list(cut_slices(huge)) == [(0, 1), (1, 1), (2, 1)]
    assert list(cut_slices([])) == []


def test_an_archive_is_read_in_blocks_of_which_few_are_kept():
    objects = FakeObjects()
    data = bytes(range(256)) * (5 * BLOCK // 256) + b"tail"
    blocks = Blocks(objects, objects.put("accepted", "k", data))

    for start, length in ((0, 10), (BLOCK - 3, 7), (BLOCK * 2 - 1, 2 * BLOCK), (len(data) - 2, 50), (len(data), 9)):
        assert blocks.read(start, length) == data[start : start + length]
    assert objects.calls["read"] == 5
    assert len(blocks._kept) == BLOCKS_KEPT


@pytest.mark.parametrize("name", ["a\n.dcm", "x" * 5000 + ".dcm", "\ud800.dcm"])
def test_a_hostile_name_is_made_fit_for_a_record(world, name):
    child = world.expander._describe_child(a_file(), replace(_entry(0), name=name))

    assert child.name.isprintable()
    assert len(child.name) <= 1024
    assert child.name.endswith(".dcm")


class _FileObjects:
    """One object, kept in a file."""

    def __init__(self, path):
        self.path = path

    def read(self, source, start, length):
        with self.path.open("rb") as file:
            file.seek(start)
            return ObjectRange(file.read(length), self.path.stat().st_size, "e", "v", NOON, {})


class _Discarding:
    """S3's calls for writing in parts, of which nothing is kept but the sizes."""

    def __init__(self):
        self.sizes = []

    def list_multipart_uploads(self, **call):
        return {}

    def create_multipart_upload(self, **call):
        return {"UploadId": "u"}

    def upload_part(self, *, Body, **call):  # noqa: N803  # As boto3 calls it.
        self.sizes.append(len(Body))
        return {"ETag": "e"}

    def complete_multipart_upload(self, **call):
        assert call["IfNoneMatch"] == "*"


def test_a_large_entry_passes_through_in_bounded_memory(tmp_path, world):
    path, piece = tmp_path / "large.zip", bytes(range(256)) * 4096
    with zipfile.ZipFile(path, "w") as archive, archive.open("large.nii", "w") as entry:
        for _ in range(96):
            entry.write(piece)
    s3 = _Discarding()
    parent = a_file(kind="zip", state=State.ACCEPTED, stored=ObjectVersion("accepted", "k"))
    world.table.files[parent.file_id] = parent
    expander = Expander(
        objects=_FileObjects(path),
        writer=S3Writer(s3),
        children=world.children,
        verdicts=world.verdicts,
        queue=world.queue,
        incoming_bucket="incoming",
    )

    tracemalloc.start()
    expander.expand(Slice("northside", parent.upload_id, parent.file_id, ObjectVersion("accepted", "k"), 0, 1))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert s3.sizes == [8 * 1024**2] * 12
    print(f"peak {peak / 2**20:.0f} MiB")
    assert peak < 64 * 1024**2


def test_the_children_of_two_archives_never_meet():
    one, two = keys.file_id(a_file().upload_id, 0), keys.file_id(a_file().upload_id, 1)
    assert not {keys.child_id(one, index) for index in range(500)} & {keys.child_id(two, i) for i in range(500)}


class _CrashError(Exception):
    """A worker that was killed."""


def _outcome_after_crash(crash_at):
    """Send an archive whose worker is killed once, at a step, and return what stands when all is delivered."""
    world = World()
    study = a_study("crash", 5, rows=128)
    world.upload(damaged(zipped(study, zipfile.ZIP_STORED), list(study)[4]))
    _interrupt(world, crash_at)
    world.work()
    # Which ids versions get depends on how many there were before.
    assert all(_stands(world, version) for file in world.files() for version in (file.incoming, file.stored) if version)
    files = [
        replace(file, revision=0, timings={}, incoming=_drop_id(file.incoming), stored=_drop_id(file.stored))
        for file in world.files()
    ]
    upload = world.records.upload(None, a_file().upload_id)
    return files, upload, sorted(world.objects.versions)


def _stands(world, version):
    found = world.objects.find(version.bucket, version.key)
    return found is None if version.version_id is None else found.version == version


def _drop_id(version):
    return replace(version, version_id=None) if version else None


def _interrupt(world, crash_at):
    """Kill the worker once, before or after its nth call to the outside."""
    calls = Counter()

    def interrupted(method):
        def call(*args, **kwargs):
            calls["made"] += 1
            number = calls["made"]
            if crash_at == (number, "before"):
                raise _CrashError
            answer = method(*args, **kwargs)
            if crash_at == (number, "after"):
                raise _CrashError
            return answer

        return call

    ports = (
        (world.objects, ("read", "copy", "delete", "create")),
        (world.verdicts, ("record", "file")),
        (world.children, ("reserve", "find_awaited")),
        (world.queue, ("send",)),
    )
    for port, names in ports:
        for name in names:
            setattr(port, name, interrupted(getattr(port, name)))


def test_a_duplicate_is_unpacked_as_its_first_was(world):
    world.upload(zipped(a_study("twice", 3)))
    world.work()
    first = world.table.files[a_file().file_id]
    copy = replace(first, file_id=keys.file_id(first.upload_id, 1), duplicate_of=first.file_id)

    assert world.expander.begin(copy, Blocks(world.objects, first.stored)) == 1
    assert [type(parse(message.body)) for message in world.queue.messages] == [Slice, Settlement]
