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


@pytest.mark.parametrize(("hour", "told"), [(18, 0), (19, 0), (20, 0), (21, 1), (23, 1)])
def test_where_files_come_without_a_pause_it_is_told_all_the_same(world, hour, told):
    """The queue is everybody's: one who sends without a pause would keep all others from being told."""
    world.expect("A1")
    world.queue.send([{"waits": 1}])
    assert len(world.sweep(hour)) == told


def test_a_day_that_files_waited_through_is_told_in_the_night_and_not_lost(world):
    world.expect("A1")
    world.reminders.choose_hour("northside", 23)
    world.queue.send([{"waits": 1}])
    assert world.sweep(23) == []
    for hour, told in ((0, 0), (1, 0), (2, 1), (22, 1)):
        world.at = NOON.replace(hour=hour, minute=5) + timedelta(days=1)
        world.watch.run()
        world.projector.tell_pending()
        assert len(world.alerts.published) == told


def test_who_expects_more_than_anybody_does_keeps_nobody_else_from_being_told(world, monkeypatch):
    """A sweep has minutes, and works for all clinics."""
    monkeypatch.setattr("processor.reconcile.missing_exams.MOST_LOOKED_AT", 200)
    world.expect(*(f"A{number}" for number in range(450)))
    world.expect("A1", clinic="lakeview")
    asked = []
    list_day = world.expected.list_day
    monkeypatch.setattr(world.expected, "list_day", lambda *at: (asked.append(at[0]), list_day(*at))[1])
    assert sorted(world.sweep(20)) == [
        "[Silent Scalper] 1 expected exam did not come at lakeview",
        "[Silent Scalper] 200 expected exams did not come at northside",
    ]
    assert asked.count("northside") == 2


def test_a_clinic_whose_evening_is_the_next_day_in_utc_is_told_of_the_day_that_ended(world):
    world.expect("A1")
    world.reminders.choose_hour("northside", 2)
    assert [len(world.sweep(hour)) for hour in (1, 2, 18, 23)] == [0, 0, 0, 0]
    world.at = NOON.replace(hour=2, minute=5) + timedelta(days=1)
    world.watch.run()
    world.projector.tell_pending()
    (alert,) = world.alerts.published
    assert f"https://portal.test/expected?day={NOON:%Y-%m-%d}" in alert.body
