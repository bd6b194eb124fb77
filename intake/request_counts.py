"""How often each client asked in the present minute, and what came on a day, behind the `RequestCounts` port."""

from collections import Counter
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from intake.expressions import addition
from intake.items import plain
from intake.ownership import SYSTEM

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient


class DynamoRequestCounts:
    """One item per client and minute, or per name and day; it goes by TTL. No two callers get the same number."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._dynamodb = client
        self._table = table

    def add(self, client_id: str, at: datetime) -> int:
        return self._add(f"{client_id}#{at:%Y-%m-%dT%H:%M}", at + timedelta(hours=1))

    def add_today(self, name: str, at: datetime) -> int:
        return self._add(f"{name}#{at:%Y-%m-%d}", at + timedelta(days=2))

    def _add(self, counted: str, until: datetime) -> int:
        key = {"pk": f"REQUESTS#{counted}", "sk": "#REQUESTS"}
        expires = {"expires": int(until.timestamp())}
        update = addition(self._table, key, Counter(requests=1), SYSTEM, sets=expires)
        answer = self._dynamodb.update_item(**update, ReturnValues="UPDATED_NEW")
        return int(plain(answer["Attributes"])["requests"])
