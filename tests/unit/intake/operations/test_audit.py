from datetime import UTC, datetime, timedelta

import pytest

from intake.operations.dynamodb import DynamoAudit
from intake.operations.model import AuditEntry, AuditFilter
from intake.table.table import Table
from tests.unit.intake.conftest import _schema

TABLE = "audit"
START = datetime(2026, 12, 31, 23, 0, tzinfo=UTC)
EVERYTHING = AuditFilter(until=START + timedelta(days=30))


@pytest.fixture
def audit(aws):
    return DynamoAudit(create_audit_table(aws))


def create_audit_table(aws):
    """Return a table as the stack makes it."""
    client = aws.client("dynamodb")
    client.create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk", "clinic_id", "actor")
        ],
        KeySchema=_schema("pk", "sk"),
        GlobalSecondaryIndexes=[
            {"IndexName": index, "KeySchema": _schema(name, "sk"), "Projection": {"ProjectionType": "ALL"}}
            for index, name in (("by_clinic", "clinic_id"), ("by_actor", "actor"))
        ],
    )
    return Table(client, TABLE)


def entry(number, **facts):
    return AuditEntry(
        **{
            "at": START + timedelta(minutes=30 * number),
            "actor": "admin-1",
            "actor_name": "Ada",
            "action": "file.reprocess",
            "clinic_id": "northside",
            "subject": f"file-{number}",
            "detail": {"files": "1"},
            **facts,
        }
    )


def everything(audit, wanted, limit):
    found, cursor = [], None
    while True:
        page = audit.entries(wanted, cursor, limit)
        assert len(page.rows) <= limit
        found += page.rows
        cursor = page.next
        if cursor is None:
            return found


def test_an_entry_is_read_back_as_it_was_written(audit):
    written = entry(0, reason="The scanner was mended.")
    audit.write(written)
    assert audit.entries(EVERYTHING, None, 10).rows == (written,)


def test_pages_hold_every_entry_once_newest_first_across_the_turn_of_the_year(audit):
    written = [entry(number) for number in range(7)]
    for each in written:
        audit.write(each)
    for limit in (1, 2, 3, 7, 8):
        assert everything(audit, EVERYTHING, limit) == written[::-1]


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        ({"clinic_id": "lakeview"}, [3]),
        ({"clinic_id": "northside", "actor": "admin-2"}, [1]),
        ({"actor": "admin-2"}, [1]),
        ({"action": "partner.revoke"}, [2]),
        ({"action": "partner."}, [2]),
        ({"subject": "file-3"}, [3]),
        ({"since": START + timedelta(minutes=60)}, [3, 2]),
        ({"until": START + timedelta(minutes=30)}, [1, 0]),
        ({"since": START + timedelta(minutes=30), "clinic_id": "northside", "action": "file."}, [1]),
    ],
)
def test_filters_leave_what_was_asked_for(audit, wanted, numbers):
    written = [
        entry(0),
        entry(1, actor="admin-2"),
        entry(2, action="partner.revoke", clinic_id=""),
        entry(3, clinic_id="lakeview"),
    ]
    for each in written:
        audit.write(each)
    until = {"until": EVERYTHING.until, **wanted}
    for limit in (1, 10):
        assert everything(audit, AuditFilter(**until), limit) == [written[number] for number in numbers]
