"""Alerts and queues."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol


class AlertKind(StrEnum):
    """What alerts are about; subscriptions choose by it."""

    REJECTED = "file.rejected"
    FAILED = "file.failed"
    COMPLETED = "upload.completed"
    QUIET = "clinic.quiet"
    LATE = "file.late"
    DISAGREEMENT = "records.disagree"
    """Objects and records contradict each other: a matter of operations, whatever the clinic."""


@dataclass(frozen=True, slots=True)
class Alert:
    """A message to people: opaque ids and codes only."""

    kind: str
    clinic_id: str
    severity: str
    subject: str
    """At most 100 ASCII characters."""
    body: str


class Alerts(Protocol):
    def publish(self, alert: Alert) -> None: ...


@dataclass(frozen=True, slots=True)
class QueuedMessage:
    """A message of a queue that was looked at, not taken."""

    message_id: str
    body: dict[str, Any]
    receives: int
    sent_at: datetime | None = None
    """Empty where the queue does not say."""


class Queue(Protocol):
    def send(self, bodies: Sequence[dict[str, Any]], delay_s: int = 0) -> None:
        """Send messages, which nobody takes before `delay_s` seconds (at most 900) are over."""
        ...

    def peek(self, limit: int) -> tuple[QueuedMessage, ...]:
        """Return up to `limit` messages and leave them in the queue."""
        ...

    def depth(self) -> int:
        """Messages waiting or in flight, about."""
        ...


class QueueAge(Protocol):
    """How long the messages of a queue have waited."""

    def oldest_s(self, at: datetime) -> int | None:
        """Return the oldest message's age in seconds as of a minute or so ago, or None where it was not measured."""
        ...


class DeadLetters(Queue, Protocol):
    """A queue of messages that were given up. Moving one twice is harmless: whoever takes it may take it twice."""

    def redrive(self, limit: int, only: str = "") -> int:
        """Send up to `limit` messages where they are tried again, or the one of that id. Return how many."""
        ...

    def discard(self, limit: int, only: str) -> int:
        """Remove the message of that id, looking at up to `limit`. Return how many there were."""
        ...
