"""A change is counted by its record's revision, whatever was restored and however late the stream tells of it."""

import math
import time
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.files.item_keys import upload_key
from intake.files.model import Source, timestamp
from intake.files.states import State
from intake.projections.change_feed import DynamoChangeFeed
from intake.projections.contributions import contribute
from intake.projections.ledger import weigh
from intake.projections.projections import DynamoProjections
from intake.projections.tally import add_up, tally
from intake.records.pending import BATCH
from intake.table.table import Table, deserialize, serialize
from processor.handlers.record_changes import describe_change, read_changes
from tests.records import NOON, UPLOAD_ID, a_file, stored_item
from tests.unit.intake.conftest import TABLE

NOT_SUMS = {"updated_at", "expires", "created_key", "writes"}


def a_revision(record, revision, state, **changes):
    """Return the record as it stands after its next verdict, a minute later."""
    told = {
        "kind": "dicom",
        "timings": {"arrival_to_verdict": 90},
        "metadata": {"study_instance_uid": "1.2", "series_instance_uid": "1.2.1", "instance_number": 1},
        "updated_at": NOON + timedelta(minutes=revision),
    }
    return replace(record, revision=revision, state=state, **{**told, **changes})


class World:
    """The projector's sums of one table, and the records whose changes it was told of."""

    def __init__(self, dynamodb):
        self.client, self.table = dynamodb, Table(dynamodb, TABLE)
        self.projections = DynamoProjections(self.table)

    def tell(self, old, new):
        """Tell of a record that was written over another, or over none, as the table's stream does."""
        images = {"NewImage": serialize(stored_item(new))}
        if old is not None:
            images["OldImage"] = serialize(stored_item(old))
        keys = {name: images["NewImage"][name] for name in ("pk", "sk")}
        self.projections.apply(list(read_changes([{"dynamodb": {"Keys": keys, **images}}])))

    def tell_history(self, *revisions):
        for old, new in pairwise(revisions):
            self.tell(old, new)

    def remove(self, record):
        image = serialize(stored_item(record))
        keys = {name: image[name] for name in ("pk", "sk")}
        self.projections.apply(
            list(read_changes([{"eventName": "REMOVE", "dynamodb": {"Keys": keys, "OldImage": image}}]))
        )

    def wait_for_eight_days(self):
        """Take away what DynamoDB takes away by then."""
        for item in self._scan():
            if item.get("expires", math.inf) < time.time() + 8 * 86_400:
                self.client.delete_item(TableName=TABLE, Key=serialize({name: item[name] for name in ("pk", "sk")}))

    def forget_marks(self):
        """Make the table one of times that knew no marks."""
        for item in self._scan():
            if item["pk"].startswith("APPLIED#"):
                self.client.delete_item(TableName=TABLE, Key=serialize({name: item[name] for name in ("pk", "sk")}))

    def sums(self):
        """Return every sum that lasts, and the feed."""
        kept = {
            (item["pk"], item["sk"]): {
                name: value for name, value in item.items() if isinstance(value, int) and value and name not in NOT_SUMS
            }
            for item in self._scan()
            if "expires" not in item and not item["pk"].startswith(("APPLIED#", "CHANGES#"))
        }
        return {key: sums for key, sums in kept.items() if sums}, self.feed()

    def feed(self):
        return [
            (entry.change_id, entry.after)
            for entry in DynamoChangeFeed(self.table).changes("northside", None, 100).entries
        ]

    def upload_sums(self):
        item = self.table.get({"pk": f"UPLOAD#{UPLOAD_ID}", "sk": "#COUNTS"})
        return {name: n for name, n in item.items() if isinstance(n, int) and n and name not in NOT_SUMS}

    def _scan(self):
        return [deserialize(item) for item in self.client.scan(TableName=TABLE)["Items"]]


@pytest.fixture
def world(dynamodb):
    return World(dynamodb)


RESERVED = a_file(0)
REJECTED = a_revision(RESERVED, 1, State.REJECTED)
ACCEPTED = a_revision(REJECTED, 2, State.ACCEPTED)
DROPPED = replace(RESERVED, source=Source.DIRECT, file_id=f"{UPLOAD_ID}-{'ab' * 10}")


@pytest.mark.parametrize("first", [RESERVED, DROPPED], ids=["announced", "dropped into S3"])
def test_a_record_restored_long_after_it_was_counted_counts_once(world, first):
    rejected = a_revision(first, 1, State.REJECTED)
    accepted = a_revision(rejected, 2, State.ACCEPTED)
    world.tell_history(*([None] if first is DROPPED else [first]), rejected, accepted)
    world.wait_for_eight_days()
    counted = world.sums()

    world.remove(accepted)
    world.tell(None, accepted)

    assert world.sums() == counted
    assert {name: n for name, n in world.upload_sums().items() if name.startswith("n_")} == {"n_accepted": 1}
    assert [holding.files for holding in world.projections.holdings()] == [1]


