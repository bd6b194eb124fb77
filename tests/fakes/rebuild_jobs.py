"""Rebuilds and audits, in memory."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from intake.errors import NotFoundError
from intake.recounts.jobs import RebuildJob


@dataclass
class FakeRebuildJobs:
    """Keeps jobs for good."""

    jobs: dict[str, RebuildJob] = field(default_factory=dict)
    turns: dict[str, tuple[str, datetime | None]] = field(default_factory=dict)
    """By job, whose turn it is and when it ends."""

    def place(self, job: RebuildJob) -> RebuildJob:
        return self.jobs.setdefault(job.job_id, job)

    def find(self, job_id: str) -> RebuildJob:
        if job_id not in self.jobs:
            raise NotFoundError(job_id)
        return self.jobs[job_id]

    def list_recent(self, limit: int) -> tuple[RebuildJob, ...]:
        newest_first = sorted(self.jobs.values(), key=lambda job: job.job_id, reverse=True)
        return tuple(replace(job, found=()) for job in newest_first[:limit])

    def stop(self, job_id: str, at: datetime) -> RebuildJob:
        job = self.find(job_id)
        if job.ended_at is None:
            self.jobs[job_id] = replace(job, ended_at=at, stopped=True)
        return self.jobs[job_id]

    def list_waiting(self, at: datetime) -> tuple[RebuildJob, ...]:
        waiting = (job for job in self.jobs.values() if job.ended_at is None and not self._is_taken(job.job_id, at))
        return tuple(replace(job, found=()) for job in sorted(waiting, key=lambda job: job.job_id))

    def take(self, job_id: str, turn: str, at: datetime, until: datetime) -> RebuildJob | None:
        job = self.jobs.get(job_id)
        whose, _ = self.turns.get(job_id, ("", None))
        if job is None or job.ended_at or (whose != turn and self._is_taken(job_id, at)):
            return None
        self.turns[job_id] = turn, until
        return job

    def note(self, job: RebuildJob, turn: str) -> bool:
        whose, _ = self.turns.get(job.job_id, ("", None))
        if whose != turn or self.jobs[job.job_id].ended_at:
            return False
        self.jobs[job.job_id] = job
        return True

    def give_back(self, job_id: str, turn: str) -> None:
        if self.turns.get(job_id, ("", None))[0] == turn:
            self.turns[job_id] = turn, None

    def _is_taken(self, job_id: str, at: datetime) -> bool:
        _, until = self.turns.get(job_id, ("", None))
        return until is not None and until >= at


@dataclass
class FakeWorker:
    """Counts how often it was woken."""

    woken: int = 0

    def wake(self) -> None:
        self.woken += 1
