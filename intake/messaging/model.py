"""Alerts, events, and who is told of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, StrEnum, auto
from typing import Any


class AlertKind(StrEnum):
    """What alerts are about; subscriptions choose by it."""

    REJECTED = "file.rejected"
    FAILED = "file.failed"
    COMPLETED = "upload.completed"
    QUIET = "clinic.quiet"
    LATE = "file.late"
    SCORECARD = "clinic.scorecard"
    """What became of a clinic's files in the month before."""
    EXAMS_MISSING = "exams.missing"
    """Expected exams did not come."""
    DISAGREEMENT = "records.disagree"
    """Objects and records contradict each other: a matter of operations, whatever the clinic."""
    REVIEW = "review.waiting"
    """A file waits for a second admin: of them alone, whatever the clinic."""


OF_OPERATIONS = frozenset({AlertKind.DISAGREEMENT, AlertKind.REVIEW})
"""Kinds that no clinic is told of."""


@dataclass(frozen=True, slots=True)
class Alert:
    """A message to people: opaque ids and codes only."""

    kind: str
    clinic_id: str
    severity: str
    subject: str
    """Fewer than 100 ASCII characters (`intake.messaging.mails.write_subject`)."""
    body: str


@dataclass(frozen=True, slots=True)
class QueuedMessage:
    """A message of a queue that was looked at, not taken."""

    message_id: str
    body: dict[str, Any]
    receives: int
    sent_at: datetime | None = None
    """Empty where the queue does not say."""


OPERATIONS = "_operations"
"""The owner of the admins' own subscriptions, which hear of all clinics; no clinic's id begins with an underscore."""

EVERYTHING = "everything"
"""The kind that stands for all of them, and for CloudWatch's alarms: those carry no attributes to choose by, and no
filter policy lets a message without any pass."""

FilterPolicy = dict[str, Any]
"""Which messages a subscription gets, by their attributes (Amazon SNS Developer Guide, "Filter policies")."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """One address, and what its owner wants it to be told."""

    owner: str
    """The clinic, or `OPERATIONS`."""
    subscription_id: str
    """Follows from protocol and endpoint; several owners may name the same address."""
    protocol: str
    """As SNS calls it: `email`, `https`."""
    endpoint: str
    kinds: frozenset[str]
    created_at: datetime
    created_by: str
    asked_at: datetime
    """When the recipient was last asked to confirm."""
    arn: str = ""
    """SNS's name of it; nothing before SNS was asked."""
    removed: bool = False


class Standing(Enum):
    """Whether SNS delivers."""

    PENDING = auto()
    """The recipient has not confirmed yet."""
    CONFIRMED = auto()
    GONE = auto()
    """The recipient has stopped it, or let the request lapse (after two days)."""


TEST = "webhook.test"
"""What a test event is called where it arrives."""


class EventKind(StrEnum):
    """What webhooks may be called for."""

    UPLOAD_COMPLETED = "upload.completed"
    UPLOAD_INCOMPLETE = "upload.incomplete"
    """Nothing is waited for any more, and files are missing."""
    FILE_REJECTED = "file.rejected"
    FILE_FAILED = "file.failed"
    STUDY_UPDATED = "study.updated"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened at a clinic: ids and codes only, for it leaves the house."""

    event_id: str
    """Follows from what happened, so that telling it again gives the same one."""
    kind: str
    """An `EventKind`, or the test of one webhook."""
    clinic_id: str
    at: datetime
    data: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Webhook:
    """An address that is called with a clinic's events."""

    webhook_id: str
    clinic_id: str
    url: str
    events: tuple[str, ...]
    created_at: datetime
    created_by: str
    subscription: str | None = field(default=None)
    """The service's own id, once it is known."""

    @property
    def test_kind(self) -> str:
        """The kind of the event that this webhook is called for, and no other."""
        return f"{TEST}.{self.webhook_id}"


class Delivery(StrEnum):
    """How a webhook stands with the service that delivers."""

    PENDING = "pending"
    ACTIVE = "active"
    LAPSED = "lapsed"


NOBODYS: FilterPolicy = {"clinic_id": ["-"]}
"""Matches no message: no clinic is called so."""

ALL: FilterPolicy = {}
"""Matches every message."""


def filter_policy(wanted: Iterable[Subscription]) -> FilterPolicy:
    """Return one policy for all that the owners of an address want: SNS takes one subscription for each address."""
    standing = [one for one in sorted(wanted, key=lambda one: one.owner) if one.kinds and not one.removed]
    if any(one.owner == OPERATIONS and EVERYTHING in one.kinds for one in standing):
        return ALL
    parts: list[FilterPolicy] = []
    for one in standing:
        whose = {} if one.owner == OPERATIONS else {"clinic_id": [one.owner]}
        parts.append({**whose, "kind": sorted(map(str, one.kinds))})
    if not parts:
        return NOBODYS
    return parts[0] if len(parts) == 1 else {"$or": parts}
