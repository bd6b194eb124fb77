"""What people asked to be told, and webhooks, in the table, behind the `Subscriptions` and the `Webhooks` port.

A subscription is an item per owner and address. The index `by_clinic` finds all owners of an address, under
`SUBSCRIBER#{id}`. A removed one is forgotten after a week, when SNS has forgotten its request too.
"""

from intake.errors import NotFoundError
from intake.files.model import timestamp
from intake.messaging.model import Subscription, Webhook
from intake.table.expressions import account, clinic
from intake.table.items import Item, expiry, moment
from intake.table.queries import Query
from intake.table.table import Table


class DynamoSubscriptions:
    """Reads and writes subscriptions; each method but `list_by_address` is one call."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def list_by_owner(self, owner: str) -> tuple[Subscription, ...]:
        rows = map(_subscription, self._table.items(Query(f"SUBSCRIPTIONS#{owner}", consistent=True)))
        return tuple(sorted((row for row in rows if not row.removed), key=lambda row: (row.created_at, row.endpoint)))

    def find(self, owner: str, subscription_id: str) -> Subscription | None:
        item = self._table.get(_key(owner, subscription_id))
        return _subscription(item) if item else None

    def list_by_address(self, subscription_id: str) -> tuple[Subscription, ...]:
        rows = self._table.items(Query(_address(subscription_id), index="by_clinic", partition="clinic_key"))
        found = [self.find(owner, subscription_id) for owner in [row["created_key"] for row in rows]]
        return tuple(one for one in found if one is not None)

    def save(self, subscription: Subscription) -> None:
        item = {
            **_key(subscription.owner, subscription.subscription_id),
            "clinic_key": _address(subscription.subscription_id),
            "created_key": subscription.owner,
            **({"removed": True, "expires": expiry()} if subscription.removed else {}),
            "owner": subscription.owner,
            "subscription_id": subscription.subscription_id,
            "protocol": subscription.protocol,
            "endpoint": subscription.endpoint,
            "kinds": sorted(subscription.kinds),
            "arn": subscription.arn,
            "created_at": timestamp(subscription.created_at),
            "created_by": subscription.created_by,
            "asked_at": timestamp(subscription.asked_at),
        }
        self._table.put(item, account(subscription.owner))


def _key(owner: str, subscription_id: str) -> Item:
    return {"pk": f"SUBSCRIPTIONS#{owner}", "sk": f"SUBSCRIPTION#{subscription_id}"}


def _address(subscription_id: str) -> str:
    return f"SUBSCRIBER#{subscription_id}"


def _subscription(row: Item) -> Subscription:
    return Subscription(
        owner=row["owner"],
        subscription_id=row["subscription_id"],
        protocol=row["protocol"],
        endpoint=row["endpoint"],
        kinds=frozenset(row["kinds"]),
        created_at=moment(row["created_at"]),
        created_by=row["created_by"],
        asked_at=moment(row["asked_at"]),
        arn=row["arn"],
        removed=row.get("removed", False),
    )


class DynamoWebhooks:
    """One item per webhook, under its clinic; ids sort by age."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def list_by_clinic(self, clinic_id: str) -> tuple[Webhook, ...]:
        rows = self._table.query(Query(_webhook_key(clinic_id, "")["pk"], consistent=True)).rows
        return tuple(
            Webhook(
                webhook_id=row["webhook_id"],
                clinic_id=row["clinic_id"],
                url=row["url"],
                events=tuple(row["events"]),
                created_at=moment(row["created_at"]),
                created_by=row["created_by"],
                subscription=row.get("subscription"),
            )
            for row in rows
            if "removed" not in row
        )

    def find(self, clinic_id: str, webhook_id: str) -> Webhook:
        found = next((webhook for webhook in self.list_by_clinic(clinic_id) if webhook.webhook_id == webhook_id), None)
        if found is None:
            raise NotFoundError("there is no such webhook")
        return found

    def save(self, webhook: Webhook) -> None:
        item = {
            **_webhook_key(webhook.clinic_id, webhook.webhook_id),
            "webhook_id": webhook.webhook_id,
            "clinic_id": webhook.clinic_id,
            "url": webhook.url,
            "events": list(webhook.events),
            "created_at": timestamp(webhook.created_at),
            "created_by": webhook.created_by,
            "subscription": webhook.subscription,
        }
        self._table.put(item, clinic(webhook.clinic_id))

    def remove(self, webhook: Webhook) -> None:
        # No role of the portal's may delete an item: TTL does.
        removed = {**_webhook_key(webhook.clinic_id, webhook.webhook_id), "removed": True, "expires": expiry()}
        self._table.put(removed, clinic(webhook.clinic_id))


def _webhook_key(clinic_id: str, webhook_id: str) -> Item:
    return {"pk": f"WEBHOOKS#{clinic_id}", "sk": webhook_id}
