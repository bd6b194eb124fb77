import random
from datetime import timedelta

import pytest

from intake.files.item_keys import upload_key
from intake.files.model import timestamp
from intake.files.states import State
from intake.projections.change_feed import DynamoChangeFeed
from intake.projections.model import OTHER, Change, Counted, Device, DeviceTally, Grain, Holding, Snapshot
from intake.projections.outbox import DynamoOutbox
from intake.projections.projections import DynamoProjections
from intake.records.pending import BATCH
from intake.records.records import DynamoRecords
from intake.table.table import Table, serialize
from tests.records import NOON, UPLOAD_ID, a_file, an_upload
from tests.unit.intake.conftest import TABLE

OTHERS_UPLOAD_ID = "01kanqzzzz0000000000000001"


def a_change(number=0, *, before=State.AWAITING_UPLOAD, after=State.ACCEPTED, old=None, **changes):
    """Return a change; what `Snapshot` names is what the record says after it, and `old` what it said before."""
    # An upload is one clinic's.
    upload_id = UPLOAD_ID if changes.get("clinic_id", "northside") == "northside" else OTHERS_UPLOAD_ID
    new = {name: changes.pop(name) for name in [*changes] if name in Snapshot.__dataclass_fields__}
    both = {"size": 1000, "dropped": changes.get("source") == "direct"}
    fields = {
        "file_id": a_file(number, upload_id=upload_id).file_id,
        "upload_id": upload_id,
        "clinic_id": "northside",
        "source": "web",
        "revision": 1,
        "old": before and Snapshot(before, **{**both, **(old or {})}),
        "new": Snapshot(after, **{**both, **new}),
        "at": NOON,
        "latency_ms": 150,
    }
    return Change(**{**fields, **changes})


@pytest.fixture
def projections(dynamodb):
    return DynamoProjections(Table(dynamodb, TABLE))


@pytest.fixture
def outbox(dynamodb):
    return DynamoOutbox(Table(dynamodb, TABLE))


@pytest.fixture
def records(dynamodb):
    records = DynamoRecords(Table(dynamodb, TABLE))
    records.create_upload(an_upload())
    records.add_files(an_upload(), [a_file(number) for number in range(60)])
    return records


def test_changes_count_once_however_often_and_in_whatever_order_they_are_delivered(projections, outbox, records):
    changes = [a_change(number) for number in range(40)]
    changes += [a_change(number, after=State.REJECTED, codes=("bad",)) for number in range(40, 50)]
    changes += [a_change(n, revision=2, before=State.REJECTED, warnings=1) for n in range(40, 43)]
    deliveries = changes * 3
    random.Random(20261122).shuffle(deliveries)

    for start in range(0, len(deliveries), 25):
        projections.apply(deliveries[start : start + 25])

    upload = records.upload(None, UPLOAD_ID)
    assert upload.counts[State.ACCEPTED] == 43
    assert upload.counts[State.REJECTED] == 7
    assert upload.counts[State.AWAITING_UPLOAD] == 10
    assert upload.warnings == 3
    for grain in Grain:
        (stretch,) = projections.buckets(grain, NOON, NOON)
        assert stretch.counts == {State.ACCEPTED: 43, State.REJECTED: 10}
        assert stretch.latency == {150: 53}
        assert stretch.codes == {"bad": 10}
        assert stretch.bytes == 43_000
    assert projections.holdings() == (Holding("northside", 43, 43_000),)
    assert outbox.take_due_alert("file.rejected", UPLOAD_ID, NOON).count == 10


def test_a_delivery_from_more_batches_than_fit_into_a_transaction_counts_each_of_them_down(projections, dynamodb):
    moments = [NOON + timedelta(milliseconds=number) for number in range(110)]
    keys = [upload_key(UPLOAD_ID, f"{BATCH}{timestamp(at)}") for at in moments]
    for key in keys:
        dynamodb.put_item(TableName=TABLE, Item=serialize({**key, "clinic_id": "northside", "rest": 2}))

    projections.apply([a_change(number, announced_at=at) for number, at in enumerate(moments)])

    assert [item["rest"] for item in Table(dynamodb, TABLE).batch_get(keys)] == [1] * 110


