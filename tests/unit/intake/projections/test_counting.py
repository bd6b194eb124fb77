"""Whatever is sent, in whatever order it is judged, delivered and delivered again: an upload's figures add up, and it
is complete exactly when nothing that was expected is missing.

What must come out is worked out by a model of its own, from what was sent: it knows no record and no change.
"""

from dataclasses import dataclass, field, replace
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from intake.files import keys
from intake.files.model import timestamp
from intake.files.states import State
from intake.files.upload_state import UploadState, count_missing, find_upload_state
from intake.projections.counting import HeldElsewhere
from intake.projections.projections import DynamoProjections
from intake.projections.tally import tally
from intake.records.records import DynamoRecords
from intake.records.upload_items import read_upload, upload_item
from intake.studies.media_directory import MEDIA_DIRECTORY
from intake.table.table import Table
from processor.handlers.record_changes import describe_change
from tests.records import NOON, UPLOAD_ID, an_upload
from tests.unit.intake.conftest import TABLE

ELSEWHERE = "01kanqzzzz0000000000000009"
KINDS = {"image": "dicom", "document": "pdf", "directory": "dicom", "litter": "unknown", "form": "csv", "nested": "zip"}
REFUSED = {"litter", "form", "nested"}
NEVER_JUDGED = {"lost": State.EXPIRED, "broken": State.FAILED}
CONTAINERS = {"directory", "nested"}

leaves = st.one_of(
    st.tuples(st.sampled_from(["image", "document", "form"]), st.integers(0, 4)),
    st.tuples(st.sampled_from(["litter", "directory", "broken", "lost"]), st.just(0)),
)
entries = st.one_of(
    st.tuples(st.sampled_from(["image", "document", "litter", "directory", "nested", "broken"]), st.integers(0, 4))
)
archives = st.lists(entries, min_size=1, max_size=6)


@dataclass(frozen=True)
class Sent:
    """What was sent: loose files, and archives, each of them `times` times."""

    loose: list
    zipped: list
    times: int
    elsewhere: frozenset
    """What another upload of the clinic holds already."""
    expected: int | None
    expected_images: int | None


sendings = st.builds(
    Sent,
    loose=st.lists(leaves, max_size=7),
    zipped=st.lists(archives, max_size=2),
    times=st.integers(1, 2),
    elsewhere=st.frozensets(st.tuples(st.sampled_from(["image", "document"]), st.integers(0, 4))),
    expected=st.none() | st.integers(1, 16),
    expected_images=st.none() | st.integers(1, 16),
)


class Marks:
    """The table, as far as firsts are marked in it."""

    def __init__(self):
        self.items = {}

    def update_and_get(self, write):
        names, values = write.request["ExpressionAttributeNames"], write.request["ExpressionAttributeValues"]
        item = self.items.setdefault(tuple(write.request["Key"].values()), {})
        for slot, name in names.items():
            if f":{slot[1:]}" in values:
                item.setdefault(name, values[f":{slot[1:]}"])
        return dict(item)


