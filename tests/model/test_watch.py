"""A write that no step may make is told, whoever makes it."""

import pytest

from tests.model.dynamodb import InMemoryDynamoDB
from tests.model.watch import Watch, check_record

RESERVED = {"at": "2026-11-22T12:00:00.000Z", "actor": "x", "event": "reserved"}
REJECTED = {"at": "2026-11-22T12:00:01.000Z", "actor": "x", "event": "rejected"}
RECORD = {
    "clinic_id": "northside",
    "upload_id": "u",
    "file_id": "u-00000",
    "created_at": "2026-11-22T12:00:00.000Z",
    "created_key": "k",
    "incoming": {"bucket": "incoming", "key": "northside/k"},
    "state": "awaiting_upload",
    "revision": 0,
    "timeline": [RESERVED],
}
JUDGED = {**RECORD, "state": "rejected", "revision": 1, "timeline": [RESERVED, REJECTED]}


def test_a_verdict_is_lawful():
    check_record({}, RECORD)
    check_record(RECORD, JUDGED)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"timeline": [REJECTED]}, "a step was lost"),
        ({"revision": 2}, "counted otherwise than once"),
        ({"revision": 0}, "counted otherwise than once"),
        ({"clinic_id": "lakeview"}, "became another's"),
        ({"created_at": "2026-11-23T12:00:00.000Z"}, "became another's"),
        ({"incoming": {"bucket": "incoming", "key": "lakeview/k"}}, "another object settled"),
        ({"state": "deleted"}, "became deleted"),
        ({"timeline": [RESERVED], "revision": 0}, "no step tells"),
    ],
)
def test_each_lawless_change_of_a_record_is_told(change, told):
    with pytest.raises(AssertionError, match=told):
        check_record(RECORD, {**JUDGED, **change})


def test_a_timeline_that_goes_back_is_told():
    late = {**REJECTED, "at": "2026-11-22T12:00:00.500Z", "event": "accepted"}
    after = {**JUDGED, "state": "accepted", "revision": 2, "timeline": [RESERVED, REJECTED, late]}
    with pytest.raises(AssertionError, match="goes back in time"):
        check_record(JUDGED, after)


def test_a_write_to_another_clinics_item_is_told_and_one_to_nobodys_is_not():
    table = InMemoryDynamoDB()
    watch = Watch(table)
    watch.allow("northside")
    for owner in ("northside", "unassigned"):
        table.put_item(Item={"pk": {"S": owner}, "sk": {"S": "#META"}, "clinic_id": {"S": owner}})
    watch.check()
    table.put_item(Item={"pk": {"S": "x"}, "sk": {"S": "#META"}, "clinic_id": {"S": "lakeview"}})
    with pytest.raises(AssertionError, match="another clinic's item"):
        watch.check()


def test_an_item_that_changes_its_owner_is_told():
    table = InMemoryDynamoDB()
    watch = Watch(table)
    for owner in ("northside", "lakeview"):
        table.put_item(Item={"pk": {"S": "x"}, "sk": {"S": "#META"}, "clinic_id": {"S": owner}})
    with pytest.raises(AssertionError, match="changed its owner"):
        watch.check()
