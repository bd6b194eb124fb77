from datetime import timedelta

import pytest

from intake.files.keys import UNASSIGNED
from intake.files.states import State
from intake.operations.model import FILES
from intake.tenants.model import Clinic
from processor.projection.projector import Projector
from processor.projection.replacements import Replacements
from processor.reconcile.quiet_clinics import QuietWatch
from tests.fakes import FakeAlerts, FakeDirectory, FakeEvents, FakeProjections, FakeQueue, FakeRepairs
from tests.records import NOON
from tests.unit.intake.projections.test_projections import a_change

AT = NOON + timedelta(minutes=20)
WEEK = timedelta(weeks=1)


class World:
    def __init__(self):
        self.at = AT
        self.sums, self.queue, self.alerts = FakeProjections(), FakeQueue(), FakeAlerts()
        self.directory = FakeDirectory()
        for name in ("northside", "lakeview", "eastside"):
            self.directory.save_clinic(Clinic(name, name.title()))
        self.watch = QuietWatch(
            self.sums, self.sums, self.sums, self.queue, directory=self.directory, clock=lambda: self.at
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

    def sent(self, ago, count=FILES, clinic="northside", after=State.ACCEPTED):
        at = AT - ago
        self.sums.apply(
            [
                a_change(number, file_id=f"{clinic}-{at}-{number}", at=at, clinic_id=clinic, after=after)
                for number in range(count)
            ]
        )

    def quiet(self):
        self.watch.run()
        return [(clinic.clinic_id, clinic.usual) for clinic in self.sums.quiet()]


@pytest.fixture
def world():
    """A clinic that sent in these hours of three of the last four weeks."""
    world = World()
    for week, count in ((1, 20), (2, 30), (4, 10)):
        world.sent(week * WEEK + timedelta(hours=3), count)
    return world


def test_a_usually_busy_clinic_that_sends_nothing_is_quiet(world):
    assert world.quiet() == [("northside", 15)]


def test_a_clinic_that_sent_anything_in_these_hours_is_not(world):
    world.sent(timedelta(hours=5), 1, after=State.REJECTED)

    assert world.quiet() == []


def test_files_that_never_came_are_no_sign_of_life(world):
    world.sent(timedelta(hours=5), 1, after=State.EXPIRED)

    assert world.quiet() == [("northside", 15)]


@pytest.mark.parametrize("ago", [timedelta(hours=9), timedelta(hours=-2)])
def test_a_clinic_that_is_busy_at_other_hours_is_not_missed(ago):
    world = World()
    for week in range(1, 5):
        world.sent(week * WEEK + ago)

    assert world.quiet() == []


def test_nothing_is_expected_of_a_deactivated_clinic_and_of_none(world):
    for week in range(1, 5):
        world.sent(week * WEEK + timedelta(hours=1), clinic=UNASSIGNED)
    world.directory.save_clinic(Clinic("northside", "Northside", active=False))

    assert world.quiet() == []


def test_nothing_is_expected_of_a_prefix_that_somebody_made_up():
    world = World()
    for week in range(1, 5):
        world.sent(week * WEEK + timedelta(hours=1), clinic="nosuchclinic")

    assert world.quiet() == []


def test_few_files_and_few_weeks_make_no_habit():
    world = World()
    for week in range(1, 5):
        world.sent(week * WEEK + timedelta(hours=1), FILES - 1, "lakeview")
    for week in range(1, 3):
        world.sent(week * WEEK + timedelta(hours=1), 100, "eastside")

    assert world.quiet() == []


def test_while_files_wait_for_us_nobody_is_blamed(world):
    world.queue.send([{}])

    assert world.watch.run() == 0
    assert world.sums.list_pending_alerts() == []


def test_a_quiet_spell_is_told_once_and_the_next_one_again(world):
    for _ in range(3):
        world.watch.run()
        world.projector.tell_pending()
        world.at += timedelta(minutes=5)
    (alert,) = world.alerts.published
    assert (alert.kind, alert.clinic_id, alert.severity) == ("clinic.quiet", "northside", "warning")
    assert alert.subject == "[Silent Scalper] No files from northside for 6 hours"

    world.sent(timedelta(minutes=-20), 1)
    world.at += timedelta(minutes=5)
    assert world.quiet() == []
    world.sums.changes.pop((f"northside-{AT + timedelta(minutes=20)}-0", 1))
    world.at += timedelta(minutes=30)
    world.watch.run()
    assert world.projector.tell_pending() == 1


def test_a_spell_that_lasts_through_a_calm_night_and_a_week_is_told_once(world):
    for week in range(1, 5):
        world.sent(week * WEEK - timedelta(days=1), FILES)  # And busy at this time tomorrow, too.
    began = world.at
    # A message is kept from being told again for a week by the outbox; the sweep goes on for longer.
    while world.at < began + timedelta(days=9):
        world.watch.run()
        world.projector.tell_pending()
        if world.at == began + timedelta(days=8):
            world.sums.announced.clear()
        world.at += timedelta(hours=4)
    assert len(world.alerts.published) == 1
    assert [clinic.since for clinic in world.sums.quiet()] == [began]


def test_a_clinic_that_stays_away_is_missed_for_as_long_as_it_is_remembered(world):
    world.watch.run()
    world.at += timedelta(weeks=4)

    assert world.quiet() == []


def test_the_look_takes_few_reads_however_many_clinics_there_are(world):
    for number in range(30):
        world.sent(timedelta(hours=1), 1, f"clinic-{number}")
    world.sums.reads = 0

    world.watch.run()

    assert world.sums.reads == 5
