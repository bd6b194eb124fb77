"""Searches that are kept for an hour, behind the `KeptSearches` port."""

import secrets
import time
from collections.abc import Mapping

from intake.table.expressions import account, creation
from intake.table.items import Item
from intake.table.table import Table

KEPT = 3600
"""Seconds."""

LONGEST_ID = 64


class DynamoKeptSearches:
    """Keeps criteria in the table, for whoever wrote them."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def keep(self, owner: str, criteria: Mapping[str, str]) -> str:
        search_id = secrets.token_urlsafe(24)
        item = {**_key(owner, search_id), "criteria": dict(criteria), "expires": int(time.time()) + KEPT}
        self._table.write(creation(item, account(owner)))
        return search_id

    def find(self, owner: str, search_id: str) -> dict[str, str] | None:
        if not 0 < len(search_id) <= LONGEST_ID:
            return None
        item = self._table.get(_key(owner, search_id))
        # DynamoDB removes what expired only within days, so what it still holds may have lapsed.
        return dict(item["criteria"]) if item and item["expires"] > time.time() else None


def _key(owner: str, search_id: str) -> Item:
    # Under its owner, so that whoever else asks reads nothing.
    return {"pk": f"SEARCH#{owner}#{search_id}", "sk": "#SEARCH"}
