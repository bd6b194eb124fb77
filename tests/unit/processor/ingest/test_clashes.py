"""The same image by other roads, and another image under the same UID: over fakes, with the real judge."""

import struct
from dataclasses import replace
from datetime import timedelta

import pytest

from intake.errors import ObjectMissingError
from intake.files.model import Severity
from intake.files.states import State
from intake.orders.commands import DoTask
from intake.orders.model import Answer, Review, Task
from processor.ingest import clashes
from processor.ingest.filing import Buckets
from processor.ingest.stored_objects import Scans
from processor.judge import judge
from processor.judge.inspection.findings import Profile
from processor.orders.review_results import ReviewResults
from processor.orders.tasks import Tasks
from tests.dicom_files import ct_elements, ct_slice, data_set, encapsulated, part10, uid
from tests.encodings import SYNTAXES
from tests.fakes import FakeAudit, FakeReviews
from tests.records import IDS, NOON
from tests.unit.processor.ingest.test_process import ACCEPTED, QUARANTINE, World
from tests.unit.processor.orders.test_tasks import ORDER

SLICE = {"rows": 8, "columns": 8}
PIXELS = struct.pack("<64H", *range(64))


def a_slice(**changes):
    return ct_slice(**SLICE, **{"pixels": PIXELS} | changes)


def swapped(pixels):
    return struct.pack(">64H", *struct.unpack("<64H", pixels))


CHANGED = a_slice(pixels=PIXELS[:-2] + b"\7\7")
OTHER_ROADS = {
    "implicit": a_slice(transfer_syntax=SYNTAXES[1]),
    "big endian": a_slice(transfer_syntax=SYNTAXES[2], pixels=swapped(PIXELS)),
    "deflated": a_slice(transfer_syntax=SYNTAXES[3]),
    "preamble": a_slice(preamble=b"II*\0".ljust(128, b"\0")),
    "padding": a_slice(changes={0xFFFCFFFC: ("OB", b"\0" * 512)}),
    "group length": a_slice(changes={0x00080000: ("UL", b"\x99\0\0\0")}),
}
COMPRESSED = part10(
    data_set(ct_elements(study=uid("study"), series=uid("series"), sop=uid(uid("study"), uid("series"), 1)))
    + encapsulated(b"\xff\xd8\xff\xf7\x00\x0b\x0c\x00\x08\x00\x08\x01\x01\x11\x00\xff\xd9"),
    sop=uid(uid("study"), uid("series"), 1),
    transfer_syntax="1.2.840.10008.1.2.4.80",
)


class Roads(World):
    """A world whose judge is ours; `profile` is every clinic's."""

    def __init__(self):
        super().__init__()
        self.profile = Profile()
        self.processor = self.processor_with(judge, lambda clinic_id: self.profile)
        self.files = list(self.reserve(4))
        self.reviews = FakeReviews()
        self.audit = FakeAudit()
        self.tasks = Tasks(
            objects=self.objects,
            verdicts=self.verdicts,
            results=ReviewResults(
                verdicts=self.verdicts, reviews=self.reviews, audit=self.audit, clock=lambda: NOON + timedelta(days=2)
            ),
            buckets=Buckets(ACCEPTED, QUARANTINE),
            judge=judge,
            profile_of=lambda clinic_id: self.profile,
            takes_part=self.takes_part,
            expand=lambda archive, source: 0,
            scans=Scans(self.objects, required=False),
            ids=IDS,
            remove_pictures=lambda clinic_id, file_id: None,
            clock=lambda: NOON + timedelta(days=2),
        )

    def send(self, data, times=1):
        file = self.files.pop(0)
        arrival = self.arrive(file.incoming.key, data)
        for _ in range(times):
            self.processor.process(arrival)
        return self.record(file)

    def record(self, file):
        return self.verdicts.file(file.file_id)

    def do(self, task, file, actor="admin-2"):
        return self.tasks.do(DoTask(owner="", order_id=ORDER, task=task, file_id=file.file_id, actor=actor))

    def review(self, file):
        self.reviews.by_file[file.file_id] = Review(
            file_id=file.file_id, clinic_id=file.clinic_id, codes=file.codes, reason="The corrected one.",
            proposed_by="admin-1", proposed_by_name="Ada", proposed_at=NOON, decided_by="admin-2",
            decided_by_name="Grace", decided_at=NOON, confirmed=True,
        )  # fmt: skip


@pytest.fixture
def roads():
    return Roads()


def unmoved(record):
    """Return what of a record stays where only its story goes on."""
    return replace(record, timeline=(), revision=0, updated_at=NOON)


def codes(record):
    return [found.code for found in record.findings]