@dataclass
class History:
    """The records of what was sent, judged in an order of chance, and all their changes."""

    sent: Sent
    chance: Random
    changes: list = field(default_factory=list)
    announced: int = 0

    def __post_init__(self):
        self.claims = {
            content: keys.file_id(ELSEWHERE, number) for number, content in enumerate(sorted(self.sent.elsewhere))
        }
        loose = [(self._announce(), leaf) for leaf in self.sent.loose]
        packed = [(self._announce(), found) for found in self.sent.zipped for _ in range(self.sent.times)]
        inside = [
            (keys.child_id(archive, place), entry) for archive, found in packed for place, entry in enumerate(found)
        ]
        to_judge = loose + inside
        self.chance.shuffle(to_judge)
        for file_id, leaf in to_judge:
            self._judge(file_id, leaf)
        for file_id, found in packed:
            self._judge_archive(file_id, found)

    def _announce(self):
        self.announced += 1
        return keys.file_id(UPLOAD_ID, self.announced - 1)

    def _judge(self, file_id, leaf):
        what, _ = leaf
        if what in NEVER_JUDGED:
            self._move(file_id, {}, {"state": NEVER_JUDGED[what]})
            return
        told = {"kind": KINDS[what], "state": State.REJECTED if what in REFUSED else State.ACCEPTED}
        if what == "directory":
            told["metadata"] = {"sop_class_uid": MEDIA_DIRECTORY}
        elif told["state"] is State.ACCEPTED and self.claims.setdefault(leaf, file_id) != file_id:
            told["duplicate_of"] = self.claims[leaf]
        self._move(file_id, {}, told)

    def _judge_archive(self, file_id, found):
        opened = {"kind": "zip", "state": State.ACCEPTED, "metadata": {"entries": len(found)}}
        self._move(file_id, {}, opened)
        is_none = all(what in REFUSED for what, _ in found)
        settled = {**opened, "settled": True, "state": State.REJECTED if is_none else State.ACCEPTED}
        self._move(file_id, {**opened, "revision": 1}, settled)

    def _move(self, file_id, before, after):
        old = {**_item(file_id), **before}
        new = {**_item(file_id), **after, "revision": old["revision"] + 1}
        self.changes.append(describe_change(old, new))


def _item(file_id):
    return {
        "parent": None if keys.is_announced(file_id) else "an archive",
        "file_id": file_id,
        "upload_id": UPLOAD_ID,
        "clinic_id": "northside",
        "source": "web",
        "state": State.AWAITING_UPLOAD,
        "revision": 0,
        "size": 1000,
        "created_at": timestamp(NOON),
        "updated_at": timestamp(NOON),
        "clinic_state": "northside#awaiting_upload",
        "timings": {"arrival_to_verdict": 100},
    }


def count(history, counted):
    """Return the upload as the table tells it once `counted`, of the history's changes, are in its sums."""
    sums = tally(counted).uploads.get(UPLOAD_ID)
    meta = upload_item(an_upload(expected=history.sent.expected, expected_images=history.sent.expected_images))
    meta |= {"announced": history.announced, "declared": history.announced + (sums.declared if sums else 0)}
    return read_upload(meta, dict(sums.counts) if sums else {})


def deliver(history):
    """Yield the upload after each batch: of any size, in any order, some twice, by two workers."""
    marks, counted = Marks(), {}
    workers = HeldElsewhere(marks), HeldElsewhere(marks)
    queue = [*history.changes, *history.chance.choices(history.changes, k=len(history.changes))]
    history.chance.shuffle(queue)
    while queue:
        size = history.chance.randint(1, 8)
        batch, queue = queue[:size], queue[size:]
        for change in history.chance.choice(workers).admit(batch):
            counted.setdefault((change.file_id, change.revision), change)
        yield count(history, counted.values()), len(counted) == len(history.changes)


def model(sent):
    """Return what a clinic would count, and whether it would call that complete."""
    files = [*sent.loose, *(entry for found in sent.zipped for _ in range(sent.times) for entry in found)]
    told = [(what, number) for what, number in files if what not in CONTAINERS]
    accepted = [one for one in told if one[0] in {"image", "document"}]
    refused = [one for one in told if one[0] in {"litter", "form"}]
    broken, lost = (sum(what == state for what, _ in told) for state in ("broken", "lost"))
    came = len(accepted) + len(refused) + broken
    once = len(set(accepted)) + len(refused) + broken
    images = len({one for one in accepted if one[0] == "image"}) + sum(what == "litter" for what, _ in refused) + broken
    missing = lost
    if sent.expected:
        missing = max(missing, sent.expected - (came if came <= sent.expected else once))
    if sent.expected_images:
        missing = max(missing, sent.expected_images - images)
    refused_containers = sum(what == "nested" for what, _ in files) + sum(
        all(what in REFUSED for what, _ in found) for found in sent.zipped for _ in range(sent.times)
    )
    if not files:
        state = "in_progress"
    elif missing:
        state = "missing"
    else:
        state = "needs_attention" if refused or broken or refused_containers else "complete"
    counts = {State.ACCEPTED: len(accepted), State.REJECTED: len(refused), State.FAILED: broken, State.EXPIRED: lost}
    return counts, missing, state


