"""Whatever a clinic sends, sends again, corrects, deals with or never sends, and however the stream tells of it: an
upload's figures add up, and it is complete exactly when nothing that was expected is missing.

Real bytes go through the judge, the unpacking, the settling and the projector; storage and table are fakes, and sums
are added up by the table's own code. What must come out is worked out from the records alone, by content.

`COUNTING_EXAMPLES=2000 uv run pytest -n 2 -rP tests/unit/processor/projection/test_what_adds_up.py` runs that many;
`COUNTING_SEED` begins with a seed that was printed.
"""

import os
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta
from random import Random, SystemRandom

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from intake.files.dealing import DEALT_WITH, REOPENED, Dealing, Reason
from intake.files.item_keys import RANKS
from intake.files.model import TimelineEntry
from intake.files.states import State
from intake.files.upload_state import UploadState, count_missing, find_upload_state
from intake.projections.counting import HeldElsewhere
from intake.projections.tally import tally
from intake.records.dealings import dealing_map
from intake.records.upload_items import read_upload, upload_item
from intake.studies.media_directory import is_media_directory
from processor.handlers.record_changes import describe_change
from processor.projection.projector import Projector
from processor.projection.replacements import Replacements
from tests.archives import zipped
from tests.dicom_files import ct_slice, uid
from tests.fakes import FakeAlerts, FakeEvents, FakeProjections, FakeRepairs
from tests.records import NOON, UPLOAD_ID, stored_item
from tests.unit.intake.projections.test_counting import Marks
from tests.unit.processor.ingest.test_what_a_clinic_counts import Clinic

EXAMPLES = int(os.environ.get("COUNTING_EXAMPLES", "120"))
SEED = int(os.environ.get("COUNTING_SEED") or SystemRandom().randrange(2**32))
PARTS = 4
"""How many workers may share the examples."""
ELSEWHERE_ID = "01kanqzzzz0000000000000009"


def image(number):
    return ct_slice(study=uid("s"), series=uid("s", 1), instance=number, rows=8, columns=8)


MAKE = {
    "image": image,
    "torn": lambda number: image(number)[:-40],
    "document": lambda number: b"a;b\n%d;2\n" % number,
    "unknown": lambda number: b"no file of any kind that we know: %d" % number,
    "program": lambda number: b"MZ" + bytes(100 + number),
    "directory": lambda number: ct_slice(
        rows=8, columns=8, instance=900 + number, changes={0x00080016: ("UI", b"1.2.840.10008.1.3.10")}
    ).replace(b"1.2.840.10008.5.1.4.1.1.2\0", b"1.2.840.10008.1.3.10\0\0\0\0\0\0"),
    "litter": lambda _number: b"\0\0\0\1Bud1",
}
NAMES = {
    "image": "IM{}.dcm",
    "torn": "IM{}.dcm",
    "document": "list {}.csv",
    "unknown": "notes {}.bin",
    "program": "viewer {}.exe",
    "directory": "DICOMDIR",
    "litter": ".DS_Store",
}
KINDS = ["image", "image", "image", "torn", "document", "unknown", "program", "directory", "litter"]

leaves = st.tuples(st.sampled_from(KINDS), st.integers(0, 3))
inner = st.lists(leaves, min_size=1, max_size=3).map(lambda found: ("zip", tuple(found)))
archives = st.lists(leaves | leaves | inner, min_size=1, max_size=5).map(lambda found: ("zip", tuple(found)))
others = st.sampled_from([("lost", 0), ("broken", 0)])
sent = st.lists(leaves | leaves | archives | others, min_size=1, max_size=5)
sendings = sent.map(lambda found: ("send", tuple(found)))
ORDERS = ["again", "again", "correct", "correct", "deal", "deal", "reopen", "delete", "accept", "retry", "late"]
orders = st.sampled_from([*ORDERS, "close", "open"]).map(lambda order: (order, ()))
numbers = st.none() | st.integers(1, 14)
steps = st.builds(lambda first, following: [first, *following], sendings, st.lists(sendings | orders, max_size=8))


