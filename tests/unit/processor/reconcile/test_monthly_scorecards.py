"""Each clinic that sent anything is told of its month once, in numbers."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from intake.files.keys import UNASSIGNED
from intake.files.states import State
from intake.messaging.model import AlertKind
from intake.tenants.model import Clinic
from processor.projection import alert_texts
from processor.reconcile.monthly_scorecards import MonthlyScorecards
from tests.fakes import FakeDirectory, FakeProjections
from tests.unit.intake.projections.test_projections import a_change

FIRST = datetime(2026, 12, 1, 6, 4, tzinfo=UTC)
ORIGIN = "https://portal.test"


class World:
    def __init__(self):
        self.at, self.sums, self.directory = FIRST, FakeProjections(), FakeDirectory()
        for name in ("northside", "lakeview"):
            self.directory.save_clinic(Clinic(name, name.title()))
        self.watch = MonthlyScorecards(self.directory, self.sums, self.sums, clock=lambda: self.at)

    def sent(self, month, count=1, *, clinic="northside", day=15, **changes):
        self.sums.apply(
            [
                a_change(
                    file_id=f"{clinic}-{month}-{day}-{changes.get('after')}-{number}",
                    at=datetime(2026, month, day, 23, 59, tzinfo=UTC),
                    clinic_id=clinic,
                    **changes,
                )
                for number in range(count)
            ]
        )

    def due(self, clinic="northside"):
        return self.sums.take_due_alert(AlertKind.SCORECARD, clinic, self.at)

    def pending(self):
        return [subject for kind, subject in self.sums.list_pending_alerts() if kind == AlertKind.SCORECARD]


@pytest.fixture
def world():
    return World()


def test_a_clinic_is_told_of_the_month_before_and_the_one_before_that(world):
    world.sent(11, 59)
    world.sent(11, 1, after=State.REJECTED, codes=("pixel-data-short",))
    world.sent(10, 4, day=1)
    world.sent(10, 1, after=State.REJECTED, codes=("empty-file",))
    world.sent(9, 7, day=30)
    world.sent(12, 3, day=1)
    assert world.watch.run() == 1
    alert = alert_texts.write_scorecard(world.due(), ORIGIN)
    assert alert.subject == ("[Silent Scalper] Last month at northside: 60 files checked, 98.3 % accepted at first try")
    assert "The month before: 5 files checked, 80.0 % accepted at first try." in alert.body
    assert "- 1 x pixel-data-short: " in alert.body
    assert "empty-file" not in alert.body
    assert f"{ORIGIN}/scorecard" in alert.body
    assert (alert.kind, alert.severity) == ("clinic.scorecard", "info")


def test_it_is_told_once_however_often_the_sweep_looks(world):
    world.sent(11, 2)
    for _ in range(12):
        world.watch.run()
        world.at += timedelta(minutes=5)
    world.sums.mark_told(world.due(), world.at)
    for days in (1, 2):
        world.at = FIRST + timedelta(days=days)
        world.watch.run()
    assert world.pending() == []


def test_a_sweep_that_failed_on_the_first_day_is_made_up_for(world):
    world.sent(11, 2)
    world.at = FIRST + timedelta(days=1)
    assert world.watch.run() == 1


@pytest.mark.parametrize(
    "at", [FIRST.replace(hour=5), FIRST.replace(hour=7), FIRST.replace(day=4), FIRST.replace(day=30)]
)
def test_at_other_times_nothing_is_read(world, at):
    world.sent(11, 2)
    world.at = at
    assert world.watch.run() == 0
    assert world.sums.reads == 0


def test_the_next_month_is_told_again_and_january_knows_december(world):
    world.sent(11, 2)
    world.watch.run()
    world.sums.mark_told(world.due(), world.at)
    world.sent(12, 3)
    world.at = datetime(2027, 1, 1, 6, 0, tzinfo=UTC)
    assert world.watch.run() == 1
    assert "3 files checked" in alert_texts.write_scorecard(world.due(), ORIGIN).subject


def test_who_sent_nothing_or_takes_no_part_is_told_nothing(world):
    world.sent(10, 2, clinic="lakeview")
    world.sent(11, 2)
    world.sent(11, 2, clinic=UNASSIGNED)
    world.directory.save_clinic(replace(world.directory.clinic("northside"), active=False))
    assert world.watch.run() == 0
    assert world.pending() == []


def test_a_month_without_rejections_says_so(world):
    world.sent(11, 1)
    world.watch.run()
    alert = alert_texts.write_scorecard(world.due(), ORIGIN)
    assert "1 file checked, 100.0 % accepted at first try" in alert.subject
    assert "No file was rejected." in alert.body
    assert "In the month before, no file was checked." in alert.body
