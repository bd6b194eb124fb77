"""Items as plain Python values, and as DynamoDB takes and tells them."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from intake.table.compression import unpack
from intake.table.items import Item, WireItem

_serialize = TypeSerializer().serialize
_deserialize = TypeDeserializer().deserialize


def serialize(item: Mapping[str, Any]) -> WireItem:
    """Write an item as DynamoDB takes it, leaving out what is None."""
    return {name: _serialize(value) for name, value in item.items() if value is not None}


def deserialize(item: Mapping[str, Any]) -> Item:
    """Read DynamoDB's form of an item; numbers become int, and what was packed is unpacked."""
    return {name: unpack(value["B"]) if "B" in value else _plain(_deserialize(value)) for name, value in item.items()}


def _plain(value: Any) -> Any:  # noqa: ANN401  # An attribute holds any of DynamoDB's types.
    if isinstance(value, Decimal):
        return int(value)
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, set):
        return {_plain(inner) for inner in value}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value
