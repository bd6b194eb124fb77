from intake.operations.dynamodb import DynamoWatch
from intake.operations.model import QuietClinic
from intake.table.table import Table
from tests.records import NOON
from tests.unit.intake.conftest import TABLE


def test_what_was_noted_last_is_what_is_seen(dynamodb):
    watch = DynamoWatch(Table(dynamodb, TABLE))
    assert watch.quiet() == ()

    watch.note_quiet([QuietClinic("northside", 15, NOON), QuietClinic("lakeview", 7, NOON)], NOON)
    watch.note_quiet([QuietClinic("lakeview", 7, NOON)], NOON)

    assert watch.quiet() == (QuietClinic("lakeview", 7, NOON),)
