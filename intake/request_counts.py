"""How often each client asked in the present minute, in the table, behind the `RequestCounts` port."""

from collections import Counter
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from intake.expressions import addition
from intake.items import plain
from intake.ownership import SYSTEM

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient


class DynamoRequestCounts:
    """One item per client and minute; it goes by TTL."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._dynamodb = client
        self._table = table

    def add(self, client_id: str, at: datetime) -> int:
        key = {"pk": f"REQUESTS#{client_id}#{at:%Y-%m-%dT%H:%M}", "sk": "#REQUESTS"}
        expires = {"expires": int((at + timedelta(hours=1)).timestamp())}
        update = addition(self._table, key, Counter(requests=1), SYSTEM, sets=expires)
        answer = self._dynamodb.update_item(**update, ReturnValues="UPDATED_NEW")
        return int(plain(answer["Attributes"])["requests"])
