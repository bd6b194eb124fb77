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


class Queue(Protocol):
    def send(self, bodies: Sequence[dict[str, Any]]) -> None: ...

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
