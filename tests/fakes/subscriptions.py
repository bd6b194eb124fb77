"""Subscriptions, and an SNS topic that keeps them."""

from dataclasses import dataclass, field

from intake.errors import ConflictError, LimitError
from intake.messaging.model import NOBODYS, FilterPolicy, Standing, Subscription


@dataclass
class FakeSubscriptions:
    """What was asked for."""

    rows: dict[tuple[str, str], Subscription] = field(default_factory=dict)

    def list_by_owner(self, owner: str) -> tuple[Subscription, ...]:
        rows = [row for row in self.rows.values() if row.owner == owner and not row.removed]
        return tuple(sorted(rows, key=lambda row: row.created_at))

    def find(self, owner: str, subscription_id: str) -> Subscription | None:
        return self.rows.get((owner, subscription_id))

    def list_by_address(self, subscription_id: str) -> tuple[Subscription, ...]:
        return tuple(row for row in self.rows.values() if row.subscription_id == subscription_id)

    def save(self, subscription: Subscription) -> None:
        self.rows[subscription.owner, subscription.subscription_id] = subscription


@dataclass
class FakeTopicSubscription:
    """One address of the topic."""

    endpoint: str
    policy: FilterPolicy
    confirmed: bool = False
    mails: int = 1
    """Requests to confirm."""


@dataclass
class FakeSubscribers:
    """A topic that holds each address once, as SNS does."""

    by_arn: dict[str, FakeTopicSubscription] = field(default_factory=dict)
    most: int = 200
    trouble: Exception | None = None
    """Raised instead of an answer."""

    def subscribe(self, protocol: str, endpoint: str, policy: FilterPolicy) -> str:
        if self.trouble:
            raise self.trouble
        for arn, held in self.by_arn.items():
            if held.endpoint == endpoint:
                if held.policy != policy:
                    raise ConflictError("Subscription already exists with different attributes")
                held.mails += not held.confirmed
                return arn
        if len(self.by_arn) >= self.most:
            raise LimitError("full")
        arn = f"arn:aws:sns:eu-central-1:1:alerts:{endpoint}"
        self.by_arn[arn] = FakeTopicSubscription(endpoint, policy)
        return arn

    def find_standing(self, arn: str) -> Standing:
        held = self.by_arn.get(arn)
        if held is None:
            return Standing.GONE
        return Standing.CONFIRMED if held.confirmed else Standing.PENDING

    def set_policy(self, arn: str, policy: FilterPolicy) -> bool:
        if arn in self.by_arn:
            self.by_arn[arn].policy = policy
        return arn in self.by_arn

    def unsubscribe(self, arn: str) -> None:
        if self.set_policy(arn, NOBODYS) and self.by_arn[arn].confirmed:
            del self.by_arn[arn]

    def confirm(self, endpoint: str) -> None:
        """Do what the recipient does with the link in the message."""
        self.find_address(endpoint).confirmed = True

    def stop(self, endpoint: str) -> None:
        """Do what the recipient does with the link at a message's end."""
        self.by_arn = {arn: held for arn, held in self.by_arn.items() if held.endpoint != endpoint}

    def find_address(self, endpoint: str) -> FakeTopicSubscription:
        (held,) = (held for held in self.by_arn.values() if held.endpoint == endpoint)
        return held
