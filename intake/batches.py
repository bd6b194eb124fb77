"""Reading many items by key (source: Amazon DynamoDB API Reference, BatchGetItem)."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from intake.items import Item, plain, wire

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

KEYS_PER_CALL = 100


def items_at(client: "DynamoDBClient", table: str, keys: Sequence[Item], *attributes: str) -> Iterator[Item]:
    """Yield the items that stand at `keys`, in no order: whole, or those attributes of them."""
    for start in range(0, len(keys), KEYS_PER_CALL):
        request: dict[str, Any] = {table: _wanted(keys[start : start + KEYS_PER_CALL], attributes)}
        while request:
            answer = client.batch_get_item(RequestItems=request)
            yield from map(plain, answer["Responses"].get(table, ()))
            request = dict(answer.get("UnprocessedKeys", {}))


def _wanted(keys: Sequence[Item], attributes: Sequence[str]) -> dict[str, Any]:
    wanted: dict[str, Any] = {"Keys": [wire(key) for key in keys], "ConsistentRead": True}
    if attributes:
        # Names such as `state` are reserved words, so all of them go by placeholders.
        wanted["ProjectionExpression"] = ", ".join(f"#{name}" for name in attributes)
        wanted["ExpressionAttributeNames"] = {f"#{name}": name for name in attributes}
    return wanted
