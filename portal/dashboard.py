"""What admins see of the pipeline at a glance. Ids and codes only: no file's name, no patient."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from intake.ports import Bucket, Grain, QueuedMessage
from intake.record import FileSummary
from intake.states import State
from portal import files
from portal.identity import Identity
from portal.services import Services

HOUR = timedelta(hours=1)
HOURS = 24
"""The running hour is the last one."""
RECENT = 20
"""Rows of recent rejections and failures."""
ALERTS = 10
"""Alerts shown."""
TOLD = (State.ACCEPTED, State.REJECTED, State.FAILED, State.EXPIRED)
"""States that the hours count; open files count nowhere but in their uploads."""


@dataclass(frozen=True, slots=True)
class Hour:
    """What became of files within one hour, all clinics together."""

    hour: datetime
    counts: dict[State, int]
    bytes: int


@dataclass(frozen=True, slots=True)
class AlertMail:
    """An alert as it would have been emailed."""

    message_id: str
    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class Dashboard:
    """The last 24 hours, and what waits now."""

    at: datetime
    counts: dict[State, int]
    bytes: int
    hours: tuple[Hour, ...]
    """Oldest first, without gaps."""
    codes: tuple[tuple[str, int], ...]
    """Finding codes by how many files they rejected, most frequent first."""
    p95_ms: int | None
    """Arrival to verdict, to the upper bound of the histogram's bin."""
    recent: tuple[FileSummary, ...]
    """Rejected and failed files, newest first."""
    waiting: int
    """Messages in the queue, about."""
    dead: int
    """Messages in the dead-letter queue, about."""
    alerts: tuple[AlertMail, ...] | None
    """None where this deployment keeps no copy of them."""


def dashboard(services: Services, identity: Identity) -> Dashboard:
    """Gather the numbers; `identity` is an admin's."""
    at = services.clock()
    since = at.replace(minute=0, second=0, microsecond=0) - (HOURS - 1) * HOUR
    buckets = services.projections.buckets(Grain.HOUR, since, at)
    return Dashboard(
        at=at,
        counts=_counts(buckets),
        bytes=sum(bucket.bytes for bucket in buckets),
        hours=_hours(buckets, since),
        codes=tuple(_sum(bucket.codes for bucket in buckets).most_common()),
        p95_ms=percentile(_sum(bucket.latency for bucket in buckets), 0.95),
        recent=_recent(services, identity, since),
        waiting=services.queue.depth(),
        dead=services.dead_letters.depth(),
        alerts=_alerts(services),
    )


def percentile(histogram: Counter[int], share: float) -> int | None:
    """Return the upper bound of the bin that holds the percentile, or None of an empty histogram."""
    threshold = share * histogram.total()
    reached = 0
    for bound in sorted(histogram):
        reached += histogram[bound]
        if reached and reached >= threshold:
            return bound
    return None


def _hours(buckets: Iterable[Bucket], since: datetime) -> tuple[Hour, ...]:
    by_hour: dict[datetime, list[Bucket]] = {}
    for bucket in buckets:
        by_hour.setdefault(bucket.start, []).append(bucket)
    moments = (since + number * HOUR for number in range(HOURS))
    return tuple(_hour(moment, by_hour.get(moment, [])) for moment in moments)


def _hour(moment: datetime, buckets: list[Bucket]) -> Hour:
    return Hour(moment, _counts(buckets), sum(bucket.bytes for bucket in buckets))


def _counts(buckets: Iterable[Bucket]) -> dict[State, int]:
    counts = _sum(bucket.counts for bucket in buckets)
    return {state: counts[state] for state in TOLD}


def _sum(parts: Iterable[dict[Any, int]]) -> Counter[Any]:
    total: Counter[Any] = Counter()
    for part in parts:
        total.update(part)
    return total


def _recent(services: Services, identity: Identity, since: datetime) -> tuple[FileSummary, ...]:
    rows = [
        row
        for state in (State.REJECTED, State.FAILED)
        for row in files.files(services, identity, state=state, since=since, cursor=None, limit=RECENT).rows
    ]
    return tuple(sorted(rows, key=lambda row: row.updated_at, reverse=True)[:RECENT])


def _alerts(services: Services) -> tuple[AlertMail, ...] | None:
    if services.mailbox is None:
        return None
    return tuple(_mail(message) for message in services.mailbox.peek(ALERTS))


def _mail(message: QueuedMessage) -> AlertMail:
    """Read what SNS delivers to a queue (Amazon SNS Developer Guide, "HTTP/HTTPS notification JSON format")."""
    return AlertMail(message.message_id, str(message.body.get("Subject", "")), str(message.body.get("Message", "")))
