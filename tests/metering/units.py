"""DynamoDB's request units, computed from the items themselves.

Sources: Amazon DynamoDB Developer Guide, "DynamoDB item sizes and formats", "DynamoDB on-demand capacity mode" (units
by size, and twice as many in a transaction), "Provisioned throughput considerations for Global Secondary Indexes" (what
a change costs in an index).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from math import ceil
from typing import Any

WireItem = Mapping[str, Any]
"""Attribute name → DynamoDB's typed value."""

WRITE_UNIT = 1024
"""Bytes that one write unit covers."""
READ_UNIT = 4096
"""Bytes that one read unit covers, read consistently; two times as many otherwise."""


@dataclass(frozen=True, slots=True)
class Index:
    """A global secondary index: which items it holds, and what of them."""

    name: str
    keys: tuple[str, ...]
    """Its own key attributes."""
    attributes: frozenset[str] | None
    """Everything that it holds of an item; None: all of it."""

    @classmethod
    def from_description(cls, index: Mapping[str, Any], table_keys: Collection[str]) -> "Index":
        """Read what DescribeTable says of one."""
        keys = tuple(key["AttributeName"] for key in index["KeySchema"])
        projection = index["Projection"]
        if projection["ProjectionType"] == "ALL":
            return cls(index["IndexName"], keys, None)
        return cls(index["IndexName"], keys, frozenset({*keys, *table_keys, *projection.get("NonKeyAttributes", ())}))

    def entry(self, item: WireItem | None) -> dict[str, Any] | None:
        """Return what the index holds of an item, or None."""
        if item is None or any(key not in item for key in self.keys):
            return None
        return {name: value for name, value in item.items() if self.attributes is None or name in self.attributes}

    def units(self, old: WireItem | None, new: WireItem | None) -> int:
        """Return the write units that a change takes in the index, where it is written apart from its transaction."""
        was, becomes = self.entry(old), self.entry(new)
        if was == becomes:
            return 0
        if was is None or becomes is None:
            return _write_units(was or becomes or {})
        if any(was[key] != becomes[key] for key in self.keys):
            # A changed key is a deletion at one place and a put at another.
            return _write_units(was) + _write_units(becomes)
        return max(_write_units(was), _write_units(becomes))


def table_units(old: WireItem | None, new: WireItem | None, *, transactional: bool) -> int:
    """Return the write units that a change of an item takes in its table; a refused one takes as many."""
    return max(_write_units(old or {}), _write_units(new or {})) * (2 if transactional else 1)


def read_units(size: int, *, consistent: bool) -> float:
    """Return the read units for so many bytes; what is not there takes as much as the smallest item."""
    return max(1, ceil(size / READ_UNIT)) * (1.0 if consistent else 0.5)


def item_size(item: WireItem) -> int:
    """Return an item's size in bytes."""
    return sum(len(name.encode()) + value_size(value) for name, value in item.items())


def value_size(value: Mapping[str, Any]) -> int:
    """Return the size of one typed value in bytes."""
    ((kind, held),) = value.items()
    return int(_SIZES[kind](held))


def _write_units(item: WireItem) -> int:
    return max(1, ceil(item_size(item) / WRITE_UNIT))


def _text(held: str) -> int:
    return len(held.encode())


def _number(held: str) -> int:
    # Two significant digits take a byte; one more is for the exponent, and one for a sign.
    digits = Decimal(held).normalize().as_tuple().digits
    return ceil(len(digits) / 2) + 1 + held.startswith("-")


_SIZES: dict[str, Any] = {
    "S": _text,
    "N": _number,
    "B": len,
    "BOOL": lambda _: 1,
    "NULL": lambda _: 1,
    "SS": lambda held: sum(map(_text, held)),
    "NS": lambda held: sum(map(_number, held)),
    "BS": lambda held: sum(map(len, held)),
    # Three bytes for a list or map, and one for each of its members.
    "L": lambda held: 3 + sum(1 + value_size(value) for value in held),
    "M": lambda held: 3 + sum(1 + len(name.encode()) + value_size(value) for name, value in held.items()),
}
