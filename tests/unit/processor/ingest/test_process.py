"""The way to a verdict, over fakes; what the adapters do is proven in their own tests."""

import contextlib
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.errors import ContentionError, ObjectMissingError
from intake.files import keys
from intake.files.model import ObjectVersion
from intake.files.outcomes import Outcome
from intake.files.scan import Scan
from intake.files.states import State
from intake.messaging.events import Arrival
from processor.ingest.filing import Buckets
from processor.ingest.process import LeftOut, Processor
from processor.ingest.stored_objects import Scans
from processor.judge import Facts, Judgement, judge
from processor.judge.inspection.findings import Profile
from tests.dicom_files import ct_slice
from tests.fakes import FakeObjects, FakeRecords, FakeTable, FakeVerdicts
from tests.records import IDS, NOON, REFUSAL, UPLOAD_ID, a_file, an_upload

INCOMING, ACCEPTED, QUARANTINE = "incoming", "accepted", "quarantine"


def _judge(source, facts):
    """Take what begins with `good`, whose fifth word names the SOP instance, and archives, which begin with `PK`."""
    data = source.read(0, source.size)
    if data.startswith(b"PK"):
        return Judgement("zip", (), {}, None, shadow=("a-shadow",))
    if not data.startswith(b"good"):
        return Judgement("unknown", (REFUSAL,), {}, None)
    return Judgement("dicom", (), {"modality": "CT"}, data[4:8].decode())


class World:
    """A processor between fakes."""

    def __init__(self):
        table = FakeTable()
        self.crash_at = None
        self.clinics = {"northside", "lakeview"}
        self.objects = FakeObjects(clock=lambda: NOON)
        self.verdicts = FakeVerdicts(table)
        self.records = FakeRecords(table)
        self.expanded = []
        self.processor = self.processor_with(_judge)

    def takes_part(self, clinic_id):
        return clinic_id in self.clinics

    def processor_with(self, judge, profile_of=lambda clinic_id: Profile(), *, scan_required=False):
        return Processor(
            self.objects,
            self.verdicts,
            Buckets(ACCEPTED, QUARANTINE),
            judge,
            ids=IDS,
            profile_of=profile_of,
            takes_part=self.takes_part,
            expand=self.expand,
            scans=Scans(self.objects, scan_required),
            clock=lambda: NOON + timedelta(milliseconds=80),
        )

    def expand(self, archive, source):
        self.expanded.append((archive.file_id, archive.stored, source.size))
        return 1

    def reserve(self, count=1):
        files = [a_file(number) for number in range(count)]
        self.records.create_upload(an_upload())
        self.records.add_files(an_upload(), files)
        return files

    def arrive(self, key, data, metadata=None):
        return Arrival(self.objects.put(INCOMING, key, data, metadata), NOON)

    def stored(self, bucket):
        return [key for held, key in self.objects.versions if held == bucket]


@pytest.fixture
def world():
    return World()


def test_a_good_file_is_accepted_and_copied_under_its_own_key(world):
    (file,) = world.reserve()
    arrival = world.arrive(file.incoming.key, b"good1234")

    processed = world.processor.process(arrival)

    record = world.verdicts.file(file.file_id)
    assert record.state is State.ACCEPTED
    assert (record.stored.bucket, record.stored.key) == (ACCEPTED, file.incoming.key)
    assert world.objects.data(record.stored) == b"good1234"
    assert world.objects.data(arrival.object) == b"good1234"
    assert (processed.outcome, processed.latency_ms, processed.bytes_read) == (Outcome.RECORDED, 80, 8)


def test_a_bad_file_goes_to_quarantine_with_its_reasons(world):
    (file,) = world.reserve()

    world.processor.process(world.arrive(file.incoming.key, b"bad"))

    record = world.verdicts.file(file.file_id)
    assert (record.state, record.stored.bucket, record.findings) == (State.REJECTED, QUARANTINE, (REFUSAL,))
    assert world.stored(ACCEPTED) == []


def test_an_accepted_file_takes_one_read_one_copy_and_one_transaction(world):
    (file,) = world.reserve()
    world.processor.process(world.arrive(file.incoming.key, b"good1234"))

    assert world.objects.calls == Counter(read=1, copy=1)