def told(record):
    """Return what the clash made of a record; what its wrapping alone is warned of aside."""
    clash = {"rewrapped", "re-encoded", *(code for code in codes(record) if code.startswith("sop-instance"))}
    return [code for code in codes(record) if code in clash]


@pytest.mark.parametrize("road", OTHER_ROADS)
def test_the_same_image_by_another_road_is_a_duplicate_of_the_first(roads, road):
    first = roads.send(a_slice())
    second = roads.send(OTHER_ROADS[road], times=2)

    assert (second.state, second.duplicate_of, second.stored) == (State.ACCEPTED, first.file_id, first.stored)
    assert (told(second), second.conflicts_with) == (["rewrapped"], None)
    assert roads.stored(ACCEPTED) == [first.stored.key]
    assert roads.record(first) == first


def test_an_image_compressed_in_another_way_is_told_as_such_and_the_first_stays(roads):
    first = roads.send(a_slice())
    second = roads.send(COMPRESSED)
    assert (second.state, second.duplicate_of, told(second)) == (State.ACCEPTED, first.file_id, ["re-encoded"])


@pytest.mark.parametrize(
    ("other", "where"),
    [
        (CHANGED, "(7FE0,0010) PixelData"),
        (a_slice(patient_id="TEST-2"), "(0010,0020) PatientID"),
        (a_slice(transfer_syntax=SYNTAXES[1], patient_id="TEST-2"), "(0010,0020) PatientID"),
        (a_slice(changes={0x00081030: ("LO", b"Another ")}), "(0008,1030) StudyDescription"),
        (a_slice(changes={0x00180050: None}), "(0018,0050) SliceThickness"),
    ],
)
def test_another_image_is_a_conflict_that_names_the_first_and_what_differs_and_no_value(roads, other, where):
    first = roads.send(a_slice())
    second = roads.send(other, times=2)

    assert (second.state, second.conflicts_with, second.codes) == (
        State.REJECTED, first.file_id, ("sop-instance-conflict",),
    )  # fmt: skip
    assert second.findings[-1].where == where
    assert (second.stored.bucket, len(roads.stored(ACCEPTED))) == (QUARANTINE, 1)
    assert "new SOP" not in second.findings[-1].remedy


def test_many_differences_are_counted(roads):
    tags = {0x00091000 + number: ("UN", b"ab") for number in range(40)}
    roads.send(a_slice())
    where = roads.send(a_slice(changes=tags)).findings[-1].where
    assert where.endswith("(0009,1004) and 35 more")


def test_an_accepted_file_costs_no_call_more(roads):
    roads.send(a_slice())
    assert roads.objects.calls == {"read": 1, "copy": 1}


def test_trouble_in_reading_the_first_is_no_verdict(roads, monkeypatch):
    first = roads.send(a_slice())
    file = roads.files.pop(0)
    arrival = roads.arrive(file.incoming.key, CHANGED)
    read = roads.objects.read

    def troubled(source, start, length):
        if source == first.stored:
            raise TimeoutError
        return read(source, start, length)

    monkeypatch.setattr(roads.objects, "read", troubled)
    with pytest.raises(TimeoutError):
        roads.processor.process(arrival)
    assert roads.record(file).state is State.AWAITING_UPLOAD
    monkeypatch.setattr(roads.objects, "read", read)
    roads.processor.process(arrival)
    assert roads.record(file).codes == ("sop-instance-conflict",)


def test_where_the_first_is_gone_that_is_said_and_nothing_is_thrown_away(roads, monkeypatch):
    first = roads.send(a_slice())
    read = roads.objects.read

    def gone(source, start, length):
        if source == first.stored:
            raise ObjectMissingError("gone")
        return read(source, start, length)

    monkeypatch.setattr(roads.objects, "read", gone)
    second = roads.send(OTHER_ROADS["implicit"])
    assert (second.state, second.codes, second.stored.bucket) == (
        State.REJECTED, ("sop-instance-uncompared",), QUARANTINE,
    )  # fmt: skip


@pytest.mark.parametrize("conflicts", ["hold", "keep-first"])
def test_what_is_beyond_the_budget_was_not_compared_and_is_held(roads, monkeypatch, conflicts):
    monkeypatch.setattr(clashes, "STEPS", 100)
    roads.profile = Profile(conflicts=conflicts)
    first = roads.send(a_slice())
    second = roads.send(OTHER_ROADS["implicit"])
    assert (second.state, second.codes) == (State.REJECTED, ("sop-instance-uncompared",))
    assert second.conflicts_with == first.file_id


