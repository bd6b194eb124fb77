"""What a sweep's rounds cost, counted in calls of AWS, on clients that answer from memory."""

from bisect import bisect_right
from collections import Counter
from datetime import timedelta
from random import Random

import pytest

from intake.files import keys
from intake.files.item_keys import CLINICS, HOLDINGS, build_created_key, upload_key
from intake.files.model import ObjectVersion, timestamp
from intake.files.states import State
from intake.operations.reconciliation import DynamoIncidents, DynamoLedger, DynamoRounds, S3Inventory
from intake.records.file_items import file_item
from intake.records.records import DynamoRecords
from intake.table.table import Table, deserialize, serialize
from processor.ingest.filing import Buckets
from processor.reconcile.arrivals import UnrecordedObjects
from processor.reconcile.incidents import FollowUp
from processor.reconcile.reconciler import Reconciler
from processor.reconcile.rounds import Resender, begin_share
from tests.fakes import FakeObjects, FakeQueue, FakeUploadAudits
from tests.records import IDS, NOON, a_file

BUCKETS = ("incoming", "accepted", "quarantine")


class Account:
    """DynamoDB and S3, as far as the rounds use them. Every finished file has its objects and its record."""

    def __init__(self, files, per_upload):
        self.calls = Counter()
        self.files = {}
        for number in range(files):
            upload_id = f"01kanq{number // per_upload:020d}"
            state = State.ACCEPTED if number % 2 else State.REJECTED
            at = NOON + timedelta(seconds=number // per_upload)
            key = keys.object_key("northside", upload_id, keys.file_id(upload_id, number % per_upload), at)
            stored = ObjectVersion("accepted" if number % 2 else "quarantine", key)
            record = a_file(number % per_upload, upload_id=upload_id, created_at=at, state=state, stored=stored)
            self.files[record.file_id] = record
        self.created = {}
        for one in sorted(self.files.values(), key=lambda one: one.file_id):
            listed = self.created.setdefault(f"northside#{one.state}", [])
            listed.append(build_created_key(one.created_at, one.file_id))
        self.keys = {bucket: [] for bucket in BUCKETS}
        for record in self.files.values():
            self.keys["incoming"].append(record.incoming.key)
            self.keys[record.stored.bucket].append(record.stored.key)
        for held in self.keys.values():
            held.sort()
        self.rounds = {}

    def list_objects_v2(self, *, Bucket, Prefix, MaxKeys, StartAfter=""):
        self.calls["ListObjectsV2"] += 1
        page, more = self._page([key for key in self.keys[Bucket] if key.startswith(Prefix)], StartAfter, MaxKeys)
        return {"Contents": [self._row(key) for key in page], "IsTruncated": more}

    def list_object_versions(self, *, Bucket, MaxKeys, KeyMarker="", VersionIdMarker=""):
        self.calls["ListObjectVersions"] += 1
        page, more = self._page(self.keys[Bucket], KeyMarker, MaxKeys)
        rows = [{**self._row(key), "VersionId": "v1"} for key in page]
        return {
            "Versions": rows,
            "IsTruncated": more,
            "NextKeyMarker": page[-1] if page else "",
            "NextVersionIdMarker": "v1",
        }

    def query(self, *, ExpressionAttributeValues, IndexName="", Limit=0, **_):
        self.calls["Query"] += 1
        values = deserialize(ExpressionAttributeValues)
        if values.get(":partition") in {CLINICS, HOLDINGS}:
            return {"Items": [serialize({**CLINIC})]}
        created = self.created.get(values.get(":partition"), [])
        page, more = self._page(created, values.get(":low", ""), Limit)
        rows = [{"file_id": key.partition("#")[2], "created_key": key} for key in page]
        return {"Items": [serialize(row) for row in rows], **({"LastEvaluatedKey": {}} if more else {})}

    def batch_get_item(self, *, RequestItems):
        self.calls["BatchGetItem"] += 1
        found = []
        for key in map(deserialize, RequestItems["table"]["Keys"]):
            kind, _, identifier = key["sk"].partition("#")
            if kind == "FILE":
                found.append(serialize(file_item(self.files[identifier])))
            else:
                upload_id = key["pk"].removeprefix("UPLOAD#")
                at = timestamp(NOON)
                told = {"clinic_id": "northside", "announced": 99_999, "created_at": at, "announced_at": at}
                found.append(serialize({**upload_key(upload_id), "upload_id": upload_id, **told}))
        return {"Responses": {"table": found}}

    def get_item(self, **_):
        self.calls["GetItem"] += 1
        return {"Item": self.rounds} if self.rounds else {}

    def put_item(self, *, Item, **_):
        self.calls["PutItem"] += 1
        assert deserialize(Item)["sk"] == "#ROUNDS", "an incident where all agree"
        self.rounds = Item

    def _page(self, names, after, limit):
        start = bisect_right(names, after)
        return names[start : start + limit], len(names) > start + limit

    def _row(self, key):
        return {"Key": key, "ETag": '"e"', "Size": 1, "LastModified": NOON}


CLINIC = {"pk": "CLINICS", "sk": "northside", "clinic_id": "northside", "name": "Northside", "active": True}


def dearest_sweep(account):
    """Return how often each call is made at the most, in one of six sweeps."""
    table = Table(account, "table")
    common = {
        "incidents": DynamoIncidents(table),
        "rounds": DynamoRounds(table),
        "inventory": S3Inventory(account),
        "clock": lambda: NOON + timedelta(days=1),
    }
    follow_up = FollowUp(
        records=DynamoRecords(table),
        ids=IDS,
        resender=Resender(FakeQueue()),
        audits=FakeUploadAudits(),
        chance=Random(1),
        **common,
    )
    ledger = DynamoLedger(table)
    reconciler = Reconciler(
        ledger=ledger,
        unrecorded=UnrecordedObjects(
            ledger=ledger,
            objects=FakeObjects(),
            ids=IDS,
            takes_part="northside".__eq__,
            time_limit=timedelta(minutes=15),
        ),
        incoming_bucket="incoming",
        buckets=Buckets("accepted", "quarantine"),
        quarantine_kept=timedelta(days=90),
        **common,
    )
    dearest = Counter()
    for _ in range(6):
        account.calls.clear()
        follow_up.run(begin_share(8))
        compared = reconciler.run(begin_share(60)).compared
        dearest |= account.calls
    assert compared or len(account.files) < 100
    return dict(dearest)


@pytest.mark.parametrize(("per_upload", "few"), [(1, 10), (100, 200)])
def test_a_sweep_makes_the_same_calls_with_ten_finished_files_and_with_ten_thousand(per_upload, few):
    """Ten files fill each round's part of a sweep where each is an upload of its own, and so with more in an upload."""
    small, large = (dearest_sweep(Account(files, per_upload)) for files in (few, 10_000))
    assert small == large
    assert sum(large.values()) < 30, large
