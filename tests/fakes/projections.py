"""What follows from the records: hours and alerts."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from intake.operations.model import QuietClinic
from intake.projections.model import OTHER, OTHER_LABEL, Bucket, Change, DueAlert, Grain, History, Holding
from intake.projections.tally import ALERT_KINDS, Tally, tally
from intake.projections.time_buckets import bucket, bucket_facts

QUIET = timedelta(minutes=15)
"""Between two alerts of one kind about one upload."""


@dataclass
class FakeProjections:
    """Sums, alerts and notes (the ports `Projections`, `Outbox` and `Watch`), made from the applied changes."""

    changes: dict[tuple[str, int], Change] = field(default_factory=dict)
    told_changes: set[tuple[str, int]] = field(default_factory=set)
    told_at: dict[tuple[str, str], datetime] = field(default_factory=dict)
    announced: dict[tuple[str, str], tuple[str, str, datetime]] = field(default_factory=dict)
    """Kind and subject → episode, clinic and when it is due."""
    announced_counts: dict[tuple[str, str], dict[str, int]] = field(default_factory=dict)
    counts_of: dict[tuple[str, str], int] = field(default_factory=dict)
    unsaid: set[tuple[str, str]] = field(default_factory=set)
    noted_quiet: list[QuietClinic] = field(default_factory=list)
    added_up: tuple[int, Tally] | None = None
    reads: int = 0
    """How often buckets were asked for."""

    def apply(self, changes: Sequence[Change]) -> None:
        for change in changes:
            self.changes.setdefault((change.file_id, change.revision), change)

    def buckets(
        self, grain: Grain, since: datetime, until: datetime, clinic_id: str | None = None
    ) -> tuple[Bucket, ...]:
        sums = self._sums()
        self.reads += 1
        return tuple(
            bucket({**bucket_facts(start, clinic), **counts})
            for (of, start, clinic), counts in sorted(sums.buckets.items(), key=lambda row: row[0][1:])
            if of is grain and grain.start(since) <= start <= until and clinic_id in (None, clinic)
        )

    def device_labels(self, since: datetime, until: datetime) -> dict[str, str]:
        devices = [change.device for change in self.changes.values() if change.device]
        return {device.key: device.label for device in devices}

    def holdings(self) -> tuple[Holding, ...]:
        sums = self._sums().holdings
        return tuple(Holding(clinic, counts["files"], counts["bytes"]) for clinic, counts in sorted(sums.items()))

    def read(self, clinic_id: str, since: datetime, until: datetime) -> History:
        return History(
            self.buckets(Grain.DAY, since, until, clinic_id), {OTHER: OTHER_LABEL, **self.device_labels(since, until)}
        )

    def announce(
        self,
        kind: str,
        clinic_id: str,
        subject: str,
        episode: str,
        due_at: datetime,
        *,
        count: int = 1,
        counts: Mapping[str, int] = {},
    ) -> None:
        self.counts_of[kind, subject] = count
        if self.announced.get((kind, subject), ("",))[0] != episode:
            self.announced[kind, subject] = (episode, clinic_id, due_at)
            self.unsaid.add((kind, subject))
            self.announced_counts[kind, subject] = dict(counts)

    def take_due_alert(self, kind: str, subject: str, at: datetime) -> DueAlert | None:
        told_at = self.told_at.get((kind, subject))
        if told_at is not None and at - told_at < QUIET:
            return None
        if (kind, subject) in self.unsaid:
            _, clinic_id, due_at = self.announced[kind, subject]
            counts, count = self.announced_counts[kind, subject], self.counts_of[kind, subject]
            return DueAlert(kind, clinic_id, subject, count, counts, "") if due_at <= at else None
        due = self._untold(kind, subject)
        codes = Counter(code for change in due for code in change.codes)
        return DueAlert(kind, due[0].clinic_id, subject, len(due), dict(codes), due[0].file_id) if due else None

    def mark_told(self, alert: DueAlert, at: datetime) -> None:
        self.unsaid.discard((alert.kind, alert.subject))
        for change in self._untold(alert.kind, alert.subject)[: alert.count]:
            self.told_changes.add((change.file_id, change.revision))
        self.told_at[alert.kind, alert.subject] = at

    def list_pending_alerts(self) -> Iterable[tuple[str, str]]:
        due = {
            (ALERT_KINDS[change.after], change.upload_id) for change in self.changes.values() if self._is_due(change)
        }
        return sorted({*due, *self.unsaid})

    def quiet(self) -> tuple[QuietClinic, ...]:
        return tuple(self.noted_quiet)

    def note_quiet(self, clinics: Sequence[QuietClinic], at: datetime) -> None:
        self.noted_quiet = list(clinics)

    def _sums(self) -> Tally:
        """Add up what was applied, anew where more was."""
        if self.added_up is None or self.added_up[0] != len(self.changes):
            self.added_up = (len(self.changes), tally(self.changes.values()))
        return self.added_up[1]

    def _untold(self, kind: str, subject: str) -> list[Change]:
        due = (change for change in self.changes.values() if self._is_due(change) and change.upload_id == subject)
        return [change for change in due if ALERT_KINDS[change.after] == kind]

    def _is_due(self, change: Change) -> bool:
        return change.after in ALERT_KINDS and (change.file_id, change.revision) not in self.told_changes