def test_a_reservation_adds_to_no_sum(projections, dynamodb):
    before = dynamodb.scan(TableName=TABLE)["Count"]
    projections.apply([a_change(before=None, after=State.AWAITING_UPLOAD)])
    assert dynamodb.scan(TableName=TABLE)["Count"] == before


def test_hours_are_told_apart_by_clinic_and_time(projections):
    projections.apply(
        [
            a_change(0, at=NOON - timedelta(days=1)),
            a_change(1, at=NOON + timedelta(minutes=59)),
            a_change(2, clinic_id="lakeview"),
            a_change(3, at=NOON - timedelta(hours=3)),
        ]
    )

    hours = projections.buckets(Grain.HOUR, NOON - timedelta(hours=2), NOON + timedelta(hours=1))
    assert sorted((hour.clinic_id, hour.start) for hour in hours) == [("lakeview", NOON), ("northside", NOON)]
    span = (NOON - timedelta(days=2), NOON + timedelta(hours=1))
    assert len(projections.buckets(Grain.HOUR, *span, "northside")) == 3


@pytest.mark.parametrize(
    ("grain", "ago", "queries"),
    [
        (Grain.FIVE_MINUTES, timedelta(minutes=55), 2),
        (Grain.HOUR, timedelta(hours=23), 2),
        (Grain.DAY, timedelta(days=6), 1),
        (Grain.DAY, timedelta(days=29), 2),
    ],
)
def test_a_span_is_read_whole_in_few_queries_however_long_it_is(projections, dynamodb, grain, ago, queries):
    inside = [NOON - ago, NOON - ago / 2, NOON]
    outside = [NOON - ago - grain.value, NOON + grain.value]
    projections.apply([a_change(number, at=at) for number, at in enumerate([*inside, *outside])])
    calls = []
    dynamodb.meta.events.register("before-call.dynamodb.*", lambda model, **_: calls.append(model.name))

    found = projections.buckets(grain, NOON - ago, NOON)

    assert [bucket.start for bucket in found] == [grain.start(at) for at in inside]
    assert calls == ["Query"] * queries


def test_a_duplicates_bytes_are_not_stored_again(projections):
    projections.apply([a_change(0), a_change(1, duplicate=True), a_change(2, after=State.REJECTED)])

    assert projections.holdings() == (Holding("northside", 1, 1000),)


def test_devices_are_told_apart_and_those_beyond_the_register_are_counted_together(projections, dynamodb, monkeypatch):
    monkeypatch.setattr("intake.projections.time_buckets.DEVICES", 2)
    scanners = [Device(f"{number:012}", f"Scanner {number}") for number in range(4)]
    changes = [a_change(number, device=scanners[number % 4]) for number in range(8)]
    changes += [a_change(8, device=scanners[0], after=State.REJECTED, codes=("bad", "worse"))]

    projections.apply(changes[:5])
    DynamoProjections(Table(dynamodb, TABLE)).apply(changes * 2)

    (day,) = projections.buckets(Grain.DAY, NOON, NOON)
    assert day.devices == {
        scanners[0].key: DeviceTally(accepted=2, rejected=1, codes={"bad": 1, "worse": 1}),
        scanners[1].key: DeviceTally(accepted=2),
        OTHER: DeviceTally(accepted=4),
    }
    assert projections.device_labels(NOON, NOON) == {
        OTHER: "Other devices", scanners[0].key: "Scanner 0", scanners[1].key: "Scanner 1",
    }  # fmt: skip


