"""How often each client asked in the present minute, and what came on a day, behind the `RequestCounts` port."""

from collections import Counter
from datetime import datetime, timedelta

from intake.table.expressions import SYSTEM, addition
from intake.table.table import Table


class DynamoRequestCounts:
    """One item per client and minute, or per name and day; it goes by TTL. No two callers get the same number."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def add(self, client_id: str, at: datetime) -> int:
        return self._add(f"{client_id}#{at:%Y-%m-%dT%H:%M}", at + timedelta(hours=1))

    def add_today(self, name: str, at: datetime) -> int:
        return self._add(f"{name}#{at:%Y-%m-%d}", at + timedelta(days=2))

    def _add(self, counted: str, until: datetime) -> int:
        key = {"pk": f"REQUESTS#{counted}", "sk": "#REQUESTS"}
        expires = {"expires": int(until.timestamp())}
        item = self._table.update_and_get(addition(key, Counter(requests=1), SYSTEM, sets=expires))
        return int(item["requests"])
