"""What follows from the records: hours and alerts."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from intake.buckets import bucket, bucket_facts
from intake.ports import Bucket, Change, DueAlert, Grain, Holding
from intake.tally import ALERT_KINDS, tally

QUIET = timedelta(minutes=15)
"""Between two alerts of one kind about one upload."""


@dataclass
class FakeProjections:
    """Hours and alerts (the `Projections` and the `Outbox` port), made from the changes that were applied."""

    changes: dict[tuple[str, int], Change] = field(default_factory=dict)
    told_changes: set[tuple[str, int]] = field(default_factory=set)
    told_at: dict[tuple[str, str], datetime] = field(default_factory=dict)
    reads: int = 0
    """How often buckets were asked for."""

    def apply(self, changes: Sequence[Change]) -> None:
        for change in changes:
            self.changes.setdefault((change.file_id, change.revision), change)

    def buckets(
        self, grain: Grain, since: datetime, until: datetime, clinic_id: str | None = None
    ) -> tuple[Bucket, ...]:
        sums = tally(self.changes.values())
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
        sums = tally(self.changes.values()).holdings
        return tuple(Holding(clinic, counts["files"], counts["bytes"]) for clinic, counts in sorted(sums.items()))

    def take_due_alert(self, kind: str, upload_id: str, at: datetime) -> DueAlert | None:
        due = self._untold(kind, upload_id)
        told_at = self.told_at.get((kind, upload_id))
        if not due or (told_at is not None and at - told_at < QUIET):
            return None
        codes = Counter(code for change in due for code in change.codes)
        return DueAlert(kind, due[0].clinic_id, upload_id, len(due), dict(codes), due[0].file_id)

    def told(self, alert: DueAlert, at: datetime) -> None:
        for change in self._untold(alert.kind, alert.upload_id)[: alert.count]:
            self.told_changes.add((change.file_id, change.revision))
        self.told_at[alert.kind, alert.upload_id] = at

    def pending_alerts(self) -> Iterable[tuple[str, str]]:
        due = {
            (ALERT_KINDS[change.after], change.upload_id) for change in self.changes.values() if self._is_due(change)
        }
        return sorted(due)

    def _untold(self, kind: str, upload_id: str) -> list[Change]:
        due = (change for change in self.changes.values() if self._is_due(change) and change.upload_id == upload_id)
        return [change for change in due if ALERT_KINDS[change.after] == kind]

    def _is_due(self, change: Change) -> bool:
        return change.after in ALERT_KINDS and (change.file_id, change.revision) not in self.told_changes