@settings(max_examples=2_500, deadline=None, suppress_health_check=list(HealthCheck))
@given(sendings, st.integers(0, 2**32))
def test_figures_add_up_and_complete_is_complete(sent, seed):
    history = History(sent, Random(seed))
    upload = count(history, [])
    for upload, is_all in deliver(history):
        assert upload.declared == sum(upload.counts.values())
        assert upload.waiting >= 0
        if not is_all:
            assert find_upload_state(upload) is UploadState.IN_PROGRESS
    counts, missing, state = model(sent)
    assert {one: upload.counts[one] for one in counts} == counts
    assert min(upload.counts.values()) >= 0
    assert (upload.waiting, upload.declared) == (0, sum(counts.values()))
    if history.changes:
        assert count_missing(upload) == missing
    assert find_upload_state(upload) == state


def test_two_workers_count_repeats_once_in_the_table(dynamodb):
    """The same in DynamoDB: changes in any order and twice, by two workers that know nothing of each other."""
    images = [("image", number) for number in range(4)]
    sent = Sent(
        loose=[*images, *images[:2], ("document", 0)],
        zipped=[images],
        times=2,
        elsewhere=frozenset(images[:3]),
        expected=None,
        expected_images=5,
    )
    for seed in range(3):
        history = History(sent, Random(seed))
        table = Table(dynamodb, TABLE)
        workers = DynamoProjections(table), DynamoProjections(table)
        records = DynamoRecords(table)
        if seed == 0:
            records.create_upload(an_upload(expected_images=5, announced=history.announced, declared=history.announced))
        queue = history.changes * 2
        history.chance.shuffle(queue)
        for start in range(0, len(queue), 5):
            history.chance.choice(workers).apply(queue[start : start + 5])
        upload = records.upload("northside", UPLOAD_ID)
        assert (upload.declared, upload.counts[State.ACCEPTED], upload.containers) == (15, 15, {State.ACCEPTED: 2})
        assert (upload.repeats, upload.duplicates, upload.documents) == (10, 13, 1)
        assert (count_missing(upload), find_upload_state(upload)) == (1, UploadState.MISSING)


def test_a_superseded_file_and_one_that_was_replaced_add_nothing():
    file_id = keys.file_id(UPLOAD_ID, 0)
    accepted = {**_item(file_id), "state": State.ACCEPTED, "kind": "dicom", "revision": 1}
    refused = {**accepted, "state": State.REJECTED}
    near, far = keys.file_id(UPLOAD_ID, 1), keys.file_id(ELSEWHERE, 1)
    for before, told, repeats, replaced, handled in (
        (accepted, {"superseded_by": near}, 1, 0, {}),
        (accepted, {"superseded_by": far}, 0, 0, {}),
        (refused, {"replaced_by": near}, 0, 1, {State.REJECTED: 1}),
        (refused, {"replaced_by": far}, 0, 0, {State.REJECTED: 1}),
        (refused, {"dealt_with": {"by": "user-1"}}, 0, 0, {State.REJECTED: 1}),
    ):
        later = {**before, **told, "revision": 2}
        changes = [describe_change(_item(file_id), before), describe_change(before, later)]
        upload = replace(an_upload(), **_read(changes))
        assert (upload.repeats, upload.replaced, upload.handled) == (repeats, replaced, handled)


def _read(changes):
    upload = read_upload(upload_item(an_upload(declared=1)), dict(tally(changes).uploads[UPLOAD_ID].counts))
    return {name: getattr(upload, name) for name in ("repeats", "replaced", "handled")}
