"""Rebuilds and audits that are asked for, taken in turns, and noted."""

from dataclasses import replace
from datetime import timedelta

import pytest

from intake.errors import NotFoundError
from intake.recounts.dynamodb import DynamoRebuildJobs
from intake.recounts.jobs import RebuildJob
from intake.recounts.model import Difference
from tests.fakes import FakeRebuildJobs
from tests.records import NOON

FIRST, SECOND = "01kanqzzzz0000000000000001", "01kanqzzzz0000000000000002"
LATER = NOON + timedelta(minutes=15)


def a_job(job_id=FIRST, **changes):
    facts = {"clinic_id": "northside", "mends": True, "actor": "admin-1", "placed_at": NOON, "units_per_s": 200}
    return RebuildJob(job_id=job_id, **{**facts, **changes})


def a_job_under_way(**changes):
    facts = {
        "position": "northside/1#01kanq", "postponed": ("0#01kanp",), "clinics": 1, "looked_at": 12, "differences": 2,
        "uncounted": 3, "adopted": 4, "beside": 5, "busy": 1, "busy_units": ("study 4f keeps changing",),
        "read_units": 77, "worked_at": NOON + timedelta(minutes=1),
        "found": (Difference("upload 01k", "n_accepted", 3, 5), Difference("study 4f", "bytes", 0, 9)),
    }  # fmt: skip
    return a_job(**{**facts, **changes})


@pytest.fixture
def jobs(in_table):
    return in_table(FakeRebuildJobs, DynamoRebuildJobs)


def test_a_job_is_placed_once_whoever_asks_again(jobs):
    assert jobs.place(a_job()) == a_job()
    assert jobs.place(a_job(actor="another", mends=False)) == a_job()
    assert jobs.find(FIRST) == a_job()


@pytest.mark.parametrize("unknown", [FIRST, "", "no id", "../FOUND"])
def test_nobody_finds_or_stops_what_there_is_not(jobs, unknown):
    with pytest.raises(NotFoundError):
        jobs.find(unknown)
    with pytest.raises(NotFoundError):
        jobs.stop(unknown, NOON)


def test_the_newest_jobs_come_first_without_what_they_found(jobs):
    for job_id in (FIRST, SECOND):
        jobs.place(a_job(job_id))
        jobs.take(job_id, "a", NOON, LATER)
        jobs.note(a_job_under_way(job_id=job_id), "a")
    assert jobs.list_recent(5) == tuple(a_job_under_way(job_id=job_id, found=()) for job_id in (SECOND, FIRST))
    assert [job.job_id for job in jobs.list_recent(1)] == [SECOND]


def test_all_that_is_noted_of_a_job_is_read_again(jobs):
    jobs.place(a_job())
    assert jobs.take(FIRST, "a", NOON, LATER) == a_job()
    assert jobs.note(a_job_under_way(), "a")
    assert jobs.find(FIRST) == a_job_under_way()
    assert jobs.take(FIRST, "b", LATER + timedelta(seconds=1), LATER + timedelta(hours=1)) == a_job_under_way()


def test_one_worker_at_a_time_has_the_turn_until_it_ends_by_itself(jobs):
    jobs.place(a_job())
    assert jobs.take(FIRST, "a", NOON, LATER)
    assert jobs.list_waiting(NOON) == ()
    assert jobs.take(FIRST, "b", NOON, LATER) is None
    # Its own, where the SDK has repeated a call whose answer was lost.
    assert jobs.take(FIRST, "a", NOON, LATER)
    late = LATER + timedelta(seconds=1)
    assert [job.job_id for job in jobs.list_waiting(late)] == [FIRST]
    assert jobs.take(FIRST, "b", late, late + timedelta(minutes=15))
    assert not jobs.note(a_job_under_way(), "a")
    assert jobs.find(FIRST) == a_job()


def test_a_turn_is_given_back_by_whoever_has_it_alone(jobs):
    jobs.place(a_job())
    jobs.take(FIRST, "a", NOON, LATER)
    jobs.give_back(FIRST, "b")
    assert jobs.list_waiting(NOON) == ()
    jobs.give_back(FIRST, "a")
    assert [job.job_id for job in jobs.list_waiting(NOON)] == [FIRST]
    assert jobs.take(FIRST, "b", NOON, LATER)


def test_a_job_that_has_ended_waits_for_nobody_and_takes_no_more_notes(jobs):
    jobs.place(a_job())
    jobs.take(FIRST, "a", NOON, LATER)
    ended = a_job_under_way(ended_at=LATER)
    assert jobs.note(ended, "a")
    jobs.give_back(FIRST, "a")
    assert jobs.list_waiting(LATER + timedelta(days=1)) == ()
    assert jobs.take(FIRST, "b", LATER + timedelta(days=1), LATER + timedelta(days=2)) is None
    assert not jobs.note(a_job_under_way(), "a")
    assert jobs.stop(FIRST, LATER + timedelta(hours=1)) == ended


def test_a_job_that_is_stopped_ends_under_its_worker(jobs):
    jobs.place(a_job())
    jobs.take(FIRST, "a", NOON, LATER)
    jobs.note(a_job_under_way(), "a")
    stopped = jobs.stop(FIRST, LATER)
    assert stopped == replace(a_job_under_way(), ended_at=LATER, stopped=True)
    assert not jobs.note(a_job_under_way(looked_at=99), "a")
    assert jobs.find(FIRST) == stopped


def test_the_oldest_job_waits_first(jobs):
    for job_id in (SECOND, FIRST):
        jobs.place(a_job(job_id))
    assert [job.job_id for job in jobs.list_waiting(NOON)] == [FIRST, SECOND]
