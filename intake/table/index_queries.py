"""Reading a stretch of an index, in its order (source: Amazon DynamoDB Developer Guide, "Querying tables")."""

import heapq
from dataclasses import dataclass

from intake.table.items import Item
from intake.table.queries import Query, Rows, check_position
from intake.table.table import Table

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
    having: tuple[str, str] | None = None
    """An attribute that the index holds, and its value in the rows that are wanted. DynamoDB looks for them in a
    megabyte of the index at a time."""

    def position(self, after: str | None) -> str | None:
        """Return where a page begins, None for the stretch's beginning. Raises InvalidCursorError outside of it."""
        return None if after is None else check_position(after, self.low, self.high)


def newest(index: str, partition: str, *values: str, low: str = FIRST, high: str = LAST) -> Stretch:
    """Return a stretch of an index that is sorted by the time of creation, newest first."""
    return Stretch(
        index=index, partition=partition, values=values, sort="created_key", low=low, high=high, newest_first=True
    )


class Indexes:
    """Reads one table's."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def keys(self, stretch: Stretch, after: str | None, limit: int) -> Rows:
        """Return up to `limit` rows behind the sort key `after`."""
        parts = [self._part(stretch, value, after, limit) for value in stretch.values]

        def place(row: Item) -> str:
            return str(row[stretch.sort])

        merged = list(heapq.merge(*(part.rows for part in parts), key=place, reverse=stretch.newest_first))
        unfinished = [part.reached for part in parts if part.reached]
        if not unfinished:
            return _cut(merged, None, limit)
        # Of a partition that was read less far than others nobody knows what lies beside the others' last rows.
        nearest = (max if stretch.newest_first else min)(unfinished, key=place)
        bound = place(nearest)
        known = [row for row in merged if (place(row) >= bound if stretch.newest_first else place(row) <= bound)]
        return _cut(known, nearest, limit)

    def items(self, rows: list[Item]) -> list[Item]:
        """Return the items behind the keys, in their order and each once; without those that are gone."""
        once = {(row["pk"], row["sk"]): row for row in rows}
        return [item for item in self._table.batch_get(list(once.values())) if item]

    def _part(self, stretch: Stretch, value: str, after: str | None, limit: int) -> Rows:
        low, high = stretch.low, stretch.high
        if after is not None:
            low, high = (low, after) if stretch.newest_first else (after, high)
        if low > high:
            return Rows([], None)
        name, wanted = stretch.having or ("", "")
        query = Query(
            value,
            index=stretch.index,
            partition=stretch.partition,
            sort=stretch.sort,
            between=(low, high),
            newest_first=stretch.newest_first,
            where=f"{name} = :wanted" if name else "",
            values={":wanted": wanted} if name else {},
            # Both ends belong to the stretch, so the row that the last page ended with comes again.
            limit=0 if name else limit + 1,
        )
        part = self._table.query(query)
        return _cut([row for row in part.rows if row[stretch.sort] != after], part.reached, limit)


def _cut(rows: list[Item], reached: Item | None, limit: int) -> Rows:
    return Rows(rows[:limit], rows[limit - 1]) if len(rows) > limit else Rows(rows, reached)