def test_a_clinic_may_have_conflicts_refused_for_good(roads):
    roads.profile = Profile(conflicts="reject")
    roads.send(a_slice())
    second = roads.send(CHANGED)
    assert second.codes == ("sop-instance-refused",)
    roads.review(second)
    assert roads.do(Task.ACCEPT, second).answer is Answer.REFUSED


def test_a_clinic_may_have_the_first_kept(roads):
    roads.profile = Profile(conflicts="keep-first")
    first = roads.send(a_slice())
    second = roads.send(CHANGED, times=2)
    assert (second.state, second.duplicate_of, second.conflicts_with) == (
        State.ACCEPTED, first.file_id, first.file_id,
    )  # fmt: skip
    assert told(second) == ["sop-instance-first-kept"]
    assert len(roads.stored(ACCEPTED)) == 1


@pytest.mark.parametrize(
    ("level", "state", "found", "shadow"),
    [
        ("off", State.ACCEPTED, (), ()),
        ("shadow", State.ACCEPTED, (), ("rewrapped",)),
        ("reject", State.REJECTED, (Severity.REJECT,), ()),
    ],
)
def test_a_profile_weighs_what_is_told_of_another_road(roads, level, state, found, shadow):
    roads.profile = Profile(rules={"rewrapped": level})
    roads.send(a_slice())
    second = roads.send(OTHER_ROADS["implicit"])
    assert (second.state, second.shadow) == (state, shadow)
    assert tuple(finding.severity for finding in second.findings) == found


def test_two_clinics_never_meet(roads):
    roads.send(a_slice())
    arrival = roads.arrive("lakeview/theirs.dcm", CHANGED)
    processed = roads.processor.process(arrival)
    assert (processed.state, processed.codes) == (State.ACCEPTED, ())


def test_of_two_wrappings_that_arrive_at_once_the_later_is_the_duplicate(roads, monkeypatch):
    one, two = roads.files[:2]
    arrivals = [roads.arrive(one.incoming.key, a_slice()), roads.arrive(two.incoming.key, OTHER_ROADS["implicit"])]
    record = roads.verdicts.record
    raced = []

    def overtaken(verdict, *, reserved):
        if not raced:
            raced.append(True)
            roads.processor.process(arrivals[1])
        return record(verdict, reserved=reserved)

    monkeypatch.setattr(roads.verdicts, "record", overtaken)
    for arrival in (*arrivals, *arrivals):
        roads.processor.process(arrival)

    assert roads.record(one).duplicate_of == two.file_id
    assert (roads.record(two).duplicate_of, len(roads.stored(ACCEPTED))) == (None, 1)


def test_a_review_lets_a_file_take_the_firsts_place(roads):
    first, second = roads.send(a_slice()), roads.send(CHANGED)
    roads.review(second)

    answered = [roads.do(Task.ACCEPT, second).answer for _ in range(2)]

    former, taken = roads.record(first), roads.record(second)
    assert answered == [Answer.ACCEPTED, Answer.ACCEPTED]
    assert (former.state, former.superseded_by, former.stored) == (State.ACCEPTED, second.file_id, first.stored)
    assert (taken.state, taken.conflicts_with, taken.duplicate_of) == (State.ACCEPTED, first.file_id, None)
    assert [step.event for step in former.timeline][-1] == "superseded"
    assert roads.objects.data(taken.stored) == CHANGED
    assert roads.send(CHANGED + b"\0" * 2).duplicate_of == second.file_id
    assert roads.send(OTHER_ROADS["implicit"]).conflicts_with == second.file_id


def test_a_review_decides_of_the_file_that_was_shown_and_of_no_later_one(roads):
    roads.send(a_slice())
    second, third = roads.send(CHANGED), roads.send(a_slice(patient_id="TEST-3"))
    for file in (second, third):
        roads.review(file)
    roads.do(Task.ACCEPT, second)

    answered = roads.do(Task.ACCEPT, third)

    assert (answered.answer, answered.codes) == (Answer.REFUSED, ("sop-instance-conflict",))
    assert unmoved(roads.record(third)) == unmoved(third)


def test_a_dry_run_tells_of_the_clash_of_a_file_that_is_rejected_for_another_reason(roads):
    roads.profile = Profile(max_bytes={"*": len(a_slice())})
    roads.send(a_slice())
    second = roads.send(a_slice(changes={0x00081030: ("LO", b"Another ")}))
    assert second.codes == ("too-large",)

    answered = roads.do(Task.TRY, second)

    assert (answered.answer, answered.codes) == (Answer.REJECTED, ("too-large", "sop-instance-conflict"))
    assert roads.record(second) == second
    roads.review(second)
    assert roads.do(Task.ACCEPT, second).answer is Answer.REFUSED
    assert unmoved(roads.record(second)) == unmoved(second)
