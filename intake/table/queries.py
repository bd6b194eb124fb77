"""What is read of the table: a partition in its order, from a position in a list on; and a stretch of its stream.

A page's `next` is the sort key that it ended with. Such positions are plain, and for whoever may read the list. What
leaves the system are cursors, into which the portal seals them (`portal/cursors.py`); what is not a position of the
list is refused here all the same, before DynamoDB sees it. Source: Amazon DynamoDB API Reference, Query.
"""

import re
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple, Self

from intake.errors import InvalidCursorError
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


LONGEST_POSITION = 200
"""Characters; DynamoDB refuses sort keys above 1024 bytes."""
_POSITION = re.compile(r"[ -~]+#[0-9a-z-]*[0-9a-z]")
"""Every sort key that a list goes by ends with an id."""
AFTER_ALL = "~"
"""Sorts after every time and id, where a list without a position begins."""
_CREATED_KEY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{8,15}Z#[0-9a-z-]{1,60}")
"""As `intake.files.item_keys.build_created_key` writes it."""


def check_position(position: str, low: str = "", high: str = AFTER_ALL) -> str:
    """Return a position, which must lie between two sort keys. Raises InvalidCursorError."""
    known = len(position) <= LONGEST_POSITION and _POSITION.fullmatch(position)
    if not (known and low < position < high):
        raise InvalidCursorError("the position is not one of this list")
    return position


def read_time_position(position: str | None) -> str:
    """Return the `created_key` that a page of a list, newest first, stands before. Raises InvalidCursorError."""
    if position is not None and not _CREATED_KEY.fullmatch(position):
        raise InvalidCursorError("the position is not one of a list by time")
    return AFTER_ALL if position is None else position


_ANYTHING, _NUMBER = re.compile(r".+"), re.compile(r"[0-9]{1,40}")
_LETTER = {"streamArn": _ANYTHING, "shardId": _ANYTHING, "startSequenceNumber": _NUMBER, "endSequenceNumber": _NUMBER}
"""What Lambda tells of a batch (Lambda guide, "Retain discarded records for a DynamoDB event source"; a sequence number
has up to 40 digits: DynamoDB API Reference, StreamRecord)."""


@dataclass(frozen=True, slots=True)
class StreamStretch:
    """A batch that was given up, as Lambda tells an on-failure destination: a position and not the records.

    Raises ValueError for one that ends before it begins.
    """

    stream: str
    shard: str
    first: str
    """Sequence number of its first record."""
    last: str
    """With more digits than the first one or not: they count as numbers."""
    arrived_at: datetime | None = None
    """When its first record came into the stream, where this is told."""

    def __post_init__(self) -> None:
        if int(self.first) > int(self.last):
            raise ValueError("it ends before it begins")

    @classmethod
    def read(cls, body: dict[str, Any]) -> Self:
        """Read a message. Raises ValueError for one of another kind."""
        try:
            told = body["DDBStreamBatchInfo"]
            stream, shard, first, last = (told[name] for name, form in _LETTER.items() if form.fullmatch(told[name]))
            return cls(stream, shard, first, last, _read_arrival(told.get("approximateArrivalOfFirstRecord")))
        except (KeyError, TypeError, ValueError):
            raise ValueError("the message tells of no batch of a stream") from None


def _read_arrival(told: object) -> datetime | None:
    """Return a time; none where it is not understood: the stretch may be read without it."""
    try:
        return datetime.fromisoformat(str(told)).astimezone(UTC)
    except ValueError:
        return None