def make(what, told):
    if what != "zip":
        return MAKE[what](told)
    held = {}
    for place, (kind, number) in enumerate(told):
        inside = make(kind, number)
        # What archives hold twice by one name is one file for whoever unpacks them.
        name = f"{place}/{NAMES.get(kind, 'inner.zip').format('' if kind == 'zip' else number)}"
        held[name] = zipped(inside) if kind == "zip" else inside
    return held


class Told(dict):
    """Records by id, and all that the table's stream tells of their changes."""

    def __init__(self):
        super().__init__()
        self.stream = []

    def __setitem__(self, file_id, record):
        old = self.get(file_id)
        super().__setitem__(file_id, record)
        if old is None or old.revision != record.revision:
            self.stream.append(describe_change(stored_item(old) if old else {}, stored_item(record)))

    def setdefault(self, file_id, record):
        if file_id not in self:
            self[file_id] = record
        return self[file_id]


class Sums(FakeProjections):
    """Sums that are added up as in the table, by two workers that know nothing of each other."""

    def __init__(self, chance):
        super().__init__()
        marks = Marks()
        self.chance, self.workers = chance, (HeldElsewhere(marks), HeldElsewhere(marks))

    def apply(self, changes):
        counted = [one for one in changes if one.after is not State.AWAITING_UPLOAD]
        admitted = self.chance.choice(self.workers).admit(counted)
        if self.chance.random() < 0.1:
            raise CrashError
        super().apply(admitted)


class CrashError(Exception):
    """A worker ends between what it marked and what it counted."""


