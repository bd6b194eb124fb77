"""What may happen to files, by the rules of a state machine, and what holds whatever happens.

Each rule is a step of a clinic, an admin or the system. Any call in it may fail, before it is done or behind it, by an
error or by the death of the worker. Where another way to change records or sums is built, its step joins under RULES
TO JOIN below: a method with `@rule`, that calls the product's own code through `tests/model/steps.py`.
"""

from datetime import timedelta
from typing import Any

from botocore.exceptions import ClientError
from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from intake.errors import ScalperError
from intake.files.keys import is_announced
from intake.files.model import FileRecord
from intake.files.states import State
from intake.operations.model import Fault
from intake.orders.model import Task
from tests.model import steps
from tests.model.contents import write_contents
from tests.model.damage import delete, list_projected
from tests.model.faults import CrashError
from tests.model.snapshots import take
from tests.model.watch import Watch
from tests.model.world import CLINICS, World
from tests.recount.differences import find_differences
from tests.recount.snapshot import Snapshot

MOST_FILES = 30
"""Of a run: the archives' entries are more."""

clinics = st.sampled_from(CLINICS)
CONTESTED = ["slice-1-1.dcm", "other-1-1.dcm", "rewrapped-1-2.dcm", "short-2-7.dcm", "mixed.zip", "bad.zip"]
"""What meets others, and what people decide on, is sent more often."""
names = st.sampled_from([*sorted(write_contents()), *CONTESTED, *CONTESTED])
places = st.integers(0, 10_000)
"""Which of what there is: taken modulo how many there are."""
failures = st.none() | st.tuples(
    st.integers(0, 3) | st.integers(0, 8) | st.integers(0, 25), st.booleans(), st.booleans()
)
"""No failure, or how many calls go well before one fails, whether that one is done, and whether the worker dies."""
_TROUBLED = {State.REJECTED, State.FAILED, State.EXPIRED}
ORDERED = [Task.REPROCESS, Task.REPROCESS, Task.ACCEPT, Task.DELETE, Task.TRY]


