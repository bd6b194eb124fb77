"""Clinics that usually send files at this time of the week, and have sent none.

A clinic is usually busy when it sent at least `FILES` files in the same `WINDOW` of the week in `USUALLY` of the last
`WEEKS` weeks; it is quiet when nothing at all came in those hours and since. Hours are whole ones, in UTC.
"""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from statistics import median

from intake.files.model import now
from intake.files.states import JUDGED, State
from intake.messaging.model import AlertKind
from intake.messaging.ports import Queue
from intake.operations.model import FILES, USUALLY, WEEKS, WINDOW, QuietClinic
from intake.operations.ports import Watch
from intake.projections.model import Grain
from intake.projections.ports import Outbox, Projections
from intake.tenants.ports import Directory

_ARRIVED = (*JUDGED, State.FAILED)
"""States that a file reaches when it has come; an expired one never came."""
_HOUR = timedelta(hours=1)


class QuietWatch:
    """Notes the quiet clinics, and has each told of once."""

    def __init__(
        self,
        projections: Projections,
        watch: Watch,
        outbox: Outbox,
        queue: Queue,
        *,
        directory: Directory,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self._projections = projections
        self._watch = watch
        self._outbox = outbox
        self._queue = queue
        self._directory = directory
        self._clock = clock

    def run(self) -> int:
        """Return how many clinics are quiet."""
        if self._queue.depth():
            # Files wait for their verdict: the silence may be ours.
            return 0
        at = self._clock()
        quiet = self._find_quiet(at)
        # Noted first, so that a crash before the message is sent begins no second episode.
        self._watch.note_quiet(quiet, at)
        for clinic in quiet:
            # Later, the message has been sent; the outbox, which knows that, forgets it within a week.
            if at - clinic.since < timedelta(days=1):
                episode = clinic.since.isoformat()
                self._outbox.announce(AlertKind.QUIET, clinic.clinic_id, clinic.clinic_id, episode, at)
        return len(quiet)

    def _find_quiet(self, at: datetime) -> list[QuietClinic]:
        """Return the quiet clinics; one stays so until something comes, also through hours in which nothing is due."""
        heard = self._count_arrivals(Grain.HOUR.start(at) - WINDOW, at)
        # Of clinics that take part, and of no prefix that somebody made up.
        expected = {clinic.clinic_id for clinic in self._directory.clinics() if clinic.active}
        noted = {
            clinic.clinic_id: clinic for clinic in self._watch.quiet() if at - clinic.since < timedelta(weeks=WEEKS)
        }
        begun = {
            clinic_id: QuietClinic(clinic_id, usual, noted[clinic_id].since if clinic_id in noted else at)
            for clinic_id, usual in self._find_busy(at).items()
        }
        quiet = {**noted, **begun}
        return [quiet[clinic_id] for clinic_id in sorted(quiet) if not heard[clinic_id] and clinic_id in expected]

    def _find_busy(self, at: datetime) -> dict[str, int]:
        """Return the clinics that are usually busy in these hours, and how many files each sends."""
        end = Grain.HOUR.start(at)
        weeks = [end - timedelta(weeks=week) for week in range(1, WEEKS + 1)]
        past = [self._count_arrivals(end_then - WINDOW, end_then - _HOUR) for end_then in weeks]
        clinics = {clinic_id for week in past for clinic_id in week}
        sent = {clinic_id: [week[clinic_id] for week in past] for clinic_id in clinics}
        return {
            clinic_id: int(median(counts))
            for clinic_id, counts in sent.items()
            if sum(count >= FILES for count in counts) >= USUALLY
        }

    def _count_arrivals(self, since: datetime, until: datetime) -> Counter[str]:
        counts: Counter[str] = Counter()
        for bucket in self._projections.buckets(Grain.HOUR, since, until):
            counts[bucket.clinic_id] += sum(bucket.counts.get(state, 0) for state in _ARRIVED)
        return counts
