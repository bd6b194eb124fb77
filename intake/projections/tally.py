"""What changes of records add up to: pure arithmetic, so that any batching and any order gives the same sums."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from intake.files.model import Source
from intake.files.states import State
from intake.messaging.model import AlertKind
from intake.projections.contributions import (
    COUNTS,
    DECLARED,
    FILED,
    HOLDING,
    STUDY,
    Contribution,
    compare_images,
)
from intake.projections.model import Change, Grain

_STEPS = (10, 15, 20, 30, 50, 70)
LATENCY_BOUNDS_MS: tuple[int, ...] = (
    *(step * unit for unit in (1, 10, 100, 1000) for step in _STEPS if step * unit >= 50),
    100_000,
    *(minutes * 60_000 for minutes in (2, 3, 5, 7, 10, 15, 20, 30, 45, 60, 120, 240, 480, 1440, 10_080)),
)
"""Upper bounds of the latency histogram's bins, from 50 ms to a week, as long as an object stays incoming.

Up to an hour, each is at most 5/3 of the one before: a percentile is told by its bin's bound, so the true one is never
longer, and never shorter than three fifths of it.
"""

ALERT_KINDS = {State.REJECTED: AlertKind.REJECTED, State.FAILED: AlertKind.FAILED}
"""States that people are alerted about, and the kind of the alert."""


@dataclass(slots=True)
class UploadTally:
    """What is to be added to an upload's counts."""

    clinic_id: str
    source: str
    at: datetime
    counts: Counter[str] = field(default_factory=Counter)
    """`n_{state}` of files, `c_{state}` of containers, `unsettled`, `with_warnings`, `cause_{cause}`, `duplicates`,
    `handled_{state}`, what `Place` names, `held` by archives, and of these `inside`, which are awaited no longer."""
    declared: int = 0
    """Files that nobody announced: those that were dropped into S3, and those that archives hold."""


@dataclass(slots=True)
class AlertTally:
    """What is to be added to an alert that waits to be sent."""

    clinic_id: str
    first_file_id: str
    pending: int = 0
    codes: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class StudyTally:
    """What is to be added to a study, to a series, or to an upload's share of a study."""

    clinic_id: str
    counts: Counter[str] = field(default_factory=Counter)
    facts: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Tally:
    """Sums by upload, by clinic and hour, and by alert."""

    uploads: dict[str, UploadTally] = field(default_factory=dict)
    buckets: dict[tuple[Grain, datetime, str], Counter[str]] = field(default_factory=dict)
    """Grain, start and clinic → `n_{state}`, `bytes`, `ms_{bound}`, `code_{code}` and `dev_{key}_{what}`, and
    `accepted_again`, those of the accepted that had been rejected."""
    holdings: dict[str, Counter[str]] = field(default_factory=dict)
    """Clinic → `files` and `bytes` newly stored."""
    alerts: dict[tuple[str, str], AlertTally] = field(default_factory=dict)
    """Kind and upload → what to tell."""
    studies: dict[str, StudyTally] = field(default_factory=dict)
    """Study id → `instances`, `bytes`, `numbered` and `rejected`."""
    series: dict[tuple[str, str], StudyTally] = field(default_factory=dict)
    """Study id and series id → `instances` and `numbered`."""
    clinics: set[str] = field(default_factory=set)
    filed: dict[tuple[str, str], StudyTally] = field(default_factory=dict)
    """Upload and study id → `n_{state}` of the upload's judged files of that study."""
    announced: Counter[tuple[str, str, datetime]] = field(default_factory=Counter)
    """Clinic, upload and when it announced them → how many files are awaited no longer."""

    @property
    def items(self) -> int:
        """How many items of the table these sums are written to."""
        receipts = sum(row.source == Source.DIRECT or row.declared > 0 for row in self.uploads.values())
        counted = len(self.uploads) + len(self.buckets) + len(self.holdings) + len(self.alerts)
        return counted + receipts + len(self.studies) + len(self.series) + len(self.filed) + len(self.announced)


