"""Reading a stretch of an index, in its order (source: Amazon DynamoDB Developer Guide, "Querying tables")."""

import heapq
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from intake.batches import items_at
from intake.items import Item, plain, wire

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

FIRST, LAST = "!", "\U0010ffff"
"""Sort before and after every key that we write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A stretch of one or several partitions of an index, that are read as one."""

    index: str | None
    """None for the table itself."""
    partition: str
    """The attribute that partitions it."""
    values: tuple[str, ...]
    sort: str
    low: str = FIRST
    high: str = LAST
    newest_first: bool = False


class Indexes:
    """Reads one table's."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._dynamodb = client
        self._table = table

    def keys(self, stretch: Stretch, after: str | None, limit: int) -> list[Item]:
        """Return the keys (`pk`, `sk` and the index's own) of up to `limit` rows behind the sort key `after`."""
        parts = [self._part(stretch, value, after, limit) for value in stretch.values]
        merged = heapq.merge(*parts, key=lambda row: str(row[stretch.sort]), reverse=stretch.newest_first)
        return list(merged)[:limit]

    def items(self, rows: list[Item]) -> list[Item]:
        """Return the items behind the keys, in their order and each once; without those that are gone."""
        wanted = {(row["pk"], row["sk"]): None for row in rows}
        found = items_at(self._dynamodb, self._table, [{"pk": pk, "sk": sk} for pk, sk in wanted])
        held = {(item["pk"], item["sk"]): item for item in found}
        return [held[key] for key in wanted if key in held]

    def _part(self, stretch: Stretch, value: str, after: str | None, limit: int) -> list[Item]:
        low, high = stretch.low, stretch.high
        if after is not None:
            low, high = (low, after) if stretch.newest_first else (after, high)
        if low > high:
            return []
        call: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": f"{stretch.partition} = :value AND {stretch.sort} BETWEEN :low AND :high",
            "ExpressionAttributeValues": wire({":value": value, ":low": low, ":high": high}),
            "ScanIndexForward": not stretch.newest_first,
            # Both ends belong to the stretch, so the row that the last page ended with comes again.
            "Limit": limit + 1,
        }
        if stretch.index:
            call["IndexName"] = stretch.index
        rows = map(plain, self._dynamodb.query(**call)["Items"])
        return [row for row in rows if row[stretch.sort] != after][:limit]
