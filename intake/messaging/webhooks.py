"""Webhooks in the table, behind the `Webhooks` port."""

from intake.errors import NotFoundError
from intake.files.model import timestamp
from intake.messaging.model import Webhook
from intake.table.expressions import clinic
from intake.table.items import Item, expiry, moment
from intake.table.queries import Query
from intake.table.table import Table


class DynamoWebhooks:
    """One item per webhook, under its clinic; ids sort by age."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def list_by_clinic(self, clinic_id: str) -> tuple[Webhook, ...]:
        rows = self._table.query(Query(_key(clinic_id, "")["pk"], consistent=True)).rows
        return tuple(_webhook(item) for item in rows if "removed" not in item)

    def find(self, clinic_id: str, webhook_id: str) -> Webhook:
        found = next((webhook for webhook in self.list_by_clinic(clinic_id) if webhook.webhook_id == webhook_id), None)
        if found is None:
            raise NotFoundError("there is no such webhook")
        return found

    def save(self, webhook: Webhook) -> None:
        item = {
            **_key(webhook.clinic_id, webhook.webhook_id),
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
        removed = {**_key(webhook.clinic_id, webhook.webhook_id), "removed": True, "expires": expiry()}
        self._table.put(removed, clinic(webhook.clinic_id))


def _key(clinic_id: str, webhook_id: str) -> Item:
    return {"pk": f"WEBHOOKS#{clinic_id}", "sk": webhook_id}


def _webhook(item: Item) -> Webhook:
    return Webhook(
        webhook_id=item["webhook_id"],
        clinic_id=item["clinic_id"],
        url=item["url"],
        events=tuple(item["events"]),
        created_at=moment(item["created_at"]),
        created_by=item["created_by"],
        subscription=item.get("subscription"),
    )