def tally(changes: Iterable[Change]) -> Tally:
    """Add up changes that follow each other, each by the difference that it made to its record.

    Files that still await their upload count nowhere: an upload knows how many it declared.
    """
    return add_up((change, compare_images(change)) for change in changes if change.after is not State.AWAITING_UPLOAD)


def add_up(counted: Iterable[tuple[Change, Contribution]]) -> Tally:
    """Add up verdicts, and what is to be added for each of them."""
    sums = Tally()
    for change, difference in counted:
        add(sums, change, difference)
    return sums


def add(sums: Tally, change: Change, difference: Contribution) -> None:
    sums.clinics.add(change.clinic_id)
    row = sums.uploads.setdefault(
        change.upload_id, UploadTally(change.clinic_id, change.source or Source.DIRECT, change.at)
    )
    for name, counts in difference.numbers.items():
        kind, _, place = name.partition("#")
        if kind == COUNTS:
            row.counts.update(counts)
        elif kind == DECLARED:
            row.declared += counts["declared"]
        elif kind == HOLDING:
            sums.holdings.setdefault(change.clinic_id, Counter()).update(counts)
        else:
            study = _find_study(sums, change, kind, place)
            study.counts.update(counts)
            study.facts |= {what: text for what, text in difference.facts.get(name, {}).items() if text}
    _add_to_buckets(sums, change)
    _add_to_alert(sums, change)
    if change.announced_at:
        sums.announced[change.clinic_id, change.upload_id, change.announced_at] += 1


def _find_study(sums: Tally, change: Change, kind: str, place: str) -> StudyTally:
    new = StudyTally(change.clinic_id)
    if kind == STUDY:
        return sums.studies.setdefault(place, new)
    if kind == FILED:
        return sums.filed.setdefault((change.upload_id, place), new)
    study_id, _, series_id = place.partition("#")
    return sums.series.setdefault((study_id, series_id), new)


def count_verdict(change: Change) -> Counter[str]:
    """Return what a verdict adds to each stretch of time that it fell into. It stays there, whatever follows it."""
    if change.before is change.after:
        return Counter()  # Judged again, to the same end: the time of the first verdict has counted it.
    stored = compare_images(change).numbers.get(HOLDING, {}).get("bytes", 0)
    counts = Counter({f"n_{change.after}": 1, "bytes": stored})
    if change.before is State.REJECTED and change.after is State.ACCEPTED:
        counts["accepted_again"] += 1
    if change.latency_ms is not None:
        bound = next((most for most in LATENCY_BOUNDS_MS if change.latency_ms <= most), LATENCY_BOUNDS_MS[-1])
        counts[f"ms_{bound}"] += 1
    counts.update(f"code_{code}" for code in change.codes)
    counts.update(f"shadow_{code}" for code in change.shadow)
    if change.device is not None:
        counts.update(f"dev_{change.device.key}_{what}" for what in (change.after.value, *change.codes))
    return +counts


def _add_to_buckets(sums: Tally, change: Change) -> None:
    counts = count_verdict(change)
    if counts:
        for grain in Grain:
            sums.buckets.setdefault((grain, grain.start(change.at), change.clinic_id), Counter()).update(counts)


def _add_to_alert(sums: Tally, change: Change) -> None:
    kind = ALERT_KINDS.get(change.after)
    if kind is None or change.before is change.after:
        return
    row = sums.alerts.setdefault((kind, change.upload_id), AlertTally(change.clinic_id, change.file_id))
    row.pending += 1
    row.codes.update(change.codes)


def measure_share(part: int, rest: int) -> float:
    """Return how many of a hundred a part is, to a decimal: 100 only for all of it, and 0 only for nothing."""
    share = round(100 * part / (part + rest), 1)
    return min(max(share, 0.1), 99.9) if part and rest else share
