"""Searches that are kept for an hour, behind the `KeptSearches` port."""

import secrets
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from intake.expressions import creation
from intake.items import Item, plain, wire
from intake.ownership import account

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

KEPT = 3600
"""Seconds."""

LONGEST_ID = 64


class DynamoKeptSearches:
    """Keeps criteria in the table, for whoever wrote them."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._dynamodb = client
        self._table = table

    def keep(self, owner: str, criteria: Mapping[str, str]) -> str:
        search_id = secrets.token_urlsafe(24)
        item = {**_key(owner, search_id), "criteria": dict(criteria), "expires": int(time.time()) + KEPT}
        self._dynamodb.put_item(**creation(self._table, item, account(owner)))
        return search_id

    def kept(self, owner: str, search_id: str) -> dict[str, str] | None:
        if not 0 < len(search_id) <= LONGEST_ID:
            return None
        answer = self._dynamodb.get_item(TableName=self._table, Key=wire(_key(owner, search_id)), ConsistentRead=True)
        item = plain(answer.get("Item", {}))
        # DynamoDB removes what expired only within days, so what it still holds may have lapsed.
        if item.get("expires", 0) <= time.time():
            return None
        return dict(item["criteria"])


def _key(owner: str, search_id: str) -> Item:
    # Under its owner, so that whoever else asks reads nothing.
    return {"pk": f"SEARCH#{owner}#{search_id}", "sk": "#SEARCH"}
