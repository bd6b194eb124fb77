"""A day's sample of uploads: drawn once, audited as far as a sweep's time allows, told where it differs and mended."""

from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from intake.operations.model import Fault, SampledUpload, UploadAudit
from processor.projection.samples import CLINICS, MOST_FILES, UPLOADS, DailySample
from processor.reconcile.incidents import FollowUp
from processor.reconcile.rounds import Resender, TimeShare, begin_share
from tests.fakes import (
    FakeIncidents,
    FakeInventory,
    FakeObjects,
    FakeQueue,
    FakeRecords,
    FakeRounds,
    FakeTable,
    FakeUploadAudits,
    FakeUploadSamples,
)
from tests.records import IDS, NOON

EXACT, DIFFERENT = UploadAudit(()), UploadAudit(("upload.n_accepted",))
MOVING = UploadAudit((), is_moving=True)


class Steps:
    """A share of time that is over after some audits."""

    def __init__(self, audits, steps):
        self.audits, self.steps = audits, steps

    def share(self):
        end = len(self.audits.asked) + self.steps
        return TimeShare(ends=end, clock=lambda: len(self.audits.asked))


class World:
    """A sample between fakes, as a function that begins anew at each sweep."""

    def __init__(self, *uploads):
        self.at = NOON + timedelta(days=1)
        self.samples, self.audits = FakeUploadSamples([*uploads]), FakeUploadAudits()
        self.incidents, self.rounds = FakeIncidents(), FakeRounds()

    def start(self):
        return DailySample(
            samples=self.samples,
            audits=self.audits,
            incidents=self.incidents,
            rounds=self.rounds,
            chance=Random(1),
            clock=lambda: self.at,
        )

    def sweep(self, share=None):
        return self.start().run(share or begin_share(60))

    def follow_up(self, share=None):
        return FollowUp(
            incidents=self.incidents,
            rounds=self.rounds,
            records=FakeRecords(FakeTable()),
            inventory=FakeInventory(FakeObjects()),
            resender=Resender(FakeQueue()),
            ids=IDS,
            audits=self.audits,
            chance=Random(2),
            clock=lambda: self.at,
        ).run(share or begin_share(60))


def sampled(number, clinic_id="northside", **changes):
    upload = SampledUpload(clinic_id=clinic_id, upload_id=f"01kanq{number:020d}", files=3, changed_at=NOON)
    return replace(upload, **changes)


def test_a_sample_is_drawn_once_a_day_and_each_upload_of_it_audited_once():
    world = World(*(sampled(number, f"clinic-{number // 3}") for number in range(30)))
    first = world.sweep()
    assert len(first.audited) == first.drawn == CLINICS * UPLOADS
    assert len({*first.audited}) == len(first.audited)
    assert world.sweep() == replace(first, drawn=0, audited=[])
    assert world.audits.asked == first.audited

    world.at += timedelta(days=1)
    assert world.sweep().drawn == CLINICS * UPLOADS


def test_who_knows_that_the_days_sample_is_done_asks_nobody():
    world = World(sampled(1))
    sample = world.start()
    sample.run(begin_share(60))
    world.rounds = sample._rounds = None
    assert sample.run(begin_share(60)).drawn == 0


def test_clinics_without_uploads_leave_their_place_to_others():
    world = World(*(sampled(number, f"clinic-{number}") for number in range(20)))
    world.samples.clinics = lambda: [*(f"clinic-{number}" for number in range(20)), *(f"new-{n}" for n in range(25))]
    assert world.sweep().drawn == CLINICS


def test_too_large_uploads_and_those_that_something_came_to_just_now_are_told_and_left_out():
    large = sampled(1, files=MOST_FILES + 1)
    fresh = sampled(2, changed_at=NOON + timedelta(days=1) - timedelta(minutes=15) + timedelta(seconds=1))
    found = World(large, fresh).sweep()
    assert (found.drawn, found.audited) == (2, [])
    assert (found.too_large, found.under_way) == ([large.upload_id], [fresh.upload_id])

    world = World(replace(large, files=MOST_FILES), replace(fresh, changed_at=fresh.changed_at - timedelta(seconds=1)))
    assert len(world.sweep().audited) == 2


def test_what_does_not_fit_into_a_sweep_is_gone_on_with_by_the_next_and_given_up_the_next_day():
    world = World(*(sampled(number, f"clinic-{number}") for number in range(5)))
    steps = Steps(world.audits, 2)
    assert (len(world.sweep(steps.share()).audited), world.sweep(steps.share()).left) == (2, 1)
    assert len({*world.audits.asked}) == 4

    world.at += timedelta(days=1)
    world.samples.uploads = [sampled(9)]
    found = world.sweep()
    assert (len(found.given_up), found.audited) == (1, [sampled(9).upload_id])
    assert found.given_up[0] not in world.audits.asked


def test_an_upload_that_time_was_too_short_for_has_the_next_share_for_itself_and_is_then_given_up():
    world = World(sampled(1), sampled(2))
    long = sampled(2).upload_id
    world.audits.told[long] = None
    first = world.sweep()
    assert (first.given_up, long in world.audits.asked) == ([], True), "drawing took of the time, too"
    assert (world.sweep().given_up, world.sweep().left) == ([long], 0)
    assert (world.audits.asked.count(long), world.audits.asked.count(sampled(1).upload_id)) == (2, 1)