@dataclass
class Day:
    """A clinic, and what becomes of one of its uploads."""

    chance: Random
    clinic: Clinic = field(default_factory=Clinic)
    sent: list = field(default_factory=list)
    untold: list = field(default_factory=list)
    """Changes that were not delivered yet, or in vain."""
    moments: int = 0

    def __post_init__(self):
        table = self.clinic.table
        table.files = Told()
        self.sums, self.repairs = Sums(self.chance), FakeRepairs(table)
        self.projector = Projector(
            self.sums,
            self.sums,
            FakeAlerts(),
            events=FakeEvents(),
            upload_of=lambda _id: self.read(),
            language_of=lambda _id: "en",
            replacements=Replacements(self.repairs, self.clinic.records.get_many, tell_unread=[].append),
            portal_origin="https://portal.test",
            clock=self.tick,
        )

    def tick(self):
        self.moments += 1
        return NOON + timedelta(seconds=self.moments)

    def read(self):
        """Return the upload as the table's item and the sums that were projected tell it."""
        upload = self.clinic.table.uploads[UPLOAD_ID]
        sums = tally(self.sums.changes.values()).uploads.get(UPLOAD_ID)
        meta = {**upload_item(upload), "announced": upload.announced}
        meta["declared"] = upload.announced + (sums.declared if sums else 0)
        closing = self.clinic.table.closings.get(UPLOAD_ID)
        said = {"closed": dealing_map(closing)} if closing else {}
        return read_upload(meta, {**(dict(sums.counts) if sums else {}), **said})

    def expect(self, expected, images):
        upload = self.clinic.table.uploads[UPLOAD_ID]
        self.clinic.table.uploads[UPLOAD_ID] = replace(upload, expected=expected, expected_images=images)

    def records(self):
        return self.clinic.table.files_of(UPLOAD_ID)

    def do(self, step, told):
        getattr(self, f"_{step}")(*([told] if step == "send" else []))
        self.listen()

    def _send(self, items, upload_id=UPLOAD_ID):
        self.sent.append(items)
        self._arrive(items, upload_id)

    def _again(self):
        if self.sent:
            self._arrive(self.chance.choice(self.sent), UPLOAD_ID)

    def _correct(self):
        """Send a whole image in the place of each torn one, by its name."""
        torn = [told for items in self.sent for what, told in items if what == "torn"]
        self._arrive([("image", told) for told in torn[:2]], UPLOAD_ID)

    def _arrive(self, items, upload_id):
        """Announce and send some files; of those that are lost or break, nothing arrives that can be judged."""
        for what, told in items:
            name = NAMES.get(what, f"{what} {self.moments}.zip").format(told)
            at = self.tick()
            self.clinic.send({name: make(what, told) if what in {*MAKE, "zip"} else b""}, upload_id)
            file_id = max(one.file_id for one in self.clinic.table.files_of(upload_id) if not one.parent)
            record = replace(self.clinic.table.files[file_id], created_at=at)
            dict.__setitem__(self.clinic.table.files, file_id, record)
            if what in {"lost", "broken"}:
                self.clinic.delivered[record.incoming.key] += 1
            if what == "broken":
                self.clinic.verdicts.fail(record, "no reason")
        self.clinic.work()

    def _pick(self, *states, having=lambda record: True):
        found = [one for one in self.records() if one.state in states and having(one)]
        return self.chance.choice(sorted(found, key=lambda one: one.file_id)) if found else None

    def _deal(self):
        record = self._pick(*RANKS)
        if record:
            at = self.tick()
            said = Dealing(reason=Reason.NOT_NEEDED, by="user-1", by_name="Nora", at=at)
            self.repairs.deal(record, said, TimelineEntry(at, "user-1", DEALT_WITH))

    def _reopen(self):
        record = self._pick(*RANKS, having=lambda one: one.is_handled)
        if record:
            self.repairs.reopen(record, TimelineEntry(self.tick(), "user-1", REOPENED))

    def _delete(self):
        record = self._pick(State.REJECTED)
        if record:
            self.clinic.verdicts.delete(record, [], self.tick())

    def _accept(self):
        """A person has a rejected file accepted after all."""
        record = self._pick(State.REJECTED, having=lambda one: one.kind == "dicom")
        if record:
            self.clinic.table.save(record, state=State.ACCEPTED, updated_at=self.tick())

    def _retry(self):
        self._arrive_late(State.FAILED)

    def _late(self):
        self._arrive_late(State.EXPIRED, State.AWAITING_UPLOAD)

    def _arrive_late(self, *states):
        record = self._pick(*states)
        if record:
            self.clinic.objects.put("incoming", record.incoming.key, image(100 + self.moments))
            self.clinic.delivered[record.incoming.key] = 0
            self.clinic.work()

    def _close(self):
        at = self.tick()
        said = Dealing(reason=Reason.FEWER_TAKEN, by="user-1", by_name="Nora", at=at)
        self.repairs.close(self.clinic.table.uploads[UPLOAD_ID], said)

    def _open(self):
        self.repairs.close(self.clinic.table.uploads[UPLOAD_ID], None)

    def expire(self):
        """The sweep comes when nothing is awaited any more."""
        for record in self.records():
            if record.state is State.AWAITING_UPLOAD:
                self.clinic.verdicts.expire(record, record.expires_at)

    def listen(self, *, whole=False):
        """Have some of what the stream tells delivered: shuffled, some twice, some later; at last, all of it."""
        stream = self.clinic.table.files.stream
        self.untold += stream
        stream.clear()
        while self.untold:
            self.chance.shuffle(self.untold)
            size = self.chance.randint(1, 6)
            batch, self.untold = self.untold[:size], self.untold[size:]
            repeated = self.chance.choices(batch, k=self.chance.randint(0, 2))
            try:
                self.projector.project([*batch, *repeated])
            except CrashError:
                self.untold += batch
            else:
                self.untold += [one for one in batch if self.chance.random() < 0.15]
            self.untold += stream
            stream.clear()
            self.check_sums()
            if not whole and self.chance.random() < 0.3:
                return

    def check_sums(self):
        upload = self.read()
        counted = Counter(upload.counts)
        assert upload.declared == sum(counted.values())
        if find_upload_state(upload) is not UploadState.IN_PROGRESS:
            assert min(counted.values()) >= 0
            assert State.AWAITING_UPLOAD not in {one.state for one in self.records()}


