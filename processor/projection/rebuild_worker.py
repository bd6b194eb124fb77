"""Carries out rebuilds and audits, one after the other, for as long as a worker has time; the next one goes on."""

import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from intake.errors import ScalperError
from intake.files.model import now
from intake.messaging.ports import Worker
from intake.rebuilds.pace import OutOfTimeError, Pace
from intake.recounts.jobs import MOST_BUSY, MOST_FOUND, RebuildJob, RebuildJobs
from intake.recounts.model import Findings, Report

NOTED_EVERY_S = 5.0
"""So old is what people see of a job at the most, while its units are small."""

MARGIN_S = 30.0
"""Kept of a worker's time to mend what was read by then, and to note it."""

_DONE = "done"
"""The position behind all of a clinic."""


@dataclass(frozen=True, slots=True)
class Worked:
    """What one worker did: the jobs that it ended, and how many are left to be gone on with."""

    ended: tuple[RebuildJob, ...]
    left: int


class LostTurnError(ScalperError):
    """Raised where a job was stopped, or another worker has the turn."""


class Rebuilding(Protocol):
    """`intake.rebuilds.rebuild.Rebuild`: a rebuild, or an audit."""

    def rebuild_upload(self, clinic_id: str, upload_id: str, report: Report) -> Report: ...

    def rebuild_clinic(self, clinic_id: str, report: Report, after: str = "") -> Iterator[str]: ...


class RebuildWorker:
    """Takes jobs, the oldest first. `prepare` makes what rebuilds, or else audits, at a pace."""

    def __init__(
        self,
        *,
        jobs: RebuildJobs,
        list_clinics: Callable[[], Sequence[str]],
        prepare: Callable[[bool, Pace], Rebuilding],
        clock: Callable[[], datetime] = now,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._jobs = jobs
        self._list_clinics = list_clinics
        self._prepare = prepare
        self._clock = clock
        self._monotonic = monotonic

    def run(self, left: timedelta, turn: timedelta) -> Worked:
        """Work until little is left of the time; a turn at a job ends by itself after `turn`."""
        at, ends, ended = self._clock(), self._monotonic() + left.total_seconds() - MARGIN_S, list[RebuildJob]()
        for waiting in self._jobs.list_waiting(at):
            if self._monotonic() >= ends:
                break
            name = uuid.uuid4().hex
            job = self._jobs.take(waiting.job_id, name, self._clock(), at + turn)
            if job and (done := self._go_on(job, name, ends)):
                ended.append(done)
        return Worked(tuple(ended), len(self._jobs.list_waiting(self._clock())))

    def _go_on(self, job: RebuildJob, name: str, ends: float) -> RebuildJob | None:
        """Go on with a job, and return it where that was the last of it."""
        turn = _Turn(job, name, self._jobs, Pace(job.units_per_s, clock=self._monotonic, ends=ends), self._clock)
        try:
            rebuild = self._prepare(job.mends, turn.pace)
            for clinic_id in self._list_left(job):
                turn.begin(clinic_id)
                noted_at = self._monotonic()
                for position in _look_at(rebuild, turn):
                    turn.add_up(position)
                    turn.pace.check()
                    if self._monotonic() >= noted_at + NOTED_EVERY_S:
                        turn.note()
                        noted_at = self._monotonic()
                turn.finish_clinic()
            return turn.end()
        except OutOfTimeError:
            turn.interrupt()
            return None
        except LostTurnError:
            return None
        finally:
            self._jobs.give_back(job.job_id, name)

    def _list_left(self, job: RebuildJob) -> Iterator[str]:
        """Yield the clinics that a job is about, from the one that it has come to."""
        reached, _, behind = job.position.partition("/")
        for clinic_id in [job.clinic_id] if job.clinic_id else sorted(self._list_clinics()):
            if clinic_id > reached or (clinic_id == reached and behind != _DONE):
                yield clinic_id


@dataclass(frozen=True, slots=True)
class RebuildWatch:
    """Has somebody go on with the jobs that nobody is at: who was at them ran out of time, or fell."""

    jobs: RebuildJobs
    worker: Worker
    clock: Callable[[], datetime] = now

    def run(self) -> None:
        if self.jobs.list_waiting(self.clock()):
            self.worker.wake()


def _look_at(rebuild: Rebuilding, turn: "_Turn") -> Iterator[str]:
    """Look at what a job is about of one clinic, and yield a position after each unit."""
    if turn.job.upload_id:
        rebuild.rebuild_upload(turn.clinic_id, turn.job.upload_id, turn.report)
    else:
        yield from rebuild.rebuild_clinic(turn.clinic_id, turn.report, turn.behind)


class _Turn:
    """One worker's turn at a job, and what it adds to what was found before."""

    def __init__(
        self, job: RebuildJob, name: str, jobs: RebuildJobs, pace: Pace, clock: Callable[[], datetime]
    ) -> None:
        self.job = job
        self.pace = pace
        self.report = Report()
        self.clinic_id = ""
        self.behind = ""
        self._name = name
        self._jobs = jobs
        self._clock = clock
        self._has_moved = False

    def begin(self, clinic_id: str) -> None:
        """Begin a clinic, or go on where the job has come to in it."""
        reached, _, behind = self.job.position.partition("/")
        self.clinic_id, self.behind = clinic_id, behind if reached == clinic_id else ""
        self.report = Report(postponed=dict.fromkeys(self.job.postponed if self.behind else ()))

    def add_up(self, position: str) -> None:
        """Add to the job what was found since, and where it stands."""
        self._has_moved = True
        self.job = self._add(replace(self.job, position=f"{self.clinic_id}/{position}"))

    def finish_clinic(self) -> None:
        self.add_up(_DONE)
        self.job = replace(self.job, postponed=(), clinics=self.job.clinics + 1)

    def note(self) -> None:
        """Raises LostTurnError."""
        self.job = replace(self.job, worked_at=self._clock())
        if not self._jobs.note(self.job, self._name):
            raise LostTurnError("the job is not this worker's any more")

    def end(self) -> RebuildJob:
        """Raises LostTurnError."""
        self.job = replace(self.job, ended_at=self._clock())
        self.note()
        return self.job

    def interrupt(self) -> None:
        """Note how far it came; what took all of a turn is left out, for it would take all of the next one, too."""
        if not self._has_moved and self.report.at:
            self.report.busy.append(f"{self.report.at} of {self.clinic_id} takes longer than a worker may")
            self.add_up(self.report.at)
        self.job = self._add(self.job)
        self._jobs.note(replace(self.job, worked_at=self._clock()), self._name)

    def _add(self, job: RebuildJob) -> RebuildJob:
        report, found = self.report, self.report.findings
        added = replace(
            job,
            postponed=tuple(report.postponed),
            looked_at=job.looked_at + report.units,
            differences=job.differences + len(found.differences),
            uncounted=job.uncounted + found.uncounted,
            adopted=job.adopted + found.adopted,
            beside=job.beside + found.beside,
            busy=job.busy + len(report.busy),
            busy_units=(*job.busy_units, *report.busy)[:MOST_BUSY],
            read_units=job.read_units + self.pace.read,
            found=(*job.found, *found.differences)[:MOST_FOUND],
        )
        report.findings, report.units, report.busy, self.pace.read = Findings(), 0, [], 0
        return added
