"""Items as plain Python values, and as DynamoDB takes and tells them."""

import time
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from intake.table.compression import unpacked

Item = dict[str, Any]
"""Attribute name → plain Python value."""
WireItem = dict[str, Any]
"""Attribute name → DynamoDB's typed value."""

_serialize = TypeSerializer().serialize
_deserialize = TypeDeserializer().deserialize


def serialize(item: Mapping[str, Any]) -> WireItem:
    """Write an item as DynamoDB takes it, leaving out what is None."""
    return {name: _serialize(value) for name, value in item.items() if value is not None}


def deserialize(item: Mapping[str, Any]) -> Item:
    """Read DynamoDB's form of an item; numbers become int, and what was packed is unpacked."""
    return {name: unpacked(value["B"]) if "B" in value else _plain(_deserialize(value)) for name, value in item.items()}


def _plain(value: Any) -> Any:  # noqa: ANN401  # An attribute holds any of DynamoDB's types.
    if isinstance(value, Decimal):
        return int(value)
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, set):
        return {_plain(inner) for inner in value}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def expiry() -> int:
    """Return when DynamoDB may remove an item that only guards against repetition: in seven days, in epoch seconds."""
    return int(time.time()) + 7 * 86_400


def prefixed(item: Item, prefix: str) -> dict[str, int]:
    """Return the item's sums whose names begin with `prefix`, without it, and without those that came to nothing."""
    return {name.removeprefix(prefix): n for name, n in item.items() if name.startswith(prefix) and n}
