"""Counting requests by the minute, and what reaches strangers by the day."""

from datetime import timedelta

from intake.table.table import Table
from intake.tenants.dynamodb import DynamoRequestCounts
from tests.records import NOON
from tests.unit.intake.conftest import TABLE


def test_requests_are_counted_by_client_and_minute(dynamodb):
    counts = DynamoRequestCounts(Table(dynamodb, TABLE))
    assert [counts.add("one", NOON), counts.add("one", NOON), counts.add("other", NOON)] == [1, 2, 1]
    assert counts.add("one", NOON + timedelta(minutes=1)) == 1


def test_a_day_is_counted_apart_from_its_minutes_and_begins_anew_at_midnight(dynamodb):
    counts = DynamoRequestCounts(Table(dynamodb, TABLE))
    counts.add("one", NOON)
    assert [counts.add_today("one", NOON), counts.add_today("one", NOON + timedelta(hours=11))] == [1, 2]
    assert counts.add_today("one", NOON + timedelta(hours=12)) == 1


def test_what_is_counted_goes_by_ttl(dynamodb):
    DynamoRequestCounts(Table(dynamodb, TABLE)).add_today("one", NOON)
    (item,) = dynamodb.scan(TableName=TABLE)["Items"]
    assert int(item["expires"]["N"]) == int((NOON + timedelta(days=2)).timestamp())
