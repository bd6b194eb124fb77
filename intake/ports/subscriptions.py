"""Who is told of what: the table of what people asked for, and the topic that delivers it."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Any, Protocol

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
    """The recipient has stopped it, or let the request lapse (after three days)."""


class Subscriptions(Protocol):
    """What was asked for."""

    def of(self, owner: str) -> tuple[Subscription, ...]:
        """Return an owner's subscriptions, without removed ones, oldest first."""
        ...

    def find(self, owner: str, subscription_id: str) -> Subscription | None:
        """Return one, also one that was removed within the last days."""
        ...

    def sharing(self, subscription_id: str) -> tuple[Subscription, ...]:
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

    def standing(self, arn: str) -> Standing: ...

    def set_policy(self, arn: str, policy: FilterPolicy) -> bool:
        """Say from now on which messages it gets. False when it is gone."""
        ...

    def unsubscribe(self, arn: str) -> None:
        """Stop it; one that is gone already is no error."""
        ...
