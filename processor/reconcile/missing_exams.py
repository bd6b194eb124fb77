"""Exams that were expected and did not come: each clinic is told once for each day, at the hour that it chose.

A day is looked at from that hour on, and once. What is late by then is told; what is expected later is not looked for.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import islice

from intake.expectations.model import Attendance, Presence
from intake.expectations.ports import ExpectedExams, Reminders
from intake.files.model import now
from intake.messaging.model import AlertKind
from intake.messaging.ports import Queue
from intake.projections.ports import Outbox
from intake.tenants.ports import Directory

_PAGE = 100
"""Exams that are read together."""

MOST_LOOKED_AT = 10_000
"""Exams of a clinic's day: more than anybody does, so that none keeps a sweep from the other clinics."""

PATIENCE = timedelta(hours=3)
"""For how long files that wait for their verdict put it off: the queue is everybody's, and may never be empty."""


class ExpectedWatch:
    """Has each clinic told how many of a day's exams did not come."""

    def __init__(
        self,
        expected: ExpectedExams,
        reminders: Reminders,
        outbox: Outbox,
        queue: Queue,
        *,
        directory: Directory,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self._expected = expected
        self._reminders = reminders
        self._outbox = outbox
        self._queue = queue
        self._directory = directory
        self._clock = clock

    def run(self) -> int:
        """Return how many exams did not come, of the clinics that are told just now."""
        at = self._clock()
        clinics = [clinic.clinic_id for clinic in self._directory.clinics() if clinic.active]
        due = {
            clinic_id: (day, reminder.find_last(at))
            for clinic_id, reminder in self._reminders.read(clinics).items()
            if (day := reminder.find_day(at)) > reminder.told_day
        }
        # Files that wait for their verdict may be of what seems to be missing.
        waits = bool(due) and self._queue.depth() > 0
        return sum(
            self._tell(clinic_id, day, at)
            for clinic_id, (day, since) in due.items()
            if not waits or at - since >= PATIENCE
        )

    def _tell(self, clinic_id: str, day: str, at: datetime) -> int:
        looked_at = islice(self._list_day(clinic_id, day), MOST_LOOKED_AT)
        missing = sum(one.find_presence(over=True) is Presence.OVERDUE for one in looked_at)
        if missing:
            # Announced first: a crash before it is noted announces the same episode again, which changes nothing.
            self._outbox.announce(AlertKind.EXAMS_MISSING, clinic_id, f"{clinic_id}.{day}", day, at, count=missing)
        self._reminders.note_told(clinic_id, day)
        return missing

    def _list_day(self, clinic_id: str, day: str) -> Iterator[Attendance]:
        after: str | None = None
        while True:
            page = self._expected.list_day(clinic_id, day, after, _PAGE)
            yield from page.rows
            after = page.next
            if after is None:
                return
