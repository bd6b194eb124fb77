"""Once a month, what became of each clinic's files in the month before: for whoever wants that mail. Numbers only."""

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from intake.files.model import now
from intake.files.states import State
from intake.messaging.model import AlertKind
from intake.projections.model import Bucket, Grain
from intake.projections.ports import ClinicHistory, Outbox
from intake.tenants.ports import Directory

HOUR = 6
"""UTC. Within it every sweep looks, and on the two days after it again: a sweep that fails leaves none out."""
LOOKS = 3
"""Days on which it is looked. The outbox remembers for longer what it has announced."""
CAUSES = 3
"""Causes that are told."""


class MonthlyScorecards:
    """Has each clinic that sent anything told of its month, once."""

    def __init__(
        self,
        directory: Directory,
        history: ClinicHistory,
        outbox: Outbox,
        *,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self._directory = directory
        self._history = history
        self._outbox = outbox
        self._clock = clock

    def run(self) -> int:
        """Return how many clinics have a month to be told of now."""
        at = self._clock()
        if at.day > LOOKS or at.hour != HOUR:
            return 0
        return sum(self._announce(clinic.clinic_id, at) for clinic in self._directory.clinics() if clinic.active)

    def _announce(self, clinic_id: str, at: datetime) -> bool:
        end = Grain.DAY.start(at) - timedelta(days=at.day)
        month, before = end.replace(day=1), (end.replace(day=1) - timedelta(days=1)).replace(day=1)
        days = self._history.read(clinic_id, before, end).days
        counts = _count(day for day in days if day.start >= month)
        if not counts:
            return False
        counts.update(
            {f"before-{name}": count for name, count in _count(day for day in days if day.start < month).items()}
        )
        self._outbox.announce(AlertKind.SCORECARD, clinic_id, clinic_id, f"{month:%Y-%m}", at, counts=counts)
        return True


def _count(days: Iterable[Bucket]) -> Counter[str]:
    """Return `accepted`, `rejected`, `again`, and `cause-{code}` of the most frequent causes; nothing that is 0."""
    counts: Counter[str] = Counter()
    causes: Counter[str] = Counter()
    for day in days:
        counts.update(
            accepted=day.counts.get(State.ACCEPTED, 0),
            rejected=day.counts.get(State.REJECTED, 0),
            again=day.accepted_again,
        )
        causes.update(day.codes)
    return +counts + Counter({f"cause-{code}": count for code, count in causes.most_common(CAUSES)})