def test_a_record_that_is_restored_before_its_verdict_was_counted_counts_once(world):
    """One batch tells of both."""
    items = [stored_item(one) for one in (RESERVED, REJECTED, ACCEPTED)]
    told = [describe_change(items[0], items[1]), describe_change(items[1], items[2]), describe_change({}, items[2])]

    world.projections.apply(told * 2)

    assert world.upload_sums() == {"n_accepted": 1}
    assert len(world.feed()) == 2


def test_what_the_stream_tells_again_after_months_counts_once(world):
    world.tell_history(RESERVED, REJECTED, ACCEPTED)
    world.wait_for_eight_days()
    counted = world.sums()

    world.tell_history(RESERVED, REJECTED, ACCEPTED)
    world.tell_history(RESERVED, REJECTED)

    assert world.sums() == counted


def test_a_restored_record_that_gets_a_new_verdict_counts_as_that_says(world):
    world.tell_history(RESERVED, REJECTED)
    world.wait_for_eight_days()
    world.tell(None, REJECTED)
    world.tell_history(REJECTED, ACCEPTED)

    assert world.upload_sums() == {"n_accepted": 1}
    assert world.feed() == [(f"{RESERVED.file_id}.1", State.REJECTED), (f"{RESERVED.file_id}.2", State.ACCEPTED)]


def test_a_record_restored_as_it_was_before_changes_nothing_until_its_next_verdict(world):
    accepted, other = ACCEPTED, {"study_instance_uid": "9.9", "series_instance_uid": "9.9.1"}
    world.tell_history(RESERVED, REJECTED, accepted)
    world.wait_for_eight_days()
    counted = world.sums()

    world.tell(accepted, REJECTED)
    assert world.sums() == counted

    later = a_revision(REJECTED, 2, State.ACCEPTED, metadata=other, size=7, updated_at=NOON + timedelta(days=90))
    world.tell_history(REJECTED, later)
    for _ in range(2):
        world.tell_history(REJECTED, accepted)
        world.tell_history(REJECTED, later)

    sums, feed = world.sums()
    assert world.upload_sums() == {"n_accepted": 1}
    assert [(one.files, one.bytes) for one in world.projections.holdings()] == [(1, 7)]
    assert sorted(
        item.get("instances", 0) for (pk, sk), item in sums.items() if pk.startswith("STUDY#") and sk == "#META"
    ) == [0, 1]
    assert len(feed) == len(counted[1]) + 1

    # From there on as always.
    world.tell_history(later, a_revision(later, 3, State.ACCEPTED, size=8, updated_at=NOON + timedelta(days=91)))
    assert [(one.files, one.bytes) for one in world.projections.holdings()] == [(1, 8)]


def test_a_file_that_is_awaited_anew_leaves_its_batch_once(world):
    key = upload_key(UPLOAD_ID, f"{BATCH}{timestamp(NOON)}")
    world.client.put_item(TableName=TABLE, Item=serialize({**key, "clinic_id": "northside", "rest": 3}))
    later = a_revision(RESERVED, 1, State.ACCEPTED, updated_at=NOON + timedelta(days=20))

    for record in (REJECTED, REJECTED, later, later, REJECTED):
        change = describe_change(stored_item(RESERVED), stored_item(record))
        world.projections.apply([replace(change, announced_at=NOON)])

    assert world.table.get(key)["rest"] == 2
    assert world.upload_sums() == {"n_accepted": 1}


def test_the_first_change_of_a_record_that_was_counted_before_there_were_marks_is_held_against_what_it_was(world):
    world.tell_history(REJECTED, ACCEPTED)

    assert world.upload_sums() == {"n_accepted": 1, "n_rejected": -1, "cause_0#": -1}


def test_a_record_that_is_restored_and_was_counted_before_there_were_marks_is_not_counted_again(world):
    world.tell_history(RESERVED, REJECTED, ACCEPTED)
    world.forget_marks()
    counted = world.sums()

    world.tell(None, ACCEPTED)

    assert world.sums() == counted


def test_restored_records_whose_sums_lie_far_apart_are_counted_in_as_many_transactions_as_that_takes(world):
    files = [a_file(number) for number in range(24)]

    def judged(number, revision, study, days=0):
        uids = {"study_instance_uid": study, "series_instance_uid": f"{study}.1"}
        at = NOON + timedelta(days=days, minutes=revision)
        return a_revision(files[number], revision, State.ACCEPTED, metadata=uids, updated_at=at)

    rejected = [a_revision(file, 1, State.REJECTED, metadata={}) for file in files]
    firsts = [describe_change(stored_item(rejected[n]), stored_item(judged(n, 2, f"1.{n}"))) for n in range(24)]
    world.projections.apply(firsts)
    again = [describe_change(stored_item(rejected[n]), stored_item(judged(n, 2, f"2.{n}", days=9))) for n in range(24)]
    world.projections.apply(again * 2)

    sums, _ = world.sums()
    instances = Counter(item.get("instances", 0) for (pk, sk), item in sums.items() if sk == "#META" and pk[0] == "S")
    assert instances[1] == 24
    assert world.projections.holdings()[0].files == 24