def test_a_file_dropped_into_s3_gets_a_record_under_opaque_keys(world):
    arrival = world.arrive("northside/Some Folder/Doe John.dcm", b"good1234")

    processed = world.processor.process(arrival)

    record = world.verdicts.file(processed.placement.file_id)
    assert (record.clinic_id, record.name, record.state) == ("northside", "Doe John.dcm", State.ACCEPTED)
    assert "Doe" not in record.stored.key
    assert record.stored.key.startswith("northside/2026/11/22/")


def test_an_object_outside_every_clinics_prefix_is_quarantined(world):
    processed = world.processor.process(world.arrive("lost.dcm", b"good1234"))

    record = world.verdicts.file(processed.placement.file_id)
    assert (record.clinic_id, record.state) == (keys.UNASSIGNED, State.REJECTED)
    assert [finding.code for finding in record.findings] == ["clinic-unknown"]


MIDNIGHT = (NOON + timedelta(days=1)).replace(hour=0)
moments = st.integers(-172_800_000, 172_800_000).map(lambda away: MIDNIGHT + timedelta(milliseconds=away))
keys_of_nobodys_making = st.sampled_from(
    ["northside/x.dcm", "elsewhere/x.dcm", "x.dcm", f"northside/2026/11/22/{UPLOAD_ID}/{UPLOAD_ID}-00000"]
)


@given(keys_of_nobodys_making, moments, st.lists(moments, min_size=2, max_size=4), st.lists(st.booleans(), min_size=4))
def test_whenever_and_by_whom_an_object_is_told_of_it_is_one_file_of_the_day_it_landed(key, landed, told, scanned):
    world = World()
    world.objects.clock = lambda: landed
    version = world.objects.put(INCOMING, key, b"good1234")
    for at, by_scan in zip(told, scanned, strict=False):
        world.processor.process(Arrival(version, at, Scan.CLEAN if by_scan else None))

    (record,) = world.verdicts.table.files.values()
    assert record.created_at == landed
    assert {bucket for bucket, _ in world.objects.versions} == {INCOMING, record.stored.bucket}
    assert record.stored.key == keys.object_key(record.clinic_id, record.upload_id, record.file_id, landed)


def test_the_time_to_a_verdict_counts_from_the_notice_for_an_object_in_parts_is_as_old_as_their_first(world):
    (file,) = world.reserve()
    world.objects.clock = lambda: NOON - timedelta(hours=3)
    processed = world.processor.process(world.arrive(file.incoming.key, b"good1234"))

    assert (processed.latency_ms, world.verdicts.file(file.file_id).timings["arrival_to_verdict"]) == (80, 80)


def test_a_key_that_only_looks_reserved_is_treated_as_a_direct_drop(world):
    file = a_file()

    processed = world.processor.process(world.arrive(file.incoming.key, b"good1234"))

    assert processed.placement.file_id != file.file_id
    assert world.verdicts.file(processed.placement.file_id).state is State.ACCEPTED
    assert len(world.stored(ACCEPTED)) == 1


def test_a_second_version_under_a_judged_key_becomes_a_file_of_its_own(world):
    (file,) = world.reserve()
    world.processor.process(world.arrive(file.incoming.key, b"good1234"))
    first = world.verdicts.file(file.file_id)

    processed = world.processor.process(world.arrive(file.incoming.key, b"good5678"))

    assert world.verdicts.file(file.file_id) == first
    assert world.objects.data(first.stored) == b"good1234"
    assert world.verdicts.file(processed.placement.file_id).state is State.ACCEPTED


def test_identical_bytes_are_accepted_as_a_duplicate_and_stored_once(world):
    one, two = world.reserve(2)
    world.processor.process(world.arrive(one.incoming.key, b"good1234"))
    arrival = world.arrive(two.incoming.key, b"good1234")

    world.processor.process(arrival)
    world.processor.process(arrival)

    first, second = world.verdicts.file(one.file_id), world.verdicts.file(two.file_id)
    assert (second.state, second.duplicate_of, second.stored) == (State.ACCEPTED, one.file_id, first.stored)
    assert world.stored(ACCEPTED) == [first.stored.key]


def test_other_bytes_under_the_same_sop_instance_uid_that_cannot_be_compared_are_rejected(world):
    one, two = world.reserve(2)
    world.processor.process(world.arrive(one.incoming.key, b"good1234"))
    arrival = world.arrive(two.incoming.key, b"good1234 but other")

    world.processor.process(arrival)
    world.processor.process(arrival)

    second = world.verdicts.file(two.file_id)
    assert second.state is State.REJECTED
    assert [finding.code for finding in second.findings] == ["sop-instance-uncompared"]
    assert (second.stored.bucket, len(world.stored(ACCEPTED))) == (QUARANTINE, 1)


