"""Sums that are wrong in a table: found by a day's sample, told, mended; and what the sample reads for that."""

import time
from collections import Counter
from datetime import timedelta
from random import Random

import pytest

from intake.files.item_keys import COUNTS, study_key, upload_key
from intake.operations.reconciliation import DynamoIncidents, DynamoRounds
from intake.operations.upload_samples import DynamoUploadSamples
from intake.projections.outbox import DynamoOutbox
from intake.projections.projections import DynamoProjections
from intake.rebuilds.dry_table import DryTable
from intake.rebuilds.pace import Pace
from intake.rebuilds.rebuild import Rebuild, UploadAuditor
from intake.records.records import DynamoRecords
from intake.records.verdicts import DynamoVerdicts
from intake.table.expressions import clinic
from intake.table.table import Table, deserialize, serialize
from portal.costs.prices import PRICES
from processor.handlers.record_changes import describe_change
from processor.projection.samples import DailySample
from processor.reconcile.incidents import FollowUp
from processor.reconcile.rounds import Resender, begin_share
from tests.fakes import FakeInventory, FakeObjects, FakeQueue
from tests.metering.units import item_size, read_units
from tests.model.dynamodb import InMemoryDynamoDB
from tests.records import IDS, NOON, a_file, a_verdict, an_upload


class Metered(InMemoryDynamoDB):
    """A table that counts the calls that read of it, and the units they take."""

    def __init__(self):
        super().__init__()
        self.took = Counter()
        self.read = set()

    def query(self, **request):
        answer = super().query(**request)
        self.read.add(request["ExpressionAttributeValues"][":partition"]["S"])
        self._count("Query", [sum(map(item_size, answer["Items"]))], request.get("ConsistentRead", False))
        return answer

    def batch_get_item(self, **request):
        answer = super().batch_get_item(**request)
        for table, wanted in request["RequestItems"].items():
            found = [*map(item_size, answer["Responses"][table])]
            nothing = [0] * (len(wanted["Keys"]) - len(found))
            self._count("BatchGetItem", [*found, *nothing], wanted["ConsistentRead"])
        return answer

    def get_item(self, **request):
        answer = super().get_item(**request)
        self._count("GetItem", [item_size(answer.get("Item", {}))], request.get("ConsistentRead", False))
        return answer

    def _count(self, call, sizes, consistent):
        self.took[call] += 1
        self.took["read units"] += sum(read_units(size, consistent=consistent) for size in sizes)


class Clinics:
    """Clinics in a table, whose files are judged and counted by the product's own code."""

    def __init__(self):
        self.client = Metered()
        self.table = Table(self.client, "records", patience_s=0)
        self.records, self.verdicts = DynamoRecords(self.table), DynamoVerdicts(self.table, IDS)
        self.projections = DynamoProjections(self.table, IDS)
        self.at, self.sweeps = NOON + timedelta(days=1), []

    def enter(self, clinic_id):
        self.table.put({"pk": "CLINICS", "sk": clinic_id, "clinic_id": clinic_id, "name": clinic_id}, clinic(clinic_id))

    def send(self, number, clinic_id="northside", files=2, *, counted=True, at=NOON, judged_at=None):
        upload_id = f"01kanq{number:020d}"
        upload = an_upload(clinic_id=clinic_id, upload_id=upload_id, created_at=at)
        reserved = [
            a_file(one, clinic_id=clinic_id, upload_id=upload_id, created_at=at, name=f"{one}.dcm")
            for one in range(files)
        ]
        self.records.add_files(upload, reserved)
        begun = len(self.client.stream)
        for one in reserved:
            study = f"1.2.{number}"
            scan = {"study_instance_uid": study, "series_instance_uid": f"{study}.1", "modality": "CT"}
            told = {"instance_number": int(one.file_id[-5:]), "study_date": "20261122", "patient": {"id": "TEST-1"}}
            self.verdicts.record(a_verdict(one, metadata=scan | told, decided_at=judged_at or at), reserved=True)
        if counted:
            self.project(begun)
        return upload_id

    def project(self, begun=0):
        told = [_read_images(entry["dynamodb"]) for entry in self.client.stream[begun:]]
        changes = [describe_change(old, new) for old, new in told if new["sk"].startswith("FILE#") and _moves(old, new)]
        for start in range(0, len(changes), 100):
            self.projections.apply(changes[start : start + 100])

    def sweep(self):
        """Sweep as a function that begins anew; return what the sample came to and what was followed up."""
        incidents, rounds = DynamoIncidents(self.table), DynamoRounds(self.table)
        auditor = UploadAuditor(DryTable(self.client, "records", patience_s=0), IDS, lambda: self.at)
        common = {"incidents": incidents, "rounds": rounds, "audits": auditor, "chance": Random(1)}
        common |= {"clock": lambda: self.at}
        followed = FollowUp(
            records=self.records, inventory=FakeInventory(FakeObjects()), resender=Resender(FakeQueue()), ids=IDS,
            **common,
        ).run(begin_share(60))  # fmt: skip
        sample = DailySample(samples=DynamoUploadSamples(self.table, Random(1)), **common)
        found = sample.run(begin_share(60))
        self.at += timedelta(minutes=5)
        return found, followed

    def open(self):
        return [one.upload_id for one in DynamoIncidents(self.table).open("", 100)[0]]

    def list_items(self):
        kept = {"INCIDENTS", "WATCH"}
        return {name: dict(items) for name, items in self.client.items.items() if items and name not in kept}

    def list_alerts(self):
        return [*DynamoOutbox(self.table).list_pending_alerts()]

    def damage(self, upload_id, name="n_accepted", more=3, key=None):
        key = key or upload_key(upload_id, COUNTS)
        self.client.update_item(
            TableName="records", Key=serialize(key), UpdateExpression="ADD #sum :more",
            ExpressionAttributeNames={"#sum": name}, ExpressionAttributeValues={":more": {"N": str(more)}},
        )  # fmt: skip

    def rebuild(self, clinic_id, upload_id):
        whole = Rebuild(self.table, IDS, Pace(1e9), self.projections.apply, lambda: self.at)
        return whole.rebuild_upload(clinic_id, upload_id)


