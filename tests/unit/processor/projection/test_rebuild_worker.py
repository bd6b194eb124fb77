"""Who carries out rebuilds: turns, positions, what is noted, and what becomes of a job whose worker falls."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from intake.rebuilds.pace import OutOfTimeError
from intake.recounts.jobs import MOST_BUSY, MOST_FOUND, RebuildJob
from intake.recounts.model import Difference
from processor.projection.rebuild_worker import MARGIN_S, RebuildWatch, RebuildWorker
from tests.fakes import FakeRebuildJobs, FakeWorker
from tests.records import NOON

JOB, OTHER_JOB = "01kanqzzzz0000000000000001", "01kanqzzzz0000000000000002"
UPLOAD = "01kanqzzzz0000000000000009"
UNITS = {"eastside": ["0#u1", "0#u2", "1#u1", "2#feed"], "northside": ["0#u3", "2#feed"]}
LAMBDA_S, TURN = 900.0, timedelta(minutes=15, seconds=10)


class CrashError(Exception):
    """A worker ends."""


class World:
    """Clinics of some units each, which take time; time passes there and nowhere else."""

    def __init__(self):
        self.jobs, self.seconds, self.looked_at, self.unit_s = FakeRebuildJobs(), 0.0, [], {}
        self.before, self.prepared, self.postponed = (lambda unit: None), [], []

    def at(self):
        return NOON + timedelta(seconds=self.seconds)

    def place(self, job_id=JOB, **changes):
        facts = {"clinic_id": "", "mends": False, "actor": "admin-1", "placed_at": NOON, "units_per_s": 200}
        self.jobs.place(RebuildJob(job_id=job_id, **{**facts, **changes}))

    def work(self, seconds=LAMBDA_S):
        worker = RebuildWorker(
            jobs=self.jobs, list_clinics=lambda: [*UNITS][::-1], prepare=self.prepare, clock=self.at,
            monotonic=lambda: self.seconds,
        )  # fmt: skip
        return worker.run(timedelta(seconds=seconds), TURN)

    def prepare(self, mends, pace):
        self.prepared.append((mends, pace.units_per_s))
        return Units(self, pace)

    @property
    def job(self):
        return self.jobs.jobs[JOB]


class Units:
    """Stands for the engine: it looks at units, each of which has one number wrong."""

    def __init__(self, world, pace):
        self.world, self.pace = world, pace

    def rebuild_upload(self, clinic_id, upload_id, report):
        self.look(clinic_id, f"0#{upload_id}", report)
        return report

    def rebuild_clinic(self, clinic_id, report, after=""):
        self.world.postponed.append(tuple(report.postponed))
        for unit in UNITS[clinic_id]:
            if unit > after:
                self.look(clinic_id, unit, report)
                yield unit

    def look(self, clinic_id, unit, report):
        report.at = unit
        self.world.before(f"{clinic_id}/{unit}")
        self.pace.check()
        self.world.seconds += self.world.unit_s.get(f"{clinic_id}/{unit}", 1)
        self.pace.check()
        self.pace.read += 10
        self.world.looked_at.append(f"{clinic_id}/{unit}")
        report.findings.differences.append(Difference(clinic_id, unit, 1, 2))
        report.findings.uncounted += 1
        report.units += 1


ALL = [f"{clinic_id}/{unit}" for clinic_id, units in UNITS.items() for unit in units]


@pytest.fixture
def world():
    return World()


def test_all_clinics_are_looked_at_one_after_the_other_and_all_of_it_is_added_up(world):
    world.place()
    worked = world.work()
    assert world.looked_at == ALL
    assert worked.ended == (world.job,)
    assert worked.left == 0
    assert (world.job.clinics, world.job.looked_at, world.job.differences, world.job.uncounted) == (2, 6, 6, 6)
    assert (world.job.read_units, world.job.ended_at, world.job.busy) == (60, NOON + timedelta(seconds=6), 0)
    assert [one.subject for one in world.job.found] == ["eastside"] * 4 + ["northside"] * 2


@pytest.mark.parametrize("mends", [False, True])
def test_a_job_says_what_is_looked_at_how_fast_and_whether_it_is_mended(world, mends):
    world.place(clinic_id="northside", mends=mends, units_per_s=77)
    world.work()
    assert world.looked_at == ["northside/0#u3", "northside/2#feed"]
    assert world.prepared == [(mends, 77)]


def test_one_upload_is_looked_at_alone(world):
    world.place(clinic_id="northside", upload_id=UPLOAD)
    world.work()
    assert world.looked_at == [f"northside/0#{UPLOAD}"]
    assert (world.job.looked_at, world.job.differences, world.job.ended_at) == (1, 1, NOON + timedelta(seconds=1))


@pytest.mark.parametrize("seconds", [MARGIN_S + 1.5, MARGIN_S + 2.5, MARGIN_S + 3.5, MARGIN_S + 5.5])
def test_whoever_runs_out_of_time_is_followed_by_one_who_goes_on_and_nothing_is_looked_at_twice(world, seconds):
    world.place()
    turns = 0
    while world.job.ended_at is None:
        world.work(seconds)
        turns += 1
        assert turns < 9
    assert world.looked_at == ALL
    assert (world.job.looked_at, world.job.differences, world.job.clinics, world.job.read_units) == (6, 6, 2, 60)
    assert turns > 1


@pytest.mark.parametrize("where", ALL)
def test_whoever_falls_is_followed_by_one_who_begins_where_it_was_noted_last(world, where):
    world.place()
    fallen = []

    def fall(unit):
        if unit == where and not fallen:
            fallen.append(unit)
            raise CrashError

    world.before = fall
    world.unit_s = dict.fromkeys(ALL, 6)  # Each is noted.
    with pytest.raises(CrashError):
        world.work()
    assert world.job.ended_at is None
    world.work()
    assert Counter(world.looked_at) == Counter(ALL)
    assert (world.job.looked_at, world.job.differences, world.job.clinics) == (6, 6, 2)


def test_a_killed_worker_keeps_others_away_until_its_turn_is_over(world):
    world.place()
    world.jobs.take(JOB, "killed", NOON, NOON + TURN)
    assert world.work().left == 0
    assert world.looked_at == []
    world.seconds = TURN.total_seconds() + 1
    world.work()
    assert world.looked_at == ALL


def test_a_unit_that_takes_a_whole_turn_is_left_out_and_told(world):
    world.place()
    world.unit_s = {"eastside/0#u2": 10_000}
    world.work(MARGIN_S + 60)
    assert world.job.position == "eastside/0#u1"
    world.work(MARGIN_S + 60)
    world.work(MARGIN_S + 60)
    assert world.looked_at == [unit for unit in ALL if unit != "eastside/0#u2"]
    assert world.job.ended_at
    assert (world.job.busy, world.job.busy_units) == (1, ("0#u2 of eastside takes longer than a worker may",))


def test_a_job_that_is_stopped_is_left_at_the_next_note(world):
    world.place()
    world.unit_s = dict.fromkeys(ALL, 6)
    world.before = lambda unit: world.jobs.stop(JOB, world.at()) if unit == "eastside/0#u2" else None
    worked = world.work()
    assert (worked.ended, worked.left) == ((), 0)
    assert world.looked_at == ["eastside/0#u1", "eastside/0#u2"]
    assert world.job.stopped


def test_who_has_lost_its_turn_writes_nothing_over_what_another_has_noted(world):
    world.place()
    world.unit_s = dict.fromkeys(ALL, 6)

    def lose(unit):
        if unit == "eastside/1#u1":
            world.jobs.turns[JOB] = ("another", world.at() + TURN)
            world.jobs.jobs[JOB] = replace(world.job, looked_at=50)

    world.before = lose
    world.work()
    assert world.job.looked_at == 50
    assert world.jobs.turns[JOB][0] == "another"


def test_jobs_are_done_the_oldest_first_while_there_is_time(world):
    world.place(OTHER_JOB, clinic_id="eastside")
    world.place(JOB, clinic_id="northside")
    worked = world.work(MARGIN_S + 4)
    assert world.looked_at[:2] == ["northside/0#u3", "northside/2#feed"]
    assert [job.job_id for job in worked.ended] == [JOB]
    assert worked.left == 1


def test_what_is_postponed_is_told_to_whoever_goes_on(world):
    world.place(clinic_id="eastside", position="eastside/0#u1", postponed=("0#u1",))
    world.work()
    assert world.postponed == [("0#u1",)]
    assert world.looked_at == ["eastside/0#u2", "eastside/1#u1", "eastside/2#feed"]


def test_what_is_kept_to_be_read_is_bounded_and_the_rest_is_counted(world):
    world.place(clinic_id="northside")
    many = tuple(Difference("an upload", "n_accepted", 0, number) for number in range(MOST_FOUND - 1))
    world.jobs.jobs[JOB] = replace(world.job, differences=500, found=many, busy_units=("x",) * MOST_BUSY)
    world.work()
    assert (world.job.differences, len(world.job.found), len(world.job.busy_units)) == (502, MOST_FOUND, MOST_BUSY)


def test_people_see_within_seconds_how_far_it_came(world):
    world.place()
    world.unit_s = dict.fromkeys(ALL, 6)
    seen = []
    world.before = lambda unit: seen.append(world.job.looked_at)
    world.work()
    assert seen == [0, 1, 2, 3, 4, 5]
    assert world.job.worked_at == world.at()


def test_whoever_ends_before_time_is_over_leaves_its_turn(world):
    world.place()
    world.work(MARGIN_S + 2)
    assert world.jobs.list_waiting(world.at()) != ()


def test_the_sweep_has_somebody_go_on_while_a_job_waits_and_wakes_nobody_otherwise(world):
    worker = FakeWorker()
    watch = RebuildWatch(world.jobs, worker, world.at)
    watch.run()
    assert worker.woken == 0
    world.place()
    watch.run()
    assert worker.woken == 1
    world.jobs.take(JOB, "a", NOON, NOON + TURN)
    watch.run()
    assert worker.woken == 1


def test_nobody_begins_what_there_is_no_time_for(world):
    world.place()
    assert world.work(MARGIN_S).left == 1
    assert world.looked_at == []


def test_the_engines_own_end_of_time_is_no_failure(world):
    def out_of_time(unit):
        if unit == "eastside/1#u1":
            raise OutOfTimeError("over")

    world.place()
    world.before = out_of_time
    assert world.work().left == 1
    assert world.job.position == "eastside/0#u2"
