"""What the projector asks of the table."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from intake.projections.model import Bucket, Change, DueAlert, FeedPage, Grain, History, Holding


class Projections(Protocol):
    """What follows from the records. Applied exactly once per file and revision, in any order."""

    def apply(self, changes: Sequence[Change]) -> None:
        """Apply each change that was not applied before. Raises ContentionError."""
        ...

    def buckets(
        self, grain: Grain, since: datetime, until: datetime, clinic_id: str | None = None
    ) -> tuple[Bucket, ...]:
        """Return the buckets that touch the span, of one clinic or of all; those of five minutes go back two days."""
        ...

    def device_labels(self, since: datetime, until: datetime) -> dict[str, str]:
        """Return how the devices of the span are called, by key: one read for each month."""
        ...

    def holdings(self) -> tuple[Holding, ...]:
        """Return what each clinic has stored."""
        ...


class ClinicHistory(Protocol):
    """What became of one clinic's files, day by day."""

    def read(self, clinic_id: str, since: datetime, until: datetime) -> History:
        """Return the days (UTC) that touch a span of at most `MOST_DAYS`: one call, however many files there are."""
        ...


class ChangeFeed(Protocol):
    """Every verdict of a clinic once, in an order that never changes: nothing ever appears before a given position."""

    def changes(self, clinic_id: str, since: str | None, limit: int) -> FeedPage:
        """Return up to `limit` entries behind a position, or the oldest that are kept.

        Raises ChangesGoneError when some behind it are no longer kept, InvalidCursorError for a position that this feed
        never gave, and ContentionError.
        """
        ...

    def end(self, clinic_id: str) -> str:
        """Return the position behind the newest entry."""
        ...


class Outbox(Protocol):
    """Alerts that the projections have counted and nobody has sent."""

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
        """Have something told once for each `episode`, not before `due_at`; the same one again changes nothing.

        `count` says of how many; `counts` are told with it, as its codes.
        """
        ...

    def take_due_alert(self, kind: str, subject: str, at: datetime) -> DueAlert | None:
        """Lease an alert for sending, or None: nothing to tell, told less than 15 minutes ago, or another sends it."""
        ...

    def mark_told(self, alert: DueAlert, at: datetime) -> None:
        """Note that an alert was sent; what came since stays due."""
        ...

    def list_pending_alerts(self) -> Iterable[tuple[str, str]]:
        """Yield kind and subject of every alert with something untold."""
        ...
