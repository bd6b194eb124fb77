"""A table that is read and never written to: what would be written is counted, and answered as if it had been."""

import re
from collections.abc import Sequence
from typing import Any

from intake.table.expressions import Write
from intake.table.items import Item, WireItem
from intake.table.table import Table, serialize

_SET = re.compile(r"(#\w+) = (?:if_not_exists\(#\w+, (:\w+)\)|(:\w+))")
_ADD = re.compile(r"(#\w+) (:\w+)")


class DryTable(Table):
    """Reads like the table that it was made of."""

    writes = 0
    """How many items would have been written."""

    def transact(self, writes: Sequence[Write]) -> dict[int, Item]:
        self.writes += len(writes)
        return {}

    def _send(self, write: Write, **options: str) -> WireItem:
        self.writes += 1
        return serialize(self._foresee(write.request)) if options else {}

    def _foresee(self, request: dict[str, Any]) -> Item:
        """Return an item as an update would leave it, as far as its values are given, and not computed."""
        key = request["Key"]
        item = {**key, **(self.get(key) or {})}
        names, values = request["ExpressionAttributeNames"], request["ExpressionAttributeValues"]
        sets, _, rest = request["UpdateExpression"].partition(" ADD ")
        for name, first, value in _SET.findall(sets):
            if not first or names[name] not in item:
                item[names[name]] = values[first or value]
        for name, value in _ADD.findall(rest.partition(" REMOVE ")[0]):
            more, known = values[value], item.get(names[name])
            item[names[name]] = more if known is None else known | more if isinstance(more, set) else known + more
        return item
