"""One clinic's days: what they hold, and what they cost."""

from datetime import timedelta

import pytest

from intake.files.states import State
from intake.projections.history import MOST_DAYS, DynamoClinicHistory
from intake.projections.model import Device, Grain
from intake.projections.projections import DynamoProjections
from intake.table.table import Table
from tests.fakes import FakeProjections
from tests.records import NOON
from tests.unit.intake.conftest import TABLE
from tests.unit.intake.projections.test_projections import a_change

DAY = timedelta(days=1)
SCANNER = Device("0123456789ab", "Acme CT · 0123")


@pytest.fixture(params=["dynamodb", "fake"])
def history(request):
    """Return what projects, and what reads it: the table's, and the fake that the portal's tests use."""
    if request.param == "fake":
        fake = FakeProjections()
        return fake, fake
    table = Table(request.getfixturevalue("dynamodb"), TABLE)
    return DynamoProjections(table), DynamoClinicHistory(table)


def test_a_clinics_days_are_its_own_and_lie_in_the_span(history):
    projections, reader = history
    projections.apply(
        [
            a_change(0, at=NOON - 84 * DAY),
            a_change(1, at=NOON - 83 * DAY, device=SCANNER),
            a_change(2, at=NOON),
            a_change(3, at=NOON + DAY),
            a_change(4, at=NOON, clinic_id="lakeview"),
        ]
    )
    found = reader.read("northside", NOON - 83 * DAY, NOON)
    assert [day.start for day in found.days] == [Grain.DAY.start(NOON - 83 * DAY), Grain.DAY.start(NOON)]
    assert {day.clinic_id for day in found.days} == {"northside"}
    assert found.device_labels[SCANNER.key] == SCANNER.label


def test_a_file_that_was_rejected_before_is_told_apart_from_those_accepted_at_first(history):
    projections, reader = history
    projections.apply(
        [
            a_change(0),
            a_change(1, after=State.REJECTED),
            a_change(1, revision=2, before=State.REJECTED),
            a_change(2, after=State.FAILED),
            a_change(2, revision=2, before=State.FAILED),
            a_change(3, revision=2, before=State.ACCEPTED),
        ]
    )
    (day,) = reader.read("northside", NOON, NOON).days
    assert (day.counts[State.ACCEPTED], day.counts[State.REJECTED], day.accepted_again) == (3, 1, 1)


@pytest.mark.parametrize("files", [1, 200])
@pytest.mark.parametrize("days", [0, 30, 84, MOST_DAYS])
def test_twelve_weeks_take_one_call_however_many_files_and_clinics_there_are(dynamodb, files, days):
    projections = DynamoProjections(Table(dynamodb, TABLE))
    clinics = ("northside", "lakeview")
    projections.apply(
        [
            a_change(number, file_id=f"{clinic}-{number}", at=NOON - number % 90 * DAY, clinic_id=clinic)
            for number in range(files)
            for clinic in clinics
        ]
    )
    calls = []
    dynamodb.meta.events.register("before-call.dynamodb.*", lambda model, **_: calls.append(model.name))
    DynamoClinicHistory(Table(dynamodb, TABLE)).read("northside", NOON - days * DAY, NOON)
    assert calls == ["BatchGetItem"]
