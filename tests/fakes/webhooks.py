"""Webhooks, and the service that calls them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from intake.errors import NotFoundError
from intake.messaging.model import Delivery, Event, Webhook


@dataclass
class FakeWebhooks:
    """The webhooks of each clinic."""

    saved: dict[str, Webhook] = field(default_factory=dict)

    def list_by_clinic(self, clinic_id: str) -> tuple[Webhook, ...]:
        rows = [webhook for webhook in self.saved.values() if webhook.clinic_id == clinic_id]
        return tuple(sorted(rows, key=lambda webhook: webhook.webhook_id))

    def find(self, clinic_id: str, webhook_id: str) -> Webhook:
        webhook = self.saved.get(webhook_id)
        if webhook is None or webhook.clinic_id != clinic_id:
            raise NotFoundError("there is no such webhook")
        return webhook

    def save(self, webhook: Webhook) -> None:
        self.saved[webhook.webhook_id] = webhook

    def remove(self, webhook: Webhook) -> None:
        self.saved.pop(webhook.webhook_id, None)


@dataclass
class FakeHookSubscriptions:
    """A service whose token for a webhook is `token-{webhook_id}`."""

    active: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)

    def subscribe(self, webhook: Webhook) -> str | None:
        self.asked.append(webhook.url)
        return f"subscription-{webhook.webhook_id}"

    def confirm(self, webhook: Webhook, token: str) -> str | None:
        if token != f"token-{webhook.webhook_id}":
            return None
        self.active.add(webhook.webhook_id)
        return f"subscription-{webhook.webhook_id}"

    def state(self, webhook: Webhook) -> Delivery:
        return Delivery.ACTIVE if webhook.webhook_id in self.active else Delivery.PENDING

    def unsubscribe(self, webhook: Webhook) -> None:
        self.active.discard(webhook.webhook_id)
        self.ended.append(webhook.webhook_id)


@dataclass
class FakeEvents:
    """Remembers what was told."""

    published: list[Event] = field(default_factory=list)

    def publish(self, events: Sequence[Event]) -> None:
        self.published.extend(events)
