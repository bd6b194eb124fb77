"""What people asked to be told, in the table, behind the `Subscriptions` port.

An item per owner and address. The index `by_clinic` finds all owners of an address, under `SUBSCRIBER#{id}`. A removed
one is forgotten after a week, when SNS has forgotten its request too.
"""

from typing import Any

from intake.files.model import timestamp
from intake.messaging.model import Subscription
from intake.table.expressions import account
from intake.table.items import Item, expiry, moment
from intake.table.queries import Query
from intake.table.table import Table

_PREFIX = "SUBSCRIPTION#"


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
        self._table.put(_item(subscription), account(subscription.owner))


def _key(owner: str, subscription_id: str) -> Item:
    return {"pk": f"SUBSCRIPTIONS#{owner}", "sk": f"{_PREFIX}{subscription_id}"}


def _address(subscription_id: str) -> str:
    return f"SUBSCRIBER#{subscription_id}"


def _item(row: Subscription) -> dict[str, Any]:
    return {
        **_key(row.owner, row.subscription_id),
        "clinic_key": _address(row.subscription_id),
        "created_key": row.owner,
        **({"removed": True, "expires": expiry()} if row.removed else {}),
        "owner": row.owner,
        "subscription_id": row.subscription_id,
        "protocol": row.protocol,
        "endpoint": row.endpoint,
        "kinds": sorted(row.kinds),
        "arn": row.arn,
        "created_at": timestamp(row.created_at),
        "created_by": row.created_by,
        "asked_at": timestamp(row.asked_at),
    }


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
