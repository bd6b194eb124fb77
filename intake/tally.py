"""What changes of records add up to: pure arithmetic, so that any batching and any order gives the same sums."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from intake.ports import Change
from intake.record import Source
from intake.states import State

LATENCY_BOUNDS_MS = (100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 300_000, 3_600_000, 604_800_000)
"""Upper bounds of the latency histogram's bins; the last one is as long as an object stays in the incoming bucket."""

ALERT_KINDS = {State.REJECTED: "file.rejected", State.FAILED: "file.failed"}
"""States that people are alerted about, and the kind of the alert."""


@dataclass(slots=True)
class UploadTally:
    """What is to be added to an upload's counts: `n_{state}` and `with_warnings`."""

    clinic_id: str
    source: str
    at: datetime
    counts: Counter[str] = field(default_factory=Counter)
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
class Tally:
    """Sums by upload, by clinic and hour, and by alert."""

    uploads: dict[str, UploadTally] = field(default_factory=dict)
    hours: dict[tuple[datetime, str], Counter[str]] = field(default_factory=dict)
    """Hour and clinic → `n_{state}`, `bytes`, `ms_{bound}` and `code_{code}`."""
    alerts: dict[tuple[str, str], AlertTally] = field(default_factory=dict)
    """Kind and upload → what to tell."""
    studies: dict[tuple[str, str], Counter[str]] = field(default_factory=dict)
    """Clinic and study → `instances` and `bytes`."""
    series: dict[tuple[str, str, str], Counter[str]] = field(default_factory=dict)
    """Clinic, study and series → `instances` and `numbered`."""

    @property
    def items(self) -> int:
        """How many items of the table these sums are written to."""
        receipts = sum(row.source == Source.DIRECT or row.declared > 0 for row in self.uploads.values())
        counted = len(self.uploads) + len(self.hours) + len(self.alerts)
        return counted + receipts + len(self.studies) + len(self.series)


def tally(changes: Iterable[Change]) -> Tally:
    """Add changes up. Files that still await their upload count nowhere: an upload knows how many it declared."""
    sums = Tally()
    for change in changes:
        if change.after is not State.AWAITING_UPLOAD:
            add(sums, change)
    return sums


def add(sums: Tally, change: Change) -> None:
    _add_to_upload(sums, change)
    _add_to_hour(sums, change)
    _add_to_alert(sums, change)
    _add_to_study(sums, change)


def latency_bound(milliseconds: int) -> int:
    """Return the bin that a latency falls into, by its upper bound."""
    return next((bound for bound in LATENCY_BOUNDS_MS if milliseconds <= bound), LATENCY_BOUNDS_MS[-1])


def _add_to_upload(sums: Tally, change: Change) -> None:
    row = sums.uploads.setdefault(
        change.upload_id, UploadTally(change.clinic_id, change.source or Source.DIRECT, change.at)
    )
    if change.before not in {None, State.AWAITING_UPLOAD}:
        row.counts[f"n_{change.before}"] -= 1
    row.counts[f"n_{change.after}"] += 1
    row.declared += change.entries + (change.before is None)
    had = change.before is State.ACCEPTED and change.warnings_before > 0
    has = change.after is State.ACCEPTED and change.warnings_after > 0
    row.counts["with_warnings"] += has - had


def _add_to_hour(sums: Tally, change: Change) -> None:
    hour = change.at.replace(minute=0, second=0, microsecond=0)
    row = sums.hours.setdefault((hour, change.clinic_id), Counter())
    row[f"n_{change.after}"] += 1
    if change.after is State.ACCEPTED:
        row["bytes"] += change.size
    if change.latency_ms is not None:
        row[f"ms_{latency_bound(change.latency_ms)}"] += 1
    row.update(f"code_{code}" for code in change.codes)
    row.update(f"shadow_{code}" for code in change.shadow)


def _add_to_alert(sums: Tally, change: Change) -> None:
    kind = ALERT_KINDS.get(change.after)
    if kind is None:
        return
    row = sums.alerts.setdefault((kind, change.upload_id), AlertTally(change.clinic_id, change.file_id))
    row.pending += 1
    row.codes.update(change.codes)


def _add_to_study(sums: Tally, change: Change) -> None:
    new = change.instance
    if new is None:
        return
    study = (change.clinic_id, new.study_uid)
    sums.studies.setdefault(study, Counter()).update({"instances": 1, "bytes": change.size})
    numbered = int(new.number is not None)
    sums.series.setdefault((*study, new.series_uid), Counter()).update({"instances": 1, "numbered": numbered})
