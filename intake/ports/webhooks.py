"""Events for other systems, and who is called with them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

TEST = "webhook.test"
"""What a test event is called where it arrives."""


class EventKind(StrEnum):
    """What webhooks may be called for."""

    UPLOAD_COMPLETED = "upload.completed"
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


class Events(Protocol):
    """Tells events to whom it may concern, at least once."""

    def publish(self, events: Sequence[Event]) -> None: ...


class Webhooks(Protocol):
    """The webhooks of each clinic."""

    def of(self, clinic_id: str) -> tuple[Webhook, ...]:
        """Return them, oldest first; a clinic has few."""
        ...

    def find(self, clinic_id: str, webhook_id: str) -> Webhook:
        """Raises NotFoundError."""
        ...

    def save(self, webhook: Webhook) -> None: ...

    def remove(self, webhook: Webhook) -> None: ...


class HookSubscriptions(Protocol):
    """The service that delivers events to webhooks: it asks an address to confirm, signs, repeats and gives up."""

    def subscribe(self, webhook: Webhook) -> str | None:
        """Have the webhook's address asked to confirm. Return the subscription's id where it is known already."""
        ...

    def confirm(self, webhook: Webhook, token: str) -> str | None:
        """Return the subscription's id; None for a token that the webhook's address was not given."""
        ...

    def state(self, webhook: Webhook) -> Delivery: ...

    def unsubscribe(self, webhook: Webhook) -> None: ...
