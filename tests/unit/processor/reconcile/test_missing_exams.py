from datetime import timedelta

import pytest

from intake.expectations.model import Reminder
from intake.messaging.model import AlertKind
from intake.tenants.model import Clinic
from processor.projection.projector import Projector
from processor.projection.replacements import Replacements
from processor.reconcile.missing_exams import ExpectedWatch
from tests.fakes import (
    FakeAlerts,
    FakeDirectory,
    FakeEvents,
    FakeExpectedExams,
    FakeProjections,
    FakeQueue,
    FakeReminders,
    FakeRepairs,
    FakeTable,
)
from tests.records import NOON
from tests.unit.intake.contracts.test_expectations import an_exam
from tests.unit.intake.studies.test_boards import image

TODAY = f"{NOON:%Y%m%d}"


class World:
    def __init__(self):
        self.at = NOON
        self.table, self.reminders = FakeTable(), FakeReminders()
        self.expected = FakeExpectedExams(self.table)
        self.sums, self.queue, self.alerts, self.directory = (
            FakeProjections(),
            FakeQueue(),
            FakeAlerts(),
            FakeDirectory(),
        )
        for name in ("northside", "lakeview"):
            self.directory.save_clinic(Clinic(name, name.title()))
        self.watch = ExpectedWatch(
            self.expected, self.reminders, self.sums, self.queue, directory=self.directory, clock=lambda: self.at
        )
        self.projector = Projector(
            self.sums,
            self.sums,
            self.alerts,
            events=FakeEvents(),
            upload_of=lambda upload_id: None,
            language_of=self.directory.mail_language,
            replacements=Replacements(FakeRepairs(), lambda file_ids: {}, tell_unread=[].append),
            portal_origin="https://portal.test",
            clock=lambda: self.at,
        )

    def expect(self, *accessions, clinic="northside", day=TODAY, **changes):
        self.expected.save(
            clinic, [an_exam(clinic, accession_number=one, study_date=day, **changes) for one in accessions]
        )

    def sweep(self, hour):
        self.at = NOON.replace(hour=hour, minute=5)
        self.watch.run()
        self.projector.tell_pending()
        return [alert.subject for alert in self.alerts.published]


@pytest.fixture
def world():
    return World()


def test_what_did_not_come_by_the_hour_is_told_once(world):
    world.expect("A1", "A2", "ACC-77")
    world.expect("A4", cancelled=False)
    world.expected.cancel("northside", an_exam(accession_number="A4", study_date=TODAY).expected_id)
    world.table.files |= {record.file_id: record for record in [image(1)]}
    world.reminders.choose_hour("northside", 16)
    assert world.sweep(15) == []
    assert world.sweep(16) == ["[Silent Scalper] 2 expected exams did not come at northside"]
    for hour in (16, 17, 23):
        assert len(world.sweep(hour)) == 1
    (alert,) = world.alerts.published
    assert (alert.kind, alert.clinic_id, alert.severity) == (AlertKind.EXAMS_MISSING, "northside", "warning")
    assert f"https://portal.test/expected?day={NOON:%Y-%m-%d}" in alert.body
    assert "TEST-1" not in alert.body
    assert "A1" not in alert.body


def test_where_all_came_or_nothing_was_expected_nobody_is_told(world):
    world.expect("ACC-77")
    world.table.files |= {record.file_id: record for record in [image(1)]}
    assert world.sweep(20) == []
    assert world.reminders.read(["northside"])["northside"].told_day == TODAY


def test_each_clinic_is_told_of_its_own(world):
    world.expect("A1")
    world.expect("A1", "A2", clinic="lakeview")
    world.reminders.choose_hour("lakeview", 19)
    assert world.sweep(18) == ["[Silent Scalper] 1 expected exam did not come at northside"]
    assert world.sweep(19)[1:] == ["[Silent Scalper] 2 expected exams did not come at lakeview"]


def test_a_day_that_ended_before_a_sweep_came_is_told_after_it(world):
    yesterday = f"{NOON - timedelta(days=1):%Y%m%d}"
    world.expect("A1", day=yesterday)
    world.reminders.kept["northside"] = Reminder(23, f"{NOON - timedelta(days=2):%Y%m%d}")
    assert len(world.sweep(1)) == 1
    assert world.reminders.read(["northside"])["northside"].told_day == yesterday


def test_while_files_wait_for_their_verdict_nothing_is_said_to_be_missing(world):
    world.expect("A1")
    world.queue.send([{"waits": 1}])
    assert world.sweep(20) == []
    world.queue.messages.clear()
    assert len(world.sweep(20)) == 1


def test_a_crash_between_announcing_and_noting_tells_nobody_twice(world):
    world.expect("A1")
    world.sweep(20)
    world.reminders.kept.clear()
    assert len(world.sweep(21)) == 1


def test_a_clinic_that_takes_no_part_any_more_is_told_nothing(world):
    world.expect("A1")
    world.directory.save_clinic(Clinic("northside", "Northside", active=False))
    assert world.sweep(20) == []


def test_a_day_of_many_exams_is_read_page_by_page(world):
    world.expect(*(f"A{number}" for number in range(250)))
    assert world.sweep(20) == ["[Silent Scalper] 250 expected exams did not come at northside"]
