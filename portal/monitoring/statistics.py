"""What the clinics' buckets add up to for the admins' dashboard: pure arithmetic, and no reading."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from intake.files.states import JUDGED, State
from intake.projections.model import Bucket, Grain

TOLD = (State.ACCEPTED, State.REJECTED, State.FAILED, State.EXPIRED)
"""States that the dashboard counts; open files count nowhere but in their uploads."""

SHARES = (0.50, 0.95, 0.99)
"""Which percentiles of the time to verdict are told."""


@dataclass(frozen=True, slots=True)
class Range:
    """A stretch of time that admins look at, in steps of equal length; the running step is the last one."""

    key: str
    label: str
    told: str
    """As in `All clinics, the last hour`."""
    grain: Grain
    steps: int

    def starts(self, at: datetime) -> list[datetime]:
        """Return where each step begins, oldest first."""
        last = self.grain.start(at)
        return [last - number * self.grain.value for number in reversed(range(self.steps))]


RANGES = {
    one.key: one
    for one in (
        Range("now", "Now", "the last hour", Grain.FIVE_MINUTES, 12),
        Range("24h", "24 hours", "the last 24 hours", Grain.HOUR, 24),
        Range("7d", "7 days", "the last 7 days (UTC)", Grain.DAY, 7),
        Range("30d", "30 days", "the last 30 days (UTC)", Grain.DAY, 30),
    )
}


@dataclass(frozen=True, slots=True)
class Step:
    """What became of files within one step of a range."""

    start: datetime
    counts: dict[State, int]
    bytes: int
    percentiles: tuple[int | None, ...]
    """Arrival to verdict in ms, for each of `SHARES`; None without verdicts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How the files of one clinic or one device fared."""

    key: str
    clinic_id: str
    accepted: int
    rejected: int
    failed: int = 0
    top: tuple[str, int] | None = None
    """The finding that rejected most, and how many."""
    p95_ms: int | None = None

    @property
    def files(self) -> int:
        return self.accepted + self.rejected + self.failed

    @property
    def rate(self) -> float:
        """Rejections of a hundred verdicts."""
        judged = self.accepted + self.rejected
        return 100 * self.rejected / judged if judged else 0.0


def find_percentile(histogram: Counter[int], share: float) -> int | None:
    """Return the upper bound of the bin that holds the percentile, or None of an empty histogram.

    The true percentile lies in that bin: it is never longer, and how much shorter `intake.projections.tally` tells.
    """
    threshold = share * histogram.total()
    reached = 0
    for bound in sorted(histogram):
        reached += histogram[bound]
        if reached and reached >= threshold:
            return bound
    return None


def find_percentiles(buckets: Iterable[Bucket]) -> tuple[int | None, ...]:
    histogram = sum_counts(bucket.latency for bucket in buckets)
    return tuple(find_percentile(histogram, share) for share in SHARES)


def sum_steps(span: Range, at: datetime, buckets: Iterable[Bucket]) -> tuple[Step, ...]:
    """Return a range's steps, oldest first and without gaps."""
    by_start: dict[datetime, list[Bucket]] = {}
    for bucket in buckets:
        by_start.setdefault(bucket.start, []).append(bucket)
    found = ((start, by_start.get(start, [])) for start in span.starts(at))
    return tuple(
        Step(start, sum_states(held), sum(bucket.bytes for bucket in held), find_percentiles(held))
        for start, held in found
    )


def sum_states(buckets: Iterable[Bucket]) -> dict[State, int]:
    summed = sum_counts(bucket.counts for bucket in buckets)
    return {state: summed[state] for state in TOLD}


def rank_clinics(buckets: Iterable[Bucket]) -> list[Standing]:
    """Return how each clinic's files fared, those with most rejections first."""
    by_clinic: dict[str, list[Bucket]] = {}
    for bucket in buckets:
        by_clinic.setdefault(bucket.clinic_id, []).append(bucket)
    found = []
    for clinic_id, theirs in by_clinic.items():
        summed = sum_states(theirs)
        standing = Standing(
            key=clinic_id,
            clinic_id=clinic_id,
            accepted=summed[State.ACCEPTED],
            rejected=summed[State.REJECTED],
            failed=summed[State.FAILED],
            top=_find_top(sum_counts(bucket.codes for bucket in theirs)),
            p95_ms=find_percentile(sum_counts(bucket.latency for bucket in theirs), 0.95),
        )
        found.append(standing)
    return _rank(found)


def rank_devices(buckets: Iterable[Bucket]) -> list[Standing]:
    """Return how each device's files fared, those with most rejections first."""
    verdicts: dict[tuple[str, str], Counter[str]] = {}
    codes: dict[tuple[str, str], Counter[str]] = {}
    for bucket in buckets:
        for key, tally in bucket.devices.items():
            name = (bucket.clinic_id, key)
            verdicts.setdefault(name, Counter()).update(accepted=tally.accepted, rejected=tally.rejected)
            codes.setdefault(name, Counter()).update(tally.codes)
    return _rank(
        [
            Standing(key=key, clinic_id=clinic_id, top=_find_top(codes[clinic_id, key]), **sums)
            for (clinic_id, key), sums in verdicts.items()
        ]
    )


def sum_counts(parts: Iterable[dict[Any, int]]) -> Counter[Any]:
    summed: Counter[Any] = Counter()
    for part in parts:
        summed.update(part)
    return summed


def count_judged(buckets: Iterable[Bucket]) -> Counter[str]:
    """Return how many files of each clinic were judged."""
    summed: Counter[str] = Counter()
    for bucket in buckets:
        summed[bucket.clinic_id] += sum(bucket.counts.get(state, 0) for state in JUDGED)
    return summed


def _find_top(codes: Counter[str]) -> tuple[str, int] | None:
    return next(iter(codes.most_common(1)), None)


def _rank(rows: list[Standing]) -> list[Standing]:
    return sorted(rows, key=lambda row: (-row.rejected, -row.files, row.clinic_id, row.key))