class Files(RuleBasedStateMachine):
    """Two clinics' files, on their way."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.watch = Watch(self.world.dynamodb)
        self.projected = 0
        self.put_off: list[tuple[int, int]] = []
        """Batches of the stream that were given up."""
        self.reordered = False
        self.damaged = False
        """Whether what is projected is wrong until it is rebuilt."""
        self.told_twice = False
        """Whether marks were lost: a change that is delivered again before they are rebuilt is told again."""
        self.announced = 0

    @initialize(clinic=clinics, what=st.lists(names, min_size=1, max_size=6), failure=failures)
    def begin(self, clinic: str, what: list[str], failure: Any) -> None:
        self.reserve(clinic, what, 0, failure)

    @precondition(lambda self: self.announced < MOST_FILES)
    @rule(clinic=clinics, what=st.lists(names, min_size=1, max_size=6), which=places, failure=failures)
    def reserve(self, clinic: str, what: list[str], which: int, failure: Any) -> None:
        """Announce files, in a new upload or one that stands; a call that failed is repeated under its key."""
        self.announced += len(what)
        uploads = sorted({one.upload_id for one in self._list(clinic) if one.source == "web"})
        upload = uploads[which % len(uploads)] if uploads and which % 2 else ""
        key = self.world.make_id()

        def step() -> None:
            steps.reserve(self.world, clinic, what, upload, key=key)

        self._do(step, failure, clinic)
        if failure:
            self._do(step, None, clinic)

    @rule(clinic=clinics)
    def upload_all(self, clinic: str) -> None:
        """Send what was announced and is awaited."""
        for record in self._list_announced(clinic):
            if record.state is State.AWAITING_UPLOAD and not self._has_arrived(record):
                steps.send(self.world, record, record.name)

    @rule(clinic=clinics, which=places)
    def upload(self, clinic: str, which: int) -> None:
        """Send one of the announced files, maybe again."""
        if record := self._choose(self._list_announced(clinic), which):
            steps.send(self.world, record, record.name)

    @rule(clinic=clinics, which=places, name=names)
    def overwrite(self, clinic: str, which: int, name: str) -> None:
        """Send other bytes under an announced file's key, before it was sent or behind that."""
        if record := self._choose(self._list_announced(clinic), which):
            steps.send(self.world, record, name)

    @rule(clinic=st.sampled_from([*CLINICS, "stranger"]), name=names)
    def drop(self, clinic: str, name: str) -> None:
        """Drop into S3 what nobody announced, under a clinic's prefix or somebody's who is none."""
        if self.announced < MOST_FILES:
            self.announced += 1
            steps.drop(self.world, clinic, name)

    @rule(clinic=clinics, own=st.booleans(), which=places, name=names)
    def intrude(self, clinic: str, own: bool, which: int, name: str) -> None:
        """Send bytes under a key that names a file and is not its own: of the other clinic, or of another day."""
        (other,) = set(CLINICS) - {clinic}
        if record := self._choose(self._list_announced(clinic if own else other), which):
            _, _, _, _, *ids = record.incoming.key.split("/")
            day = "2025/12/24" if own else f"{record.created_at:%Y/%m/%d}"
            self.world.objects.put("incoming", "/".join([clinic, day, *ids]), write_contents()[name])

    @precondition(lambda self: self.world.queue.messages)
    @rule(which=places, failure=failures)
    def deliver(self, which: int, failure: Any) -> None:
        """Have the judge take any of its messages, in whatever order."""
        place = which % len(self.world.queue.messages)
        self._do(lambda: steps.deliver(self.world, place), failure, self._find_owner(place))

    @precondition(lambda self: self.world.queue.messages)
    @rule(which=places, failure=failures)
    def deliver_twice(self, which: int, failure: Any) -> None:
        """Have a message come again that was done."""
        message = self.world.queue.messages[which % len(self.world.queue.messages)]
        self.world.queue.messages.append([message[0], 1])
        self.deliver(which, failure)

    @rule(which=places, failure=failures)
    def deliver_all(self, which: int, failure: Any) -> None:
        """Deliver what is in the queue and what that asks for, but not for ever; any of it may fail."""
        for _ in range(3):
            number = len(self.world.queue.messages)
            for place in range(number):
                self.deliver(0, failure if place == which % number else None)

    @precondition(lambda self: self.world.queue.messages)
    @rule(which=places)
    def lose(self, which: int) -> None:
        """Lose S3's word of an object, before it comes: what is in the queue, SQS loses no more."""
        place = which % len(self.world.queue.messages)
        body, times = self.world.queue.messages[place]
        if "Records" in body and not times:
            del self.world.queue.messages[place]

    @rule(size=st.integers(1, 40), failure=failures)
    def project(self, size: int, failure: Any) -> None:
        """Project a batch of the stream; one that fails comes again in halves."""
        last = min(self.projected + size, len(self.world.dynamodb.stream))
        first, self.projected = self.projected, last
        if not self._do(lambda: steps.project(self.world, first, last), failure):
            middle = (first + last) // 2
            for begins, ends in ((first, middle), (middle, last)):
                self._do(lambda b=begins, e=ends: steps.project(self.world, b, e), None)

    @precondition(lambda self: self.projected)
    @rule(which=places, size=st.integers(1, 40), failure=failures)
    def project_again(self, which: int, size: int, failure: Any) -> None:
        """Deliver a batch of the stream that was projected."""
        first = which % self.projected
        last = min(first + size, self.projected)
        if not self._is_put_off(first, last):
            self._do(lambda: steps.project(self.world, first, last), failure)

    @rule(size=st.integers(1, 20))
    def give_up(self, size: int) -> None:
        """Give a batch of the stream up: later ones are projected before it is redriven."""
        last = min(self.projected + size, len(self.world.dynamodb.stream))
        if last > self.projected:
            self.put_off.append((self.projected, last))
            self.projected, self.reordered = last, True

    @precondition(lambda self: self.put_off)
    @rule(which=places, failure=failures)
    def redrive_stream(self, which: int, failure: Any) -> None:
        batch = self.put_off[which % len(self.put_off)]
        if self._do(lambda: steps.project(self.world, *batch), failure):
            self.put_off.remove(batch)

    @precondition(lambda self: self.world.dead_letters.messages)
    @rule(which=places)
    def redrive(self, which: int) -> None:
        letters = self.world.dead_letters.messages
        body, _ = letters.pop(which % len(letters))
        self.world.queue.messages.append([body, 1])

    @precondition(lambda self: self.world.queue.messages)
    @rule(which=places)
    def exhaust(self, which: int) -> None:
        """Have a message fail until it is given up."""
        messages = self.world.queue.messages
        self.world.dead_letters.messages.append(messages.pop(which % len(messages)))

    @rule(clinic=clinics, which=places, task=st.sampled_from(ORDERED), failure=failures)
    def order(self, clinic: str, which: int, task: Task, failure: Any) -> None:
        """Have an admin order something for a file that is in trouble."""
        if record := self._choose(self._list_troubled(clinic), which):
            self._do(lambda: steps.give_order(self.world, task, record), failure, clinic)

    @rule(clinic=clinics, which=places, failure=failures)
    def deal(self, clinic: str, which: int, failure: Any) -> None:
        """Have staff say of a file that it needs nobody, or take that back."""
        if record := self._choose(self._list_troubled(clinic), which):
            self._do(lambda: steps.deal(self.world, record), failure, clinic)

    @rule(clinic=clinics)
    def change_profile(self, clinic: str) -> None:
        """Have a rule reject files, or warn of them."""
        self.world.softened[clinic] = not self.world.softened[clinic]

    @rule(clinic=clinics, accession=st.sampled_from(["A-0001", "", "B"]), images=st.integers(1, 4), failure=failures)
    def expect(self, clinic: str, accession: str, images: int, failure: Any) -> None:
        def step() -> None:
            steps.expect(self.world, clinic, accession, images)

        if not self._do(step, failure, clinic):
            self._do(step, None, clinic)

    @rule(failure=failures)
    def sweep(self, failure: Any) -> None:
        self._do(self.world.sweep, failure)

    @rule(minutes=st.sampled_from([1, 11, 31, 25 * 60]))
    def wait(self, minutes: int) -> None:
        self.world.at += timedelta(minutes=minutes)

    @rule(clinic=clinics, which=places, failure=failures)
    def give_up_file(self, clinic: str, which: int, failure: Any) -> None:
        """Have its sender say that an announced file does not come, whether it has arrived or not."""
        if record := self._choose(self._list_announced(clinic), which):
            self._do(lambda: steps.give_up_file(self.world, record), failure, clinic)

    @rule(which=places, number=st.integers(1, 12))
    def lose_projected(self, which: int, number: int) -> None:
        """Lose items that follow from records."""
        if list_projected(self.world.dynamodb):
            lost = delete(self.world.dynamodb, which, number)
            note(f"  lost: {lost}")
            self.damaged = self.reordered = True
            self.told_twice |= any(pk.startswith("APPLIED#") for pk, _ in lost)

    @rule(size=st.integers(1, 20))
    def lose_changes(self, size: int) -> None:
        """Lose a batch of the stream: nobody projects it any more."""
        last = min(self.projected + size, len(self.world.dynamodb.stream))
        if last > self.projected:
            self.projected, self.damaged, self.reordered = last, True, True

    @rule(clinic=clinics, which=places, failure=failures)
    def rebuild(self, clinic: str, which: int, failure: Any) -> None:
        """Make anew what is projected of a clinic or of an upload, while changes are under way, or nothing is wrong."""
        uploads = ["", *sorted({one.upload_id for one in self._list(clinic)})]
        self._do(lambda: steps.rebuild(self.world, clinic, uploads[which % len(uploads)]), failure, clinic)
        self.reordered = True

    @rule()
    def compare(self) -> None:
        """Recount the table in the middle of everything, once all is projected."""
        self._catch_up()
        if self.damaged:
            steps.mend(self.world)
            self._catch_up()
        self._recount(with_objects=False)

    @invariant()
    def every_write_is_lawful(self) -> None:
        self.watch.check()

    def teardown(self) -> None:
        self.world.faults.end()
        self._catch_up()
        if self.damaged:
            # Of files that are awaited a sweep learns from what is projected.
            steps.mend(self.world)
        steps.drain(self.world, self.projected)
        steps.mend(self.world)
        self._catch_up()
        self.watch.check()
        self._recount(with_objects=True)
        self._check_states()

    def _do(self, step: Any, failure: Any, clinic: str | None = None) -> bool:
        """Take a step, in which a call may fail, and say whether it was done. A clinic's writes no other's items."""
        self.world.at += timedelta(milliseconds=7)
        if failure:
            self.world.faults.plan(failure[0], late=failure[1], crash=failure[2])
        self.watch.allow(clinic)
        try:
            step()
        except (CrashError, ClientError) as fault:
            note(f"  it failed: {fault!r}")
            return False
        except ScalperError as refused:
            note(f"  it was refused: {refused!r}")
            return False
        finally:
            self.world.faults.end()
            self.watch.check()
            self.watch.allow(None)
        return True

    def _catch_up(self) -> None:
        for batch in self.put_off:
            steps.project(self.world, *batch)
        self.put_off = []
        self.projected = steps.project_all(self.world, self.projected)

    def _recount(self, *, with_objects: bool) -> None:
        snapshot = take(self.world, with_objects=with_objects)
        found = find_differences(snapshot, at=self.world.at, in_order=not self.reordered)
        found = [one for one in found if not (self.told_twice and one.endswith(" times."))]
        # A worker that dies behind its copy leaves it where the profile then sends the file elsewhere. The sweep tells.
        left = {f" of file {file_id} stands in the " for file_id in _list_unclaimed(snapshot)}
        found = [one for one in found if not (one.endswith("names it no more.") and any(own in one for own in left))]
        assert not found, "\n".join(found)

    def _check_states(self) -> None:
        """Look whether every file that was declared is in one state, and none waits or failed that has arrived."""
        files = self.world.list_files()
        assert not [one.file_id for one in files if one.state is State.FAILED]
        for upload_id in {one.upload_id for one in files}:
            upload = self.world.records.upload(None, upload_id)
            its = [one for one in files if one.upload_id == upload_id]
            assert upload.waiting == 0
            assert sum(upload.counts.values()) + sum(upload.containers.values()) == len(its)
            assert upload.settled

    def _list(self, clinic: str) -> list[FileRecord]:
        return [one for one in self.world.list_files() if one.clinic_id == clinic]

    def _list_announced(self, clinic: str) -> list[FileRecord]:
        return [one for one in self._list(clinic) if is_announced(one.file_id)]

    def _has_arrived(self, record: FileRecord) -> bool:
        return (record.incoming.bucket, record.incoming.key) in self.world.objects.versions

    def _list_troubled(self, clinic: str) -> list[FileRecord]:
        """Return a clinic's files in trouble; where there are none, what has arrived is judged first."""
        for _ in range(2):
            found = [one for one in self._list(clinic) if one.state in _TROUBLED]
            if found:
                return found
            self.upload_all(clinic)
            self.deliver_all(0, None)
        return []

    def _choose(self, found: list[FileRecord], which: int) -> FileRecord | None:
        return found[which % len(found)] if found else None

    def _find_owner(self, place: int) -> str | None:
        """Return the clinic that a message of S3's is about."""
        body = self.world.queue.messages[place][0]
        key = body["Records"][0]["s3"]["object"]["key"] if "Records" in body else ""
        return key.partition("/")[0] or None

    def _is_put_off(self, first: int, last: int) -> bool:
        return any(begins < last and first < ends for begins, ends in self.put_off)


def _list_unclaimed(snapshot: Snapshot) -> list[str]:
    """Return the files of which operators are told that an object of theirs stands that no record claims."""
    incidents = snapshot.items.get("INCIDENTS", {}).values()
    return [one["file_id"] for one in incidents if one["fault"] == Fault.OBJECT_UNCLAIMED and "closed_at" not in one]