@pytest.mark.parametrize("data", [b"good1234", b"bad"])
def test_a_redelivered_event_changes_neither_record_nor_objects(world, data):
    (file,) = world.reserve()
    arrival = world.arrive(file.incoming.key, data)
    world.processor.process(arrival)
    record, objects = world.verdicts.file(file.file_id), dict(world.objects.versions)

    for _ in range(2):
        assert world.processor.process(arrival).outcome is Outcome.ALREADY_RECORDED

    assert world.verdicts.file(file.file_id) == record
    assert world.objects.versions == objects


@pytest.mark.parametrize("data", [b"good1234", b"good1234 but other", b"bad"])
def test_a_crash_before_or_after_any_step_is_healed_by_the_next_delivery(data):
    calm = _outcome_after_crashes(data, crash_at=None)
    for step in range(1, 12):
        for when in ("before", "after"):
            assert _outcome_after_crashes(data, crash_at=(step, when)) == calm


def test_trouble_of_the_infrastructure_is_no_verdict(world):
    (file,) = world.reserve()
    gone = Arrival(ObjectVersion(INCOMING, file.incoming.key, "v9"), NOON)

    with pytest.raises(ObjectMissingError):
        world.processor.process(gone)

    assert world.verdicts.file(file.file_id).state is State.AWAITING_UPLOAD


def test_contention_is_left_to_the_next_delivery(world, monkeypatch):
    (file,) = world.reserve()
    monkeypatch.setattr(world.verdicts, "record", _raise(ContentionError("busy")))

    with pytest.raises(ContentionError):
        world.processor.process(world.arrive(file.incoming.key, b"good1234"))


def test_only_the_first_bytes_are_read_of_a_file_that_needs_no_more(world):
    (file,) = world.reserve()
    world.processor = world.processor_with(
        lambda source, facts: Judgement("dicom", (), {}, source.read(4, 4).decode()),
    )

    processed = world.processor.process(world.arrive(file.incoming.key, b"good1234" + bytes(500_000)))

    assert processed.bytes_read == world.objects.bytes_read == 65_536


def _facts_told(world, key, metadata):
    told = []

    def judge(source, facts):
        told.append(facts)
        return _judge(source, facts)

    profile = Profile(max_bytes={"*": 5})
    world.processor = world.processor_with(judge, {"northside": profile}.__getitem__)
    world.processor.process(world.arrive(key, b"good1234", metadata))
    assert told[0].profile is profile
    return told[0]


def test_the_judge_is_told_the_signed_extension_and_the_clinics_profile(world):
    (file,) = world.reserve()
    facts = _facts_told(world, file.incoming.key, {"extension": "dcm"})
    assert facts == Facts("dcm", from_archive=False, profile=facts.profile)


@pytest.mark.parametrize("claim", ["", "D C M", "<script>", "a" * 11, "\u00e9"])
def test_an_extension_that_the_portal_never_signs_is_none(world, claim):
    (file,) = world.reserve()
    assert _facts_told(world, file.incoming.key, {"extension": claim}).extension == ""


def test_a_direct_drops_extension_is_its_keys_and_not_its_senders_claim(world):
    assert _facts_told(world, "northside/a.b/scan.DCM", {"extension": "pdf"}).extension == "dcm"


def test_the_judge_is_told_that_a_file_comes_out_of_an_archive(world):
    (file,) = world.reserve()
    child_id = keys.child_id(file.file_id, 3)
    assert _facts_told(world, keys.object_key("northside", file.upload_id, child_id, NOON), {}).from_archive


def test_what_a_profile_only_counts_is_recorded_and_is_no_finding(world):
    (file,) = world.reserve()
    processed = world.processor.process(world.arrive(file.incoming.key, b"PK12"))

    record = world.verdicts.file(file.file_id)
    assert (record.findings, record.shadow, processed.shadow) == ((), ("a-shadow",), ("a-shadow",))


def test_an_accepted_archive_is_expanded_by_every_delivery(world):
    (file,) = world.reserve()
    arrival = world.arrive(file.incoming.key, b"PK12")

    first, again = world.processor.process(arrival), world.processor.process(arrival)

    stored = world.verdicts.file(file.file_id).stored
    assert world.expanded == [(file.file_id, stored, 4)] * 2
    assert (first.slices, again.slices, again.outcome) == (1, 1, Outcome.ALREADY_RECORDED)


