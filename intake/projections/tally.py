"""What changes of records add up to: pure arithmetic, so that any batching and any order gives the same sums."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from intake.files.model import Source
from intake.files.states import State
from intake.messaging.model import AlertKind
from intake.projections.model import Change, Counted, Filed, Grain
from intake.studies.model import Instance

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
class FiledTally:
    """What is to be added to an upload's share of a study."""

    clinic_id: str
    filed: Filed
    counts: Counter[str] = field(default_factory=Counter)
    """`n_{state}`."""


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
    studies: dict[tuple[str, str, str], Counter[str]] = field(default_factory=dict)
    """Clinic, study id and UID → `instances`, `bytes`, `numbered` and `rejected`."""
    series: dict[tuple[str, str, str, str], Counter[str]] = field(default_factory=dict)
    """Clinic, study id, series id and UID → `instances` and `numbered`."""
    clinics: set[str] = field(default_factory=set)
    filed: dict[tuple[str, str], FiledTally] = field(default_factory=dict)
    """Upload and study id → the upload's judged files of that study."""
    announced: Counter[tuple[str, str, datetime]] = field(default_factory=Counter)
    """Clinic, upload and when it announced them → how many files are awaited no longer."""

    @property
    def items(self) -> int:
        """How many items of the table these sums are written to."""
        receipts = sum(row.source == Source.DIRECT or row.declared > 0 for row in self.uploads.values())
        counted = len(self.uploads) + len(self.buckets) + len(self.holdings) + len(self.alerts)
        return counted + receipts + len(self.studies) + len(self.series) + len(self.filed) + len(self.announced)


def tally(changes: Iterable[Change]) -> Tally:
    """Add changes up. Files that still await their upload count nowhere: an upload knows how many it declared."""
    sums = Tally()
    for change in changes:
        if change.after is not State.AWAITING_UPLOAD:
            add(sums, change)
    return sums


def add(sums: Tally, change: Change) -> None:
    sums.clinics.add(change.clinic_id)
    _add_to_upload(sums, change)
    _add_to_buckets(sums, change)
    _add_to_alert(sums, change)
    left = change.before is State.ACCEPTED and change.after is State.REJECTED and not change.duplicate_before
    stored = _count_stored(change) - (change.size if left else 0)
    if stored:
        sums.holdings.setdefault(change.clinic_id, Counter()).update({"files": -1 if left else 1, "bytes": stored})
    if change.instance is not None:
        _count_instance(sums, change, change.instance, 1)
    if change.lost is not None:
        _count_instance(sums, change, change.lost, -1)
    for trouble, more in ((change.trouble_before, -1), (change.trouble_after, 1)):
        if trouble is not None:
            sums.studies.setdefault((change.clinic_id, *trouble), Counter())["rejected"] += more
    if change.study_before:
        _find_filed(sums, change, Filed(change.study_before)).counts[f"n_{change.before}"] -= 1
    if change.filed:
        _find_filed(sums, change, change.filed).counts[f"n_{change.after}"] += 1
    if change.announced_at:
        sums.announced[change.clinic_id, change.upload_id, change.announced_at] += 1


def _add_to_upload(sums: Tally, change: Change) -> None:
    row = sums.uploads.setdefault(
        change.upload_id, UploadTally(change.clinic_id, change.source or Source.DIRECT, change.at)
    )
    row.declared += change.entries + (change.before is None)
    row.counts["held"] += change.entries
    for state, counted, warnings, sign in (
        (change.before, change.counted_before, change.warnings_before, -1),
        (change.after, change.counted_after, change.warnings_after, 1),
    ):
        if state not in {None, State.AWAITING_UPLOAD}:
            for name in _list_sums(state, counted, warned=warnings > 0):
                row.counts[name] += sign
    row.counts["unsettled"] += change.unsettled_after - change.unsettled_before
    for cause, more in ((change.cause_before, -1), (change.cause_after, 1)):
        if cause:
            row.counts[f"cause_{cause}"] += more


def _list_sums(state: State, counted: Counted, *, warned: bool) -> Iterator[str]:
    """Yield the sums of its upload that a file stands in."""
    yield f"{'c' if counted.container else 'n'}_{state}"
    if counted.inside:
        yield "inside"
    if counted.handled:
        yield f"handled_{state}"
    if counted.container:
        return
    if warned and state is State.ACCEPTED:
        yield "with_warnings"
    if counted.duplicate:
        yield "duplicates"
    if counted.place:
        yield counted.place.value


def _add_to_buckets(sums: Tally, change: Change) -> None:
    if change.before is change.after:
        return  # Judged again, to the same end: the time of the first verdict has counted it.
    counts = Counter({f"n_{change.after}": 1, "bytes": _count_stored(change)})
    if change.before is State.REJECTED and change.after is State.ACCEPTED:
        counts["accepted_again"] += 1
    if change.latency_ms is not None:
        bound = next((most for most in LATENCY_BOUNDS_MS if change.latency_ms <= most), LATENCY_BOUNDS_MS[-1])
        counts[f"ms_{bound}"] += 1
    counts.update(f"code_{code}" for code in change.codes)
    counts.update(f"shadow_{code}" for code in change.shadow)
    if change.device is not None:
        counts.update(f"dev_{change.device.key}_{what}" for what in (change.after.value, *change.codes))
    for grain in Grain:
        sums.buckets.setdefault((grain, grain.start(change.at), change.clinic_id), Counter()).update(+counts)


def _count_stored(change: Change) -> int:
    """Return the bytes that a change adds to what is stored of accepted files, once for each."""
    is_new = change.after is State.ACCEPTED and change.before is not State.ACCEPTED
    return change.size if is_new and not change.duplicate else 0


def _add_to_alert(sums: Tally, change: Change) -> None:
    kind = ALERT_KINDS.get(change.after)
    if kind is None or change.before is change.after:
        return
    row = sums.alerts.setdefault((kind, change.upload_id), AlertTally(change.clinic_id, change.file_id))
    row.pending += 1
    row.codes.update(change.codes)


def _count_instance(sums: Tally, change: Change, one: Instance, sign: int) -> None:
    study = (change.clinic_id, one.study_id, one.study_uid)
    numbered = sign * int(one.number is not None)
    counts = {"instances": sign, "bytes": sign * change.size, "numbered": numbered}
    sums.studies.setdefault(study, Counter()).update(counts)
    series = (change.clinic_id, one.study_id, one.series_id, one.series_uid)
    sums.series.setdefault(series, Counter()).update({"instances": sign, "numbered": numbered})


def _find_filed(sums: Tally, change: Change, filed: Filed) -> FiledTally:
    row = sums.filed.setdefault((change.upload_id, filed.study_id), FiledTally(change.clinic_id, filed))
    if filed.modality or filed.study_date:
        row.filed = filed
    return row
