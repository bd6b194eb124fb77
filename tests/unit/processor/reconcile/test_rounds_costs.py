"""What the rounds over awaited and dropped files cost, in calls and units, at sizes that no fake would hold."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

import pytest

from intake.files import keys
from intake.files.item_keys import CLINICS, HOLDINGS, build_created_key, file_key, index_in_lists
from intake.files.model import timestamp
from intake.files.states import State
from intake.operations.awaited import DynamoAwaitedFiles
from intake.operations.reconciliation import DynamoIncidents, DynamoLedger, DynamoRounds, S3Inventory
from intake.records.verdicts import DynamoVerdicts
from intake.table.table import Table, deserialize, serialize
from portal.costs.prices import PRICES
from processor.reconcile import awaited
from processor.reconcile.arrivals import UnrecordedObjects
from processor.reconcile.awaited import AwaitedRound
from processor.reconcile.dropped import DroppedRound
from processor.reconcile.rounds import Resender, begin_share
from processor.reconcile.standing_objects import LISTS_A_CLINIC
from tests.fakes import FakeObjects, FakeQueue, FakeStuckFiles
from tests.metering.units import item_size, read_units
from tests.records import IDS, NOON

ANNOUNCED_AT = NOON + timedelta(hours=2)
PER_UPLOAD = 100


class Numbered(Sequence):
    """Sorted names that are made when somebody asks for one."""

    def __init__(self, count, name):
        self.count, self.name = count, name

    def __len__(self):
        return self.count

    def __getitem__(self, number):
        if number >= self.count:
            raise IndexError
        return self.name(number)


def name_upload(kind, number):
    return f"01kanq{kind}{number:019d}"


def name_finished(number):
    upload_id = name_upload("0", number // PER_UPLOAD)
    return keys.object_key("northside", upload_id, keys.file_id(upload_id, number % PER_UPLOAD), NOON)


def name_waiting(number):
    return build_created_key(ANNOUNCED_AT, keys.file_id(name_upload("1", number), 0))


class Account:
    """DynamoDB and S3, with finished files that were announced, and files announced one by one that never come."""

    def __init__(self, finished, waiting):
        self.took = Counter()
        self.finished, self.waiting = Numbered(finished, name_finished), Numbered(waiting, name_waiting)
        self.rounds = None

    def list_objects_v2(self, *, Prefix, MaxKeys, StartAfter="", **_):
        return self._list(StartAfter, MaxKeys, "Contents")

    def list_object_versions(self, *, MaxKeys, KeyMarker="", **_):
        answer = self._list(KeyMarker, MaxKeys, "Versions")
        last = answer["Versions"][-1]["Key"] if answer["Versions"] else ""
        return {**answer, "NextKeyMarker": last, "NextVersionIdMarker": "v1"}

    def _list(self, after, limit, kind):
        self.took["s3 put"] += 1
        start = bisect_right(self.finished, after)
        names = [self.finished[number] for number in range(start, min(start + limit, len(self.finished)))]
        facts = {"ETag": '"e"', "Size": 1, "LastModified": NOON, "VersionId": "v1"}
        return {kind: [{"Key": name, **facts} for name in names], "IsTruncated": len(self.finished) > start + limit}

    def query(self, *, ExpressionAttributeValues, Limit=0, **_):
        values = deserialize(ExpressionAttributeValues)
        named = values[":partition"]
        rows, more = [], False
        if named in {CLINICS, HOLDINGS}:
            rows = [{"pk": CLINICS, "sk": "northside", "clinic_id": "northside"}] if named == CLINICS else []
        elif named == "northside#awaiting_upload" or named.startswith("awaiting_upload#"):
            start = bisect_right(self.waiting, values.get(":low", ""))
            end = min(start + Limit, len(self.waiting))
            rows, more = [self._row(self.waiting[number]) for number in range(start, end)], end < len(self.waiting)
        items = [serialize(row) for row in rows]
        self._count("Query", sum(map(item_size, items)))
        return {"Items": items, **({"LastEvaluatedKey": serialize(rows[-1])} if more else {})}

    def get_item(self, **_):
        self._count("GetItem", 1, consistent=True)
        return {"Item": self.rounds} if self.rounds else {}

    def put_item(self, *, Item, **_):
        assert deserialize(Item)["sk"] == "#ROUNDS", "an incident where all agree"
        self.took["calls PutItem"] += 1
        self.took["dynamodb write"] += 1
        self.rounds = Item

    def _count(self, call, size, *, consistent=False):
        self.took[f"calls {call}"] += 1
        self.took["dynamodb read"] += read_units(size, consistent=consistent)

    def _row(self, created_key):
        file_id = created_key.partition("#")[2]
        at = timestamp(ANNOUNCED_AT)
        return {
            **file_key(file_id), **index_in_lists("northside", file_id, State.AWAITING_UPLOAD),
            "created_key": created_key, "file_id": file_id, "upload_id": keys.upload_of(file_id),
            "clinic_id": "northside", "name": "1.3.6.1.4.1.5962.99.1.2280943358.716200484.1363785608958.3.0.dcm",
            "size": 528_000, "state": "awaiting_upload", "source": "api", "created_at": at, "updated_at": at,
            "expires_at": timestamp(ANNOUNCED_AT + timedelta(hours=24)), "created_by": "partner-1",
        }  # fmt: skip


def take_sweeps(account, sweeps):
    """Return what the dearest of some sweeps took, by calls and by prices."""
    table, inventory, queue = Table(account, "table"), S3Inventory(account), FakeQueue()
    objects, ledger = FakeObjects(), DynamoLedger(table)
    common = {
        "inventory": inventory,
        "resender": Resender(queue),
        "rounds": DynamoRounds(table),
        "incidents": DynamoIncidents(table),
        "incoming_bucket": "incoming",
        "clock": lambda: ANNOUNCED_AT + timedelta(hours=1),
    }
    limit = timedelta(minutes=15)
    unrecorded = UnrecordedObjects(
        ledger=ledger, objects=objects, ids=IDS, takes_part="northside".__eq__, time_limit=limit
    )
    rounds = [
        DroppedRound(ledger=ledger, unrecorded=unrecorded, **common),
        AwaitedRound(
            awaited=DynamoAwaitedFiles(table), verdicts=DynamoVerdicts(table, IDS), objects=objects,
            stuck_files=FakeStuckFiles(), time_limit=limit, ledger=ledger, **common,
        ),
    ]  # fmt: skip
    dearest = Counter()
    for _ in range(sweeps):
        account.took.clear()
        for one in rounds:
            one.run(begin_share(3600))
        dearest |= account.took
    assert not objects.calls
    assert queue.depth() == 0
    return dict(dearest)


def test_a_sweep_takes_the_same_with_a_million_files_and_a_million_awaited_ones_as_with_few(
    monkeypatch,
):
    monkeypatch.setattr(awaited, "ROWS_PER_SWEEP", 1_000)
    small, large = (take_sweeps(Account(size, 1 + size), 3) for size in (6_000, 1_000_000))
    assert small == large
    assert large["s3 put"] == 3 + LISTS_A_CLINIC, (
        "the bucket's begin, what is behind the day's announced files, what is awaited, and a day listed in vain"
    )


@pytest.mark.parametrize("finished", [0, 900])
def test_among_any_number_of_files_announced_one_by_one_few_objects_tell_which_stand(finished):
    """Whose rows need not be read then: one turn of them is."""
    few, many, million = (take_sweeps(Account(finished, size), 3) for size in (600, 30_000, 1_000_000))
    assert few == many == million
    assert (million["s3 put"], million["calls Query"]) == (3, 11)
    assert million["dynamodb read"] < 60


def test_a_sweep_of_a_million_awaited_files_costs_less_than_asking_for_a_thousand_by_their_keys():
    """Which is what it did before: 1,000 questions by key, and reading their rows."""
    taken = take_sweeps(Account(1_000_000, 1_000_000), 1)
    usd = sum(PRICES[name].charge(amount) for name, amount in taken.items() if name in PRICES)
    assert usd < PRICES["s3 get"].charge(1_000)


@pytest.mark.parametrize("sweeps", [1, 2])
def test_nothing_awaited_and_nothing_dropped_costs_one_list(sweeps):
    taken = take_sweeps(Account(0, 0), sweeps)
    assert (taken["s3 put"], taken["dynamodb write"]) == (1, 1)
    assert taken["dynamodb read"] < 10