def test_an_archive_that_is_a_duplicate_is_told_as_one(world):
    one, two = world.reserve(2)
    world.processor.process(world.arrive(one.incoming.key, b"PK12"))
    arrival = world.arrive(two.incoming.key, b"PK12")

    world.processor.process(arrival)
    world.processor.process(arrival)

    assert world.verdicts.file(two.file_id).duplicate_of == one.file_id
    assert {stored.key.rpartition("/")[2] for _, stored, _ in world.expanded} == {one.file_id}


def test_a_rejected_archive_is_not_expanded(world):
    (file,) = world.reserve()
    world.processor = world.processor_with(lambda source, facts: Judgement("zip", (REFUSAL,), {}, None))
    world.processor.process(world.arrive(file.incoming.key, b"PK12"))

    assert world.expanded == []


class _CrashError(Exception):
    """A worker that was killed."""


def _raise(error):
    def stop(*args, **kwargs):
        raise error

    return stop


def _outcome_after_crashes(data, crash_at):
    """Process a file beside an accepted one, killed once at a step, and return what stands at the end."""
    world = World()
    one, two = world.reserve(2)
    world.processor.process(world.arrive(one.incoming.key, b"good1234"))
    arrival = world.arrive(two.incoming.key, data)
    if crash_at:
        world.crash_at = crash_at
        _interrupt(world)
        with contextlib.suppress(_CrashError):
            world.processor.process(arrival)
        world.crash_at = None
    world.processor.process(arrival)
    record = world.verdicts.file(two.file_id)
    return replace(record, revision=0, stored=_named_current(world, record.stored)), sorted(world.objects.versions)


def _named_current(world, stored):
    """Return a stored version without its id, which is new with each copy, where it is the one that stands."""
    assert world.objects.find(stored.bucket, stored.key).version == stored
    return replace(stored, version_id=None)


def _interrupt(world):
    """Kill the worker at `world.crash_at`: before or after its nth call to the outside."""
    calls = Counter()

    def interrupted(method):
        def call(*args, **kwargs):
            calls["made"] += 1
            number = calls["made"]
            if world.crash_at == (number, "before"):
                raise _CrashError
            answer = method(*args, **kwargs)
            if world.crash_at == (number, "after"):
                raise _CrashError
            return answer

        return call

    for port, names in ((world.objects, ("read", "copy", "delete")), (world.verdicts, ("record",))):
        for name in names:
            setattr(port, name, interrupted(getattr(port, name)))


@pytest.mark.parametrize(
    ("key", "data"),
    [
        ("northside/cd 1/AUTORUN.INF", b"[autorun]"),
        ("northside/README.TXT", b"This CD holds images."),
        ("northside/cd/VIEWER/viewer.exe", b"MZ\x90"),
        ("northside/.DS_Store", b"Bud1"),
        ("northside/LOCKFILE", b""),
    ],
)
def test_a_carrier_file_dropped_into_s3_is_left_out_without_record_and_copy(world, key, data):
    answer = world.processor_with(judge).process(world.arrive(key, data))

    assert isinstance(answer, LeftOut)
    assert (answer.placement.clinic_id, answer.size) == ("northside", len(data))
    assert keys.is_file_id(answer.placement.file_id)
    assert world.records.table.files == {}
    assert (world.stored(ACCEPTED), world.stored(QUARANTINE)) == ([], [])


def test_a_dicom_file_called_as_a_carrier_is_taken_from_s3(world):
    answer = world.processor_with(judge).process(world.arrive("northside/README", ct_slice(rows=8, columns=8)))

    assert (answer.state, answer.kind) == (State.ACCEPTED, "dicom")


def test_a_carrier_file_that_was_announced_is_judged(world):
    (file,) = world.reserve()

    answer = world.processor_with(judge).process(world.arrive(file.incoming.key, b"[autorun]"))

    assert answer.state is State.REJECTED


def test_malware_and_files_of_nobody_are_never_left_out(world):
    arrived = world.arrive("northside/viewer.exe", b"MZ\x90")
    nobodys = world.arrive("stranger/viewer.exe", b"MZ\x90")

    threat = world.processor_with(judge).process(replace(arrived, scan=Scan.THREAT))
    strange = world.processor_with(judge).process(nobodys)

    assert (threat.state, threat.codes) == (State.REJECTED, ("malware-found",))
    assert strange.state is State.REJECTED