def _read_images(told):
    return deserialize(told.get("OldImage", {})), deserialize(told["NewImage"])


def _moves(old, new):
    return old.get("revision") != new["revision"]


@pytest.fixture
def clinics():
    world = Clinics()
    world.enter("northside")
    return world


def test_a_sum_made_wrong_by_hand_is_an_incident_at_the_first_sweep_told_at_the_second_and_closed_when_mended(clinics):
    exact, wrong = clinics.send(1), clinics.send(2)
    clinics.damage(wrong)
    before = clinics.list_items()

    found, _ = clinics.sweep()
    assert (sorted(found.audited), found.different) == ([exact, wrong], {wrong: ("upload.n_accepted",)})
    assert clinics.open() == [wrong]
    assert clinics.list_items() == before, "an audit writes nothing"
    assert clinics.list_alerts() == []

    _, followed = clinics.sweep()
    assert (followed.standing, followed.told) == (1, 1)
    assert clinics.list_alerts() == [("records.disagree", "northside")]
    clinics.rebuild("northside", wrong)
    clinics.at += timedelta(hours=1) - timedelta(minutes=clinics.at.minute)
    _, followed = clinics.sweep()
    assert (followed.standing, followed.closed, clinics.open()) == (0, 1, [])


def test_a_studys_sum_and_a_change_that_was_never_counted_are_found_too(clinics):
    study, lost = clinics.send(1), clinics.send(2, counted=False)
    clinics.damage(None, "instances", key=study_key(IDS.study("northside", "1.2.1")))
    found, _ = clinics.sweep()
    assert found.different[study] == ("study.instances",)
    assert {"changes", "upload.n_accepted"} <= {*found.different[lost]}


def test_no_incident_is_noted_where_records_are_still_under_way(clinics):
    young = clinics.at - timedelta(minutes=2)
    clinics.send(1, at=young, counted=False)
    # Of verdicts of just now on files that were announced long ago, their upload's items tell nothing yet.
    late = clinics.send(2, counted=False, judged_at=young)
    found, _ = clinics.sweep()
    assert (found.different, clinics.open()) == ({}, [])
    assert (len(found.under_way), found.audited) == (2, [late])


def test_clinics_are_alike_whatever_they_hold(clinics):
    for number in range(40):
        clinics.send(number, files=1)
    clinics.enter("lakeview")
    alone = clinics.send(99, "lakeview", files=1)
    clinics.damage(alone)
    found, _ = clinics.sweep()
    assert (len(found.audited), [*found.different]) == (3, [alone])


def test_a_days_sample_of_ten_uploads_of_a_hundred_files_reads_this_much(clinics):
    uploads = []
    for number in range(10):
        name = f"clinic-{number // 2}"
        clinics.enter(name)
        uploads.append(clinics.send(number, name, files=100))
    clinics.client.took.clear()

    found, _ = clinics.sweep()

    took = clinics.client.took
    assert (sorted(found.audited), found.different) == (uploads, {})
    calls = took["Query"] + took["BatchGetItem"] + took["GetItem"]
    a_month = 30 * PRICES["dynamodb read"].charge(took["read units"])
    assert calls <= 190, took
    assert took["read units"] <= 2_100, took
    assert a_month < 0.01


def test_no_feed_is_read_however_long_it_is_and_whatever_marks_are_gone(clinics):
    upload_id = clinics.send(1)
    for partition in [name for name in clinics.client.items if name.startswith("APPLIED#")]:
        del clinics.client.items[partition]
    clinics.client.read.clear()
    found, _ = clinics.sweep()
    assert found.different == {upload_id: ("changes",)}
    assert not [name for name in clinics.client.read if name.startswith("CHANGES#")]


def test_an_audit_ends_with_its_time_and_one_that_mends_cannot_do_without_the_feed(clinics):
    upload_id = clinics.send(1)
    dry = DryTable(clinics.client, "records", patience_s=0)
    assert UploadAuditor(dry, IDS, lambda: clinics.at).audit("northside", upload_id, time.monotonic()) is None
    whole = Rebuild(clinics.table, IDS, Pace(1e9), clinics.projections.apply, lambda: clinics.at)
    with pytest.raises(ValueError, match="only an audit"):
        whole.audit_alone("northside", upload_id)