def test_a_difference_is_noted_at_once_told_at_the_second_look_and_closed_when_it_is_mended():
    world = World(sampled(1), sampled(2))
    wrong = sampled(2).upload_id
    world.audits.told[wrong] = DIFFERENT
    assert world.sweep().different == {wrong: ("upload.n_accepted",)}
    (incident,) = world.incidents.standing.values()
    assert (incident.fault, incident.upload_id, incident.seen_at) == (Fault.SUMS_DIFFER, wrong, world.at)
    assert world.incidents.told == []

    followed = world.follow_up()
    assert (followed.standing, followed.told, [one.upload_id for one in world.incidents.told]) == (1, 1, [wrong])
    assert (world.follow_up().standing, len(world.incidents.told)) == (1, 1)

    world.audits.told[wrong] = EXACT
    followed = world.follow_up()
    assert (followed.standing, followed.closed, world.incidents.standing) == (0, 1, {})


@pytest.mark.parametrize("unseen", [None, MOVING])
def test_what_cannot_be_seen_to_again_stands_and_is_neither_told_nor_closed(unseen):
    world = World(sampled(1))
    world.audits.told[sampled(1).upload_id] = DIFFERENT
    world.sweep()
    world.audits.told[sampled(1).upload_id] = unseen
    followed = world.follow_up()
    assert (followed.standing, followed.told, followed.closed) == (1, 0, 0)


def test_a_sweep_audits_five_again_and_in_time_every_one_is_told_and_closed():
    world = World(*(sampled(number, f"clinic-{number % 5}") for number in range(10)))
    world.audits.told = dict.fromkeys((sampled(number).upload_id for number in range(10)), DIFFERENT)
    world.sweep()
    assert len(world.incidents.standing) == 10
    world.audits.asked.clear()
    assert [world.follow_up().told for _ in range(3)] == [5, 5, 0]
    assert len(world.audits.asked) == 15

    world.audits.told = {}
    chance = Random(3)
    for _ in range(20):
        world.audits.asked.clear()
        follow_up = FollowUp(
            incidents=world.incidents, rounds=world.rounds, records=FakeRecords(FakeTable()),
            inventory=FakeInventory(FakeObjects()), resender=Resender(FakeQueue()), ids=IDS, audits=world.audits,
            chance=chance, clock=lambda: world.at,
        )  # fmt: skip
        follow_up.run(begin_share(60))
        assert len(world.audits.asked) <= 5
    assert world.incidents.standing == {}


def test_what_was_told_of_is_audited_again_twice_an_hour_only():
    world = World(sampled(1))
    world.audits.told[sampled(1).upload_id] = DIFFERENT
    world.sweep()
    world.follow_up()
    world.audits.asked.clear()
    for _ in range(24):
        world.at += timedelta(minutes=5)
        assert world.follow_up().standing == 1
    assert len(world.audits.asked) == 4


def test_what_keeps_changing_is_told_as_under_way_unless_something_of_it_differs():
    world = World(sampled(1), sampled(2))
    world.audits.told = {
        sampled(1).upload_id: MOVING,
        sampled(2).upload_id: replace(DIFFERENT, is_moving=True),
    }
    found = world.sweep()
    assert (found.under_way, [*found.different]) == ([sampled(1).upload_id], [sampled(2).upload_id])


class KilledError(BaseException):
    """A function ends."""


def test_a_kill_in_the_middle_repeats_and_leaves_none_out():
    world = World(*(sampled(number, f"clinic-{number}") for number in range(5)))
    world.audits.told[sampled(3).upload_id] = DIFFERENT
    asked = world.audits.asked
    for calls_until_end in range(1, 5):
        world.rounds, world.incidents = FakeRounds(), FakeIncidents()
        asked.clear()
        audit, write = world.audits.audit, world.rounds.write

        def killed(*told, audit=audit, last=calls_until_end):
            if len(asked) == last:
                world.rounds.write = lambda positions: None  # Who is killed writes nothing any more.
                raise KilledError
            return audit(*told)

        world.audits.audit = killed
        with pytest.raises(KilledError):
            world.sweep()
        world.audits.audit, world.rounds.write = audit, write
        world.sweep()
        assert {*asked} >= {sampled(number).upload_id for number in range(5)}
        assert len(world.incidents.standing) == 1


def test_an_audit_that_fails_is_an_error_and_keeps_no_other_upload_waiting():
    world = World(*(sampled(number, f"clinic-{number}") for number in range(5)))
    broken, audit = sampled(3).upload_id, world.audits.audit

    def fail(clinic_id, upload_id, ends):
        if upload_id == broken:
            raise ConnectionError
        return audit(clinic_id, upload_id, ends)

    world.audits.audit = fail
    failures = 0
    for _ in range(2):
        try:
            world.sweep()
        except ConnectionError:
            failures += 1
    assert failures > 0
    assert len({*world.audits.asked}) == 4
    world.audits.audit = audit
    assert world.sweep().audited == [broken]
