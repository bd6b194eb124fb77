"""How a clinic's own files fared over twelve weeks: for its staff, of their clinic alone.

The days come in one call, whatever the clinic has sent; the rest is arithmetic.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from intake.files.states import State
from intake.projections.model import Bucket, Grain
from intake.projections.tally import measure_share
from portal.auth.identity import Identity
from portal.monitoring.statistics import Standing, rank_devices, sum_counts, sum_states
from portal.services import Services

WEEKS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What became of files of one stretch of time."""

    since: datetime
    until: datetime
    """The last day of it."""
    accepted: int
    rejected: int
    failed: int
    again: int
    """Of the accepted ones, those that had been rejected before."""

    @property
    def judged(self) -> int:
        """Files that were judged for the first time."""
        return self.first_accepted + self.rejected

    @property
    def first_accepted(self) -> int:
        return max(0, self.accepted - self.again)

    @property
    def first_share(self) -> float | None:
        """Files accepted at first try of a hundred; None where none was checked."""
        return measure_share(self.first_accepted, self.rejected) if self.judged else None


@dataclass(frozen=True, slots=True)
class Scorecard:
    """Twelve weeks of a clinic, the running one last."""

    at: datetime
    total: Checked
    weeks: tuple[Checked, ...]
    """Oldest first, each from Monday to Sunday (UTC)."""
    causes: tuple[tuple[str, int], ...]
    """Finding codes by how many files they rejected, most frequent first."""
    devices: tuple[Standing, ...]
    """Those with most rejections first."""
    device_labels: dict[str, str]


def build_scorecard(services: Services, identity: Identity) -> Scorecard:
    """Raises ClinicError for admins, who have a dashboard."""
    at = services.clock()
    monday = Grain.DAY.start(at) - timedelta(days=at.weekday())
    starts = [monday - timedelta(weeks=number) for number in reversed(range(WEEKS))]
    history = services.history.read(identity.own_clinic(), starts[0], at)
    return Scorecard(
        at=at,
        total=sum_checked(starts[0], at, history.days),
        weeks=tuple(_sum_week(start, at, history.days) for start in starts),
        causes=tuple(sum_counts(day.codes for day in history.days).most_common()),
        devices=tuple(rank_devices(history.days)),
        device_labels=history.device_labels,
    )


def sum_checked(since: datetime, until: datetime, days: Sequence[Bucket]) -> Checked:
    """Add up days that lie between two moments."""
    states = sum_states(days)
    return Checked(
        since=since,
        until=until,
        accepted=states[State.ACCEPTED],
        rejected=states[State.REJECTED],
        failed=states[State.FAILED],
        again=sum(day.accepted_again for day in days),
    )


def _sum_week(start: datetime, at: datetime, days: Sequence[Bucket]) -> Checked:
    end = start + timedelta(weeks=1)
    return sum_checked(start, min(at, end - timedelta(days=1)), [day for day in days if start <= day.start < end])
