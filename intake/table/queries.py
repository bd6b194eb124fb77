"""What is read of a partition, in its order (source: Amazon DynamoDB API Reference, Query)."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, NamedTuple

from intake.table.items import Item


@dataclass(frozen=True, slots=True)
class Query:
    """A partition of the table or of an index, or a stretch of it: at most one of the four bounds is given."""

    value: str
    """Which partition."""
    _: KW_ONLY
    index: str | None = None
    """None for the table itself."""
    partition: str = "pk"
    """The attribute that partitions it."""
    sort: str = "sk"
    """The attribute that sorts it."""
    between: tuple[str, str] | None = None
    """The first and the last sort key; both belong to the stretch."""
    above: str | None = None
    below: str | None = None
    begins: str | None = None
    where: str = ""
    """What the rows must be besides; others are read, and left out."""
    values: Item = field(default_factory=dict)
    """Those that `where` compares with, by placeholder."""
    names: Mapping[str, str] = field(default_factory=dict)
    """Attributes that `where` names, by placeholder."""
    limit: int = 0
    """How many rows are read at a time, before `where` leaves any out; 0 for a megabyte of them."""
    start: Item = field(default_factory=dict)
    """The keys of the row that it goes on behind."""
    newest_first: bool = False
    consistent: bool = False
    """No index can be read consistently."""

    def request(self) -> dict[str, Any]:
        """Return what DynamoDB is asked, but for the table's name, and with items and values as plain ones."""
        stretch, bounds = self._stretch()
        options = {
            "IndexName": self.index,
            "FilterExpression": self.where,
            "ExpressionAttributeNames": dict(self.names),
            "Limit": self.limit,
            "ExclusiveStartKey": self.start,
            "ConsistentRead": self.consistent,
        }
        return {
            "KeyConditionExpression": f"{self.partition} = :partition{stretch}",
            "ExpressionAttributeValues": {":partition": self.value, **bounds, **self.values},
            "ScanIndexForward": not self.newest_first,
            **{name: option for name, option in options.items() if option},
        }

    def _stretch(self) -> tuple[str, Item]:
        if self.between is not None:
            return f" AND {self.sort} BETWEEN :low AND :high", dict(zip((":low", ":high"), self.between, strict=True))
        if self.above is not None:
            return f" AND {self.sort} > :low", {":low": self.above}
        if self.below is not None:
            return f" AND {self.sort} < :high", {":high": self.below}
        return (f" AND begins_with({self.sort}, :begins)", {":begins": self.begins}) if self.begins else ("", {})


class Rows(NamedTuple):
    """Some rows of a stretch, in its order: all those up to where it was read."""

    rows: list[Item]
    """Of an index: keys (`pk`, `sk` and the index's own), and what else the index holds."""
    reached: Item | None
    """The keys of the row that was looked at last; None at the end of the stretch."""
