"""What follows from the records: hours and alerts."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from intake.ports import Change, DueAlert, HourBucket
from intake.states import State
from intake.tally import ALERT_KINDS, latency_bound

QUIET = timedelta(minutes=15)
"""Between two alerts of one kind about one upload."""


@dataclass
class FakeProjections:
    """Hours and alerts (the `Projections` and the `Outbox` port), made from the changes that were applied."""

    changes: dict[tuple[str, int], Change] = field(default_factory=dict)
    told_changes: set[tuple[str, int]] = field(default_factory=set)
    told_at: dict[tuple[str, str], datetime] = field(default_factory=dict)

    def apply(self, changes: Sequence[Change]) -> None:
        for change in changes:
            self.changes.setdefault((change.file_id, change.revision), change)

    def hours(self, since: datetime, until: datetime, clinic_id: str | None = None) -> tuple[HourBucket, ...]:
        buckets: dict[tuple[datetime, str], list[Change]] = {}
        for change in self.changes.values():
            hour = change.at.replace(minute=0, second=0, microsecond=0)
            counted = change.after is not State.AWAITING_UPLOAD and clinic_id in (None, change.clinic_id)
            if counted and since < hour + timedelta(hours=1) and hour <= until:
                buckets.setdefault((hour, change.clinic_id), []).append(change)
        return tuple(_bucket(clinic, hour, made) for (hour, clinic), made in sorted(buckets.items()))

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


def _bucket(clinic_id: str, hour: datetime, changes: Sequence[Change]) -> HourBucket:
    bins = [latency_bound(change.latency_ms) for change in changes if change.latency_ms is not None]
    return HourBucket(
        clinic_id=clinic_id,
        hour=hour,
        counts=dict(Counter(change.after for change in changes)),
        bytes=sum(change.size for change in changes if change.after is State.ACCEPTED),
        latency=dict(Counter(bins)),
        codes=dict(Counter(code for change in changes for code in change.codes)),
        shadow=dict(Counter(code for change in changes for code in change.shadow)),
    )
