"""Positions in lists: what is none of a list's own never gets as far as DynamoDB."""

from datetime import timedelta

import pytest

from intake.errors import InvalidCursorError
from intake.files.states import State
from intake.operations.dynamodb import DynamoAudit
from intake.operations.model import AuditFilter
from intake.orders.orders import DynamoOrders
from intake.projections.change_feed import DynamoChangeFeed
from intake.records.records import DynamoRecords
from intake.search.dynamodb import DynamoSearch, DynamoTroubles
from intake.search.ports import FileQuery
from intake.studies.model import StudyQuery
from intake.studies.studies import DynamoStudies
from intake.table.table import Table
from tests.records import IDS, NOON, UPLOAD_ID
from tests.unit.intake.conftest import TABLE

HOSTILE = [
    "",
    "!",
    "~",
    "IQ",
    " ",
    "\0",
    "é",
    "\ud800",
    "#META",
    "#COUNTS",
    "FILE#",
    "FILE#~",
    "ANSWER#~~",
    "0#",
    "~HEAD",
    "2026-11-22",
    "2026-~~",
    "1999-12-31T12:00:00.000Z#0123456789ab'",
    "' OR 1=1 --",
    '{"pk": "UPLOAD#"}',
    "2026-11-22#" + "z" * 200,
    "FILE#" + "z" * 10_000,
]

DAY = {"since": NOON, "until": NOON + timedelta(days=1)}


class Unreachable:
    """A DynamoDB that nothing may be asked of."""

    def __getattr__(self, name):
        raise AssertionError(f"DynamoDB was asked: {name}")


def lists():
    """Return every list of the table's: a position in, a page out."""
    table = Unreachable()
    records, search = DynamoRecords(Table(table, TABLE)), DynamoSearch(Table(table, TABLE), IDS)
    studies = DynamoStudies(Table(table, TABLE), IDS)
    study = IDS.study("northside", "1.2")

    def files(**asked):
        return lambda after: search.files(FileQuery(clinic_id="northside", **asked), after, 5)

    return {
        "uploads": lambda after: records.uploads("northside", after, 5),
        "files": lambda after: records.files("northside", None, None, after, 5),
        "all files in a state": lambda after: records.files(None, State.REJECTED, NOON, after, 5),
        "an upload's files": lambda after: records.files_of(UPLOAD_ID, after, 5),
        "search by upload": files(upload_id=UPLOAD_ID),
        "search by study": files(study_id=study),
        "search by series": files(study_id=study, series_id=IDS.series("northside", "1.2.3")),
        "search by patient": files(patient_id="TEST-1", **DAY),
        "search by name": files(name="scan"),
        "search by modality": files(modality="CT", **DAY),
        "studies": lambda after: studies.studies(StudyQuery(clinic_id="northside", first_date="20260101"), after, 5),
        "everybody's studies": lambda after: studies.studies(StudyQuery(clinic_id=None), after, 5),
        "trouble": lambda after: DynamoTroubles(Table(table, TABLE)).files(UPLOAD_ID, "1#a#", after, 5),
        "an order's answers": lambda after: DynamoOrders(Table(table, TABLE)).answers("", UPLOAD_ID, after, 5),
        "changes": lambda after: DynamoChangeFeed(Table(table, TABLE)).changes("northside", after, 5),
        "the audit log": lambda after: DynamoAudit(Table(table, TABLE)).entries(AuditFilter(), after, 5),
        "a day of the audit log": lambda after: DynamoAudit(Table(table, TABLE)).entries(AuditFilter(**DAY), after, 5),
    }


@pytest.mark.parametrize("name", lists())
def test_a_position_that_is_none_is_refused_before_anything_is_read(name):
    read = lists()[name]
    for position in HOSTILE:
        with pytest.raises(InvalidCursorError):
            read(position)


@pytest.mark.parametrize(
    ("name", "position"),
    [
        ("the audit log", "2026-11-22T12:00:00.000Z#0123456789ag"),
        ("a day of the audit log", "2026-11-21T12:00:00.000Z#0123456789ab"),
        ("a day of the audit log", "2026-11-24T12:00:00.000Z#0123456789ab"),
        ("search by series", f"{IDS.series('northside', '1.2.4')}#0000000001#{UPLOAD_ID}-00001"),
        ("search by modality", f"2026-11-21T12:00:00.000Z#{UPLOAD_ID}-00001"),
        ("search by patient", f"2026-11-24T12:00:00.000Z#{UPLOAD_ID}-00001"),
        ("studies", f"20251231#{IDS.study('northside', '1.2')}"),
        ("trouble", f"1#b#{UPLOAD_ID}-00001"),
        ("an upload's files", "#STUDY#01kanqzzzz0000000000000000"),
        ("files", "CHANGES#lakeview"),
        ("search by upload", "#STUDY#01kanqzzzz0000000000000000"),
        ("an order's answers", "PORTION#0000001"),
    ],
)
def test_a_position_of_another_part_of_the_same_partition_is_refused(name, position):
    with pytest.raises(InvalidCursorError):
        lists()[name](position)
