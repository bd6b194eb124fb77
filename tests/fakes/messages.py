"""Clinics and partners, queues and alerts."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from intake.errors import ConflictError, NotFoundError
from intake.languages import ENGLISH
from intake.messaging.model import Alert, QueuedMessage
from intake.tenants.model import Clinic, Partner, ProfileChange


@dataclass
class FakeDirectory:
    """Clinics and partners."""

    clinics_by_id: dict[str, Clinic] = field(default_factory=dict)
    partners_by_id: dict[str, Partner] = field(default_factory=dict)
    profiles: dict[str, dict[str, Any]] = field(default_factory=dict)
    changes: dict[tuple[str, str], ProfileChange] = field(default_factory=dict)
    lookups: int = 0
    """How often a partner or a profile was asked for."""
    language_lookups: int = 0

    def clinics(self) -> tuple[Clinic, ...]:
        return tuple(sorted(self.clinics_by_id.values(), key=lambda clinic: clinic.clinic_id))

    def clinic(self, clinic_id: str) -> Clinic | None:
        return self.clinics_by_id.get(clinic_id)

    def mail_language(self, clinic_id: str) -> str:
        self.language_lookups += 1
        return self.clinics_by_id[clinic_id].language if clinic_id in self.clinics_by_id else ENGLISH

    def choose_mail_language(self, clinic_id: str, language: str) -> None:
        if clinic_id not in self.clinics_by_id:
            raise ConflictError(clinic_id)
        self.save_clinic(replace(self.clinics_by_id[clinic_id], language=language))

    def create_clinic(self, clinic: Clinic) -> None:
        if clinic.clinic_id in self.clinics_by_id:
            raise ConflictError(clinic.clinic_id)
        self.save_clinic(clinic)

    def change_profile(self, clinic_id: str, change: ProfileChange) -> None:
        if self.profiles.get(clinic_id) != change.before:
            raise ConflictError(clinic_id)
        self.profiles[clinic_id] = change.after
        self.changes[clinic_id, change.change_id] = change

    def profile_changes(self, clinic_id: str, limit: int) -> tuple[ProfileChange, ...]:
        theirs = sorted((key for key in self.changes if key[0] == clinic_id), reverse=True)
        return tuple(self.changes[key] for key in theirs[:limit])

    def profile_change(self, clinic_id: str, change_id: str) -> ProfileChange:
        if (clinic_id, change_id) not in self.changes:
            raise NotFoundError(change_id)
        return self.changes[clinic_id, change_id]

    def partners(self) -> tuple[Partner, ...]:
        return tuple(self.partners_by_id.values())

    def partner(self, client_id: str) -> Partner | None:
        self.lookups += 1
        return self.partners_by_id.get(client_id)

    def profile(self, clinic_id: str) -> dict[str, Any] | None:
        self.lookups += 1
        return self.profiles.get(clinic_id)

    def save_profile(self, clinic_id: str, profile: dict[str, Any]) -> None:
        self.profiles[clinic_id] = profile

    def save_clinic(self, clinic: Clinic) -> None:
        self.clinics_by_id[clinic.clinic_id] = clinic

    def save_partner(self, partner: Partner) -> None:
        self.partners_by_id[partner.client_id] = partner


@dataclass
class FakeRequestCounts:
    """Counts by client and minute, or by name and day; `earlier` requests came before those that are counted here."""

    earlier: int = 0
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, client_id: str, at: datetime) -> int:
        minute = (client_id, f"{at:%H:%M}")
        self.counts[minute] += 1
        return self.earlier + self.counts[minute]

    def add_today(self, name: str, at: datetime) -> int:
        day = (name, f"{at:%Y-%m-%d}")
        self.counts[day] += 1
        return self.counts[day]


@dataclass
class FakeQueue:
    """A queue; what is peeked at stays."""

    messages: list[QueuedMessage] = field(default_factory=list)
    redriven: list[QueuedMessage] = field(default_factory=list)
    """What a dead-letter queue sent on."""

    delays: list[int] = field(default_factory=list)
    """Seconds that those who sent later messages asked for."""

    def send(self, bodies: Sequence[dict[str, Any]], delay_s: int = 0) -> None:
        if delay_s:
            self.delays.append(delay_s)
        self.messages.extend(QueuedMessage(f"m{len(self.messages) + n}", body, 0) for n, body in enumerate(bodies, 1))

    def peek(self, limit: int) -> tuple[QueuedMessage, ...]:
        looked_at = [replace(message, receives=message.receives + 1) for message in self.messages[:limit]]
        self.messages[:limit] = looked_at
        return tuple(looked_at)

    def depth(self) -> int:
        return len(self.messages)

    def redrive(self, limit: int, only: str = "") -> int:
        chosen = [message for message in self.messages[:limit] if only in {"", message.message_id}]
        self.redriven += chosen
        self.messages = [message for message in self.messages if message not in chosen]
        return len(chosen)

    def discard(self, limit: int, only: str) -> int:
        kept = [message for message in self.messages if message.message_id != only]
        removed = len(self.messages) - len(kept)
        self.messages = kept
        return removed


@dataclass
class FakeDeliveries:
    """A queue as its worker speaks of what it was given."""

    waits: list[dict[str, int]] = field(default_factory=list)
    """Seconds by receipt, of each call."""
    removed: list[str] = field(default_factory=list)
    refused: int = 0
    """Messages of each call that are not put off."""

    def put_off(self, waits: Mapping[str, int]) -> int:
        self.waits.append(dict(waits))
        return self.refused

    def remove(self, receipt: str) -> None:
        self.removed.append(receipt)


@dataclass
class FakeQueueAge:
    """What CloudWatch would tell."""

    seconds: int | None = None

    def oldest_s(self, at: datetime) -> int | None:
        return self.seconds


@dataclass
class FakeAlerts:
    """Remembers what it was told."""

    published: list[Alert] = field(default_factory=list)

    def publish(self, alert: Alert) -> None:
        self.published.append(alert)
