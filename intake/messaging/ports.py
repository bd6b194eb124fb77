"""What is asked of queues, topics and subscriptions."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from intake.messaging.model import Alert, Delivery, Event, FilterPolicy, QueuedMessage, Standing, Subscription, Webhook


class Alerts(Protocol):
    def publish(self, alert: Alert) -> None: ...


class Worker(Protocol):
    """A function that finds its work itself."""

    def wake(self) -> None:
        """Have it start. Who is at work already goes on."""
        ...


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


class Deliveries(Protocol):
    """What a worker says of messages that it was given, by their receipts."""

    def put_off(self, waits: Mapping[str, int]) -> int:
        """Have each message come again after so many seconds. Return how many of them were refused that."""
        ...

    def remove(self, receipt: str) -> None:
        """Take a message out of the queue. Removing none is no error."""
        ...


class DeadLetters(Queue, Protocol):
    """A queue of messages that were given up. Moving one twice is harmless: whoever takes it may take it twice."""

    def redrive(self, limit: int, only: str = "") -> int:
        """Send up to `limit` messages where they are tried again, or the one of that id. Return how many."""
        ...

    def discard(self, limit: int, only: str) -> int:
        """Remove the message of that id, looking at up to `limit`. Return how many there were."""
        ...


class Subscriptions(Protocol):
    """What was asked for."""

    def list_by_owner(self, owner: str) -> tuple[Subscription, ...]:
        """Return an owner's subscriptions, without removed ones, oldest first."""
        ...

    def find(self, owner: str, subscription_id: str) -> Subscription | None:
        """Return one, also one that was removed within the last days."""
        ...

    def list_by_address(self, subscription_id: str) -> tuple[Subscription, ...]:
        """Return all owners' subscriptions of the same address, removed ones too, as of a moment ago."""
        ...

    def save(self, subscription: Subscription) -> None: ...


class Subscribers(Protocol):
    """The topic's subscriptions. SNS holds one for each address, whoever asked for it."""

    def subscribe(self, protocol: str, endpoint: str, policy: FilterPolicy) -> str:
        """Ask the recipient to confirm, again if that was done before, and return SNS's name of the subscription.

        Raises LimitError when the topic takes no more, ConflictError when SNS holds the address with another policy.
        """
        ...

    def find_standing(self, arn: str) -> Standing: ...

    def set_policy(self, arn: str, policy: FilterPolicy) -> bool:
        """Say from now on which messages it gets. False when it is gone."""
        ...

    def unsubscribe(self, arn: str) -> None:
        """Stop it; one that is gone already is no error."""
        ...


class Events(Protocol):
    """Tells events to whom it may concern, at least once."""

    def publish(self, events: Sequence[Event]) -> None: ...


class Webhooks(Protocol):
    """The webhooks of each clinic."""

    def list_by_clinic(self, clinic_id: str) -> tuple[Webhook, ...]:
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


class QueueAge(Protocol):
    """How long the messages of a queue have waited."""

    def oldest_s(self, at: datetime) -> int | None:
        """Return the oldest message's age in seconds as of a minute or so ago, or None where it was not measured."""
        ...