@dataclass
class Truth:
    """What a clinic would count, by its records and their content."""

    counts: Counter
    came: int
    once: int
    """Of those that came, each content once."""
    images: int
    """Of those, what is known to be no image left out."""
    missing: int
    state: str

    def list_boundaries(self):
        """Return numbers to expect that decide whether something is missing: what is here, one less and one more."""
        files = {self.came + more for more in (-1, 0, 1)} | {self.once + more for more in (0, 1)}
        of_images = {self.images + more for more in (-1, 0, 1)}
        return [
            (expected, images)
            for expected in (None, *sorted(files))
            for images in (None, *sorted(of_images))
            if (expected or 1) > 0 and (images or 1) > 0
        ]

    @classmethod
    def of(cls, day):
        records, upload = day.records(), day.clinic.table.uploads[UPLOAD_ID]
        files = [one for one in records if not is_container(one)]
        accepted = [one for one in files if one.state is State.ACCEPTED]
        lost = sum(one.state is State.EXPIRED and not one.is_handled for one in files)
        replaced = [one for one in files if one.replaced_by]
        came = len(files) - lost - len(replaced)
        once = came - (len(accepted) - len({one.sha256 or one.file_id for one in accepted}))
        known = [one for one in files if one.kind not in {None, "dicom", "unknown"} and one not in replaced]
        rest = [one for one in known if one.state in {State.REJECTED, State.DELETED}]
        documents = len({one.sha256 for one in known if one.state is State.ACCEPTED}) + len(rest)
        missing = lost
        if upload.expected:
            missing = max(missing, upload.expected - (once if came > upload.expected else came))
        if upload.expected_images:
            missing = max(missing, upload.expected_images - (once - documents))
        missing = 0 if UPLOAD_ID in day.clinic.table.closings else max(0, missing)
        troubled = [one for one in records if one.state in {State.REJECTED, State.FAILED} and not one.is_handled]
        state = "missing" if missing else "needs_attention" if troubled else "complete"
        return cls(Counter(one.state for one in files), came, once, once - documents, missing, state)


def is_container(record):
    return record.kind == "zip" or (record.kind == "dicom" and is_media_directory(record.metadata))


met = Counter()
"""What the examples came to."""


@pytest.mark.timeout(0)
@pytest.mark.parametrize("part", range(PARTS))
def test_figures_add_up_and_complete_is_complete_whatever_is_done(part):
    told = given(steps, st.lists(leaves, max_size=3), numbers, numbers, st.integers(0, 2**32))(live)
    bounds = settings(
        max_examples=EXAMPLES // PARTS, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    check = seed(SEED + part)(bounds(told))
    met.clear()
    check()
    print(f"seed {SEED}, part {part}: {met.pop('examples')} examples, {dict(met)}")


def live(todo, elsewhere, expected, images, chance):
    day = Day(Random(chance))
    day._arrive(tuple(elsewhere), ELSEWHERE_ID)
    day.clinic.table.files.stream.clear()
    day.clinic.send({}, expected=expected, expected_images=images)
    for step, told in todo:
        day.do(step, told)
    day.expire()
    day.listen(whole=True)

    known = Truth.of(day)
    for files_told, images_told in ((expected, images), *known.list_boundaries()):
        day.expect(files_told, images_told)
        upload, truth = day.read(), Truth.of(day)
        assert count_missing(upload) == truth.missing
        assert find_upload_state(upload).value == truth.state
        met[truth.state] += 1
    assert {state: count for state, count in upload.counts.items() if count} == truth.counts
    named = (State.ACCEPTED, State.REJECTED, State.FAILED, State.AWAITING_UPLOAD, State.EXPIRED, State.DELETED)
    assert upload.declared == sum(upload.counts[state] for state in named)
    assert upload.waiting == 0
    met.update({"examples": 1, "files": len(day.records()), "changes": len(day.sums.changes)})
    met.update(one.kind for one in day.records() if one.kind == "zip")
    met.update("replaced" if one.replaced_by else "dealt with" for one in day.records() if one.is_handled)