def test_a_storm_is_one_message_and_the_rest_is_told_when_it_has_been_quiet(projections, outbox):
    projections.apply([a_change(number, after=State.REJECTED, codes=("bad",)) for number in range(3)])

    due = outbox.take_due_alert("file.rejected", UPLOAD_ID, NOON)
    assert (due.count, due.codes, due.clinic_id) == (3, {"bad": 3}, "northside")
    outbox.mark_told(due, NOON)

    projections.apply([a_change(number, after=State.REJECTED, codes=("worse",)) for number in range(3, 8)])
    assert outbox.take_due_alert("file.rejected", UPLOAD_ID, NOON + timedelta(minutes=14)) is None
    assert list(outbox.list_pending_alerts()) == [("file.rejected", UPLOAD_ID)]

    later = outbox.take_due_alert("file.rejected", UPLOAD_ID, NOON + timedelta(minutes=15))
    assert (later.count, later.codes) == (5, {"worse": 5})
    outbox.mark_told(later, NOON + timedelta(minutes=15))
    assert list(outbox.list_pending_alerts()) == []


def test_an_alert_that_one_worker_is_sending_is_not_sent_by_another(projections, outbox):
    projections.apply([a_change(after=State.FAILED)])

    assert outbox.take_due_alert("file.failed", UPLOAD_ID, NOON)
    assert outbox.take_due_alert("file.failed", UPLOAD_ID, NOON + timedelta(seconds=30)) is None


def test_an_alert_whose_sender_died_is_sent_by_the_next(projections, outbox):
    projections.apply([a_change(after=State.FAILED)])
    outbox.take_due_alert("file.failed", UPLOAD_ID, NOON)

    assert outbox.take_due_alert("file.failed", UPLOAD_ID, NOON + timedelta(minutes=2)).count == 1


def test_changes_that_come_while_an_alert_is_being_sent_are_told_later(projections, outbox):
    projections.apply([a_change(0, after=State.REJECTED)])
    due = outbox.take_due_alert("file.rejected", UPLOAD_ID, NOON)
    projections.apply([a_change(1, after=State.REJECTED)])
    outbox.mark_told(due, NOON)

    assert outbox.take_due_alert("file.rejected", UPLOAD_ID, NOON + timedelta(minutes=16)).count == 1


def test_what_is_announced_is_told_once_for_each_episode_and_not_before_it_is_due(outbox):
    for _ in range(2):
        outbox.announce("upload.completed", "northside", UPLOAD_ID, "60", NOON + timedelta(minutes=2))
    assert outbox.take_due_alert("upload.completed", UPLOAD_ID, NOON) is None

    later = NOON + timedelta(minutes=2)
    due = outbox.take_due_alert("upload.completed", UPLOAD_ID, later)
    assert (due.clinic_id, due.subject, due.count) == ("northside", UPLOAD_ID, 1)
    outbox.mark_told(due, later)
    outbox.announce("upload.completed", "northside", UPLOAD_ID, "60", later)
    assert list(outbox.list_pending_alerts()) == []

    outbox.announce("upload.completed", "northside", UPLOAD_ID, "90", later)
    assert list(outbox.list_pending_alerts()) == [("upload.completed", UPLOAD_ID)]


def test_an_unsettled_archive_counts_as_awaited_and_is_told_when_it_is_settled(projections, records, dynamodb):
    archive = {"entries": 2, "counted": Counted(container=True)}
    accepted = a_change(**archive, unsettled=True)
    projections.apply([accepted])
    counts = records.upload("northside", accepted.upload_id).counts
    before = (counts[State.AWAITING_UPLOAD] > 0, counts[State.ACCEPTED])

    rejected = a_change(
        revision=2, before=State.ACCEPTED, after=State.REJECTED, old={**archive, "unsettled": True}, **archive
    )
    projections.apply([rejected, rejected])

    assert before == (True, 0)
    upload = records.upload("northside", accepted.upload_id)
    assert (upload.counts[State.ACCEPTED], upload.containers) == (0, {State.REJECTED: 1})
    assert [(holding.files, holding.bytes) for holding in projections.holdings()] == [(0, 0)]
    told = DynamoChangeFeed(Table(dynamodb, TABLE)).changes("northside", None, 10).entries
    assert [(entry.before, entry.after) for entry in told] == [(State.AWAITING_UPLOAD, State.REJECTED)]
