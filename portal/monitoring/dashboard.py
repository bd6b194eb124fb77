"""What admins see of the pipeline at a glance. Ids and codes only: no file's name, no patient.

However many clinics there are, a range takes at most three Queries, and the devices' names two.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from textwrap import shorten

from intake.files.keys import UNASSIGNED
from intake.files.model import FileSummary
from intake.files.states import State
from intake.messaging.model import QueuedMessage
from intake.operations.model import QuietClinic
from intake.projections.model import Bucket, Grain
from portal.admin.clinics import find_clinic
from portal.costs.estimate import MONTH, Cost, estimate_cost
from portal.monitoring import statistics
from portal.monitoring.statistics import Range, Standing, Step
from portal.presentation.languages import gettext
from portal.quarantine.unfinished_work import list_stuck
from portal.services import Services

RECENT = 10
"""Rows of recent rejections and failures."""
ALERTS = 10
"""Alerts shown."""
LONGEST_SUBJECT = 100
"""Characters, as SNS limits it."""


@dataclass(frozen=True, slots=True)
class AlertMail:
    """An alert as it would have been emailed."""

    message_id: str
    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class Pipeline:
    """What waits now, of all clinics."""

    waiting: int
    """Messages in the queue, about."""
    oldest_s: int | None
    """Seconds that the oldest of them has waited; None where none waits, or CloudWatch has not told yet."""
    dead: int
    """Messages in the dead-letter queue, about."""
    stuck: int
    """Files that arrived and have no verdict, past the time that one takes."""
    quiet: tuple[QuietClinic, ...]


@dataclass(frozen=True, slots=True)
class Dashboard:
    """A range of one clinic or of all, and what waits now."""

    at: datetime
    range: Range
    clinic_id: str | None
    counts: dict[State, int]
    bytes: int
    percentiles: tuple[int | None, ...]
    """Of the whole range; see `figures.SHARES`."""
    steps: tuple[Step, ...]
    codes: tuple[tuple[str, int], ...]
    """Finding codes by how many files they rejected, most frequent first."""
    clinics: tuple[Standing, ...]
    devices: tuple[Standing, ...]
    device_labels: dict[str, str]
    recent: tuple[FileSummary, ...]
    """Rejected and failed files of the range, newest first."""
    pipeline: Pipeline
    alerts: tuple[AlertMail, ...] | None
    """None where this deployment keeps no copy of them."""


def build_dashboard(services: Services, span: Range, clinic_id: str | None = None) -> Dashboard:
    """Gather the numbers of one clinic or of all. Raises NotFoundError for a clinic that there is not."""
    if clinic_id is not None and clinic_id != UNASSIGNED:
        find_clinic(services, clinic_id)
    at, waiting = services.clock(), services.queue.depth()
    since = span.starts(at)[0]
    buckets = services.projections.buckets(span.grain, since, at, clinic_id)
    devices = tuple(statistics.rank_devices(buckets))
    return Dashboard(
        at=at,
        range=span,
        clinic_id=clinic_id,
        counts=statistics.sum_states(buckets),
        bytes=sum(bucket.bytes for bucket in buckets),
        percentiles=statistics.find_percentiles(buckets),
        steps=statistics.sum_steps(span, at, buckets),
        codes=tuple(statistics.sum_counts(bucket.codes for bucket in buckets).most_common()),
        clinics=tuple(statistics.rank_clinics(buckets)),
        devices=devices,
        device_labels=services.projections.device_labels(since, at) if devices else {},
        recent=_list_recent(services, clinic_id, since),
        pipeline=Pipeline(
            waiting=waiting,
            oldest_s=services.queue_age.oldest_s(at) if waiting else None,
            dead=services.dead_letters.depth(),
            stuck=len(list_stuck(services)),
            quiet=services.watch.quiet(),
        ),
        alerts=None if services.mailbox is None else tuple(map(_read_mail, services.mailbox.peek(ALERTS))),
    )


def estimate_costs(services: Services) -> tuple[Cost, ...]:
    """Estimate what each clinic's month costs, the dearest first."""
    at = services.clock()
    days: Sequence[Bucket] = services.projections.buckets(Grain.DAY, at - timedelta(days=MONTH - 1), at)
    judged = statistics.count_judged(days)
    held = {holding.clinic_id: holding for holding in services.projections.holdings()}
    rows = [
        estimate_cost(
            clinic_id,
            files=held[clinic_id].files if clinic_id in held else 0,
            stored=held[clinic_id].bytes if clinic_id in held else 0,
            judged=judged[clinic_id],
        )
        for clinic_id in {*held, *judged}
    ]
    return tuple(sorted(rows, key=lambda row: (-row.month, row.clinic_id)))


def _list_recent(services: Services, clinic_id: str | None, since: datetime) -> tuple[FileSummary, ...]:
    rows = [
        # Names are the clinics' own: an admin finds a file by its id.
        replace(row, name=row.file_id)
        for state in (State.REJECTED, State.FAILED)
        for row in services.records.files(clinic_id, state, since, None, RECENT).rows
    ]
    return tuple(sorted(rows, key=lambda row: row.updated_at, reverse=True)[:RECENT])


def _read_mail(message: QueuedMessage) -> AlertMail:
    """Read what SNS delivers to a queue (Amazon SNS Developer Guide, "HTTP/HTTPS notification JSON format")."""
    body = str(message.body.get("Message") or "")
    # What AWS's own events tell (of backups, of tampering) comes without a subject.
    subject = str(
        message.body.get("Subject") or shorten(body, LONGEST_SUBJECT, placeholder=" …") or gettext("No words")
    )
    return AlertMail(message.message_id, subject, body)