def test_the_marks_of_ten_files_are_billed_as_one_unit_each_time(world):
    numbered = [{"study_instance_uid": f"1.{n}", "series_instance_uid": f"1.{n}.{n}"} for n in range(10)]
    for number, metadata in enumerate(numbered):
        file = a_file(number, size=512_000 + 37 * number)
        world.tell(file, a_revision(file, 1, State.ACCEPTED, metadata={**metadata, "instance_number": number}))

    (item,) = [one for one in world.client.scan(TableName=TABLE)["Items"] if one["pk"]["S"].startswith("APPLIED#")]
    size = sum(len(name) + len(*value.values()) for name, value in item.items())
    assert size <= 1000
    assert "expires" not in item


MOVES = {
    State.AWAITING_UPLOAD: [State.REJECTED, State.FAILED, State.ACCEPTED, State.EXPIRED],
    State.REJECTED: [State.REJECTED, State.ACCEPTED, State.DELETED],
    State.FAILED: [State.REJECTED, State.ACCEPTED, State.FAILED],
    State.EXPIRED: [State.ACCEPTED, State.REJECTED],
    State.ACCEPTED: [State.ACCEPTED],
    State.DELETED: [State.DELETED],
}


def make_history(number, chance):
    """Return the changes of a record of chance, written by workers whose clocks differ."""
    dropped = chance.random() < 0.4
    record = a_file(number, **({"source": Source.DIRECT, "file_id": f"{UPLOAD_ID}-{number:020d}"} if dropped else {}))
    revisions = [None if dropped else record]
    for revision in range(1, chance.randint(1, 5) + 1):
        state = chance.choice(MOVES[record.state])
        study = chance.choice(["1.2", "1.3"])
        record = a_revision(
            record,
            revision,
            state,
            size=1000 + (chance.randint(0, 9) if state is not record.state else 0),
            kind=chance.choice(["dicom", "pdf"]),
            metadata={"study_instance_uid": study, "series_instance_uid": f"{study}.1", "instance_number": 1},
            updated_at=NOON + timedelta(seconds=revision + chance.choice([-3, 0, 0, 3])),
        )
        revisions.append(record)
    items = [stored_item(one) if one else {} for one in revisions]
    return [describe_change(old, new) for old, new in pairwise(items)], items[-1]


def count(deliveries):
    """Return the sums of what is delivered, one change after the other."""
    marks, counted = {}, []
    for change in deliveries:
        weighed = weigh(marks.get(change.file_id), change)
        if weighed:
            marks[change.file_id], difference = weighed
            counted.append((change, difference))
    return flatten(add_up(counted)), marks


def flatten(sums):
    told = {
        **{("upload", name): Counter(row.counts, declared=row.declared) for name, row in sums.uploads.items()},
        **{("bucket", *name): counts for name, counts in sums.buckets.items()},
        **{("holding", name): counts for name, counts in sums.holdings.items()},
        **{("alert", *name): Counter(row.codes, pending=row.pending) for name, row in sums.alerts.items()},
        **{("study", name): row.counts for name, row in sums.studies.items()},
        **{("series", *name): row.counts for name, row in sums.series.items()},
        **{("filed", *name): row.counts for name, row in sums.filed.items()},
    }
    nonzero = {name: {what: n for what, n in counts.items() if n} for name, counts in told.items()}
    return {name: counts for name, counts in nonzero.items() if counts}


@settings(max_examples=400, deadline=None)
@given(st.integers(0, 2**32))
def test_any_order_and_any_repetition_of_changes_gives_what_each_once_in_order_gives(seed):
    chance = Random(seed)
    histories = [make_history(number, chance) for number in range(chance.randint(1, 4))]
    ordered = [change for changes, _ in histories for change in changes]
    deliveries = [*ordered, *chance.choices(ordered, k=chance.randint(0, 8))]
    chance.shuffle(deliveries)

    sums, marks = count(deliveries)

    assert sums == count(ordered)[0] == flatten(tally(ordered))
    # A record that is put back as it is adds nothing, nor does whatever is told again; and the mark says what it adds.
    restored = [describe_change({}, item) for _, item in histories]
    assert count([*deliveries, *restored, *ordered])[0] == sums
    for change in restored:
        assert marks[change.file_id].numbers == contribute(change.new).numbers
