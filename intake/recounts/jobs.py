"""Rebuilds and audits that an admin asked for: what is to be looked at, and how far it has come.

A worker has a turn at a job, which ends by itself: whoever comes next goes on where it stands.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from intake.errors import ScalperError
from intake.recounts.model import Difference

MOST_FOUND = 200
"""Differences of a job that are kept to be read; the others are counted."""

MOST_UNFINISHED = 5
"""Jobs that wait or run at a time: one is worked at, and whoever asks for more has looked at none."""

MOST_BUSY = 50
"""Units that kept changing, of which it is kept what they were."""


class TooManyRebuildsError(ScalperError):
    """Raised when a job is to be placed while as many as may be have not ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RebuildJob:
    """A rebuild, or an audit, which writes nothing."""

    job_id: str
    """Has the form of an upload's id, so jobs sort by age. Whoever asks chooses it: asking twice is one job."""
    clinic_id: str
    """Empty: all clinics, one after the other."""
    upload_id: str = ""
    """Empty: all that the clinic has. Otherwise this one, and the studies that it brought something of."""
    mends: bool
    """Whether what differs is made right; otherwise it is told only."""
    actor: str
    """Opaque id of who asked for it."""
    placed_at: datetime
    units_per_s: int
    """Read units a second that it may use."""
    position: str = ""
    """The clinic that it has come to, and where in it: behind the slash, as `Rebuild.rebuild_clinic` yields it."""
    postponed: tuple[str, ...] = ()
    """Positions in that clinic that come again."""
    clinics: int = 0
    """Clinics that are done."""
    looked_at: int = 0
    """Uploads, studies and other units that were."""
    differences: int = 0
    """Numbers that stood otherwise than the records make them."""
    uncounted: int = 0
    """Changes of records that no sum held."""
    adopted: int = 0
    """Marks of what was counted that were wrong or gone."""
    beside: int = 0
    """Items beside the sums that were wrong or gone."""
    busy: int = 0
    """Units that kept changing, and are to be looked at another time."""
    busy_units: tuple[str, ...] = ()
    """The first of them, and what was too large, in words."""
    read_units: int = 0
    worked_at: datetime | None = None
    """When it last went on."""
    ended_at: datetime | None = None
    stopped: bool = False
    """Whether an admin ended it."""
    found: tuple[Difference, ...] = field(default=(), repr=False)
    """The first differences. Only `find` and `take` read them."""

    @property
    def is_exact(self) -> bool:
        """Whether nothing was wrong with what was looked at."""
        return not (self.differences or self.uncounted or self.adopted or self.beside)


class RebuildJobs(Protocol):
    """Jobs, newest first where they are listed."""

    def place(self, job: RebuildJob) -> RebuildJob:
        """Note a job to be done. Return the one that stands there already where its id was used before."""
        ...

    def find(self, job_id: str) -> RebuildJob:
        """Return a job with what it found. Raises NotFoundError."""
        ...

    def list_recent(self, limit: int) -> tuple[RebuildJob, ...]: ...

    def stop(self, job_id: str, at: datetime) -> RebuildJob:
        """End a job before its time; one that has ended stays as it is. Raises NotFoundError."""
        ...

    def list_waiting(self, at: datetime) -> tuple[RebuildJob, ...]:
        """Return the jobs that are to be gone on with and that nobody has a turn at, the oldest first."""
        ...

    def take(self, job_id: str, turn: str, at: datetime, until: datetime) -> RebuildJob | None:
        """Take the turn at a job, which ends by itself. None where another has it, or the job has ended."""
        ...

    def note(self, job: RebuildJob, turn: str) -> bool:
        """Write how far a job has come, and its end. Say whether the turn was still its worker's."""
        ...

    def give_back(self, job_id: str, turn: str) -> None:
        """End a turn before its time; one that has ended already, and may be another's by now, stays as it is."""
        ...
