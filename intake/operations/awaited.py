"""Awaited files, as the sweep goes through them: a clinic's own list, in which what was announced together is one row.

Source: Amazon DynamoDB API Reference, Query.
"""

from collections.abc import Sequence
from datetime import datetime

from intake.files.model import FileSummary, timestamp
from intake.files.states import State
from intake.operations.model import AwaitedGroup
from intake.records.file_lists import FileLists, file_summary
from intake.records.pending import AwaitedFiles, is_batch
from intake.table.items import Item, moment
from intake.table.queries import Query
from intake.table.table import Table

_OLDEST = 25
"""Rows of each of everybody's lists of awaited files, in which the clinics are looked for that stand in no other."""


class DynamoAwaitedFiles:
    """Reads them from the index, and of a batch from the table."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._lists = FileLists(table)
        self._files = AwaitedFiles(table)

    def clinics(self) -> list[str]:
        # Who has announced files and got none of them recorded yet may stand in neither list of clinics.
        queries = (
            Query(value, index=index, partition=name, sort="created_key", limit=_OLDEST)
            for index, name, value in self._lists.list_partitions(None, [State.AWAITING_UPLOAD])
        )
        waiting = {row["clinic_id"] for query in queries for row in self._table.query(query).rows}
        return sorted({*self._lists.clinics(), *waiting})

    def page(self, clinic_id: str, after: str, until: datetime, limit: int) -> tuple[tuple[AwaitedGroup, ...], str]:
        low, high = f"{after} ", timestamp(until)
        if low > high:
            return (), ""
        ((index, name, value),) = self._lists.list_partitions(clinic_id, [State.AWAITING_UPLOAD])
        query = Query(value, index=index, partition=name, sort="created_key", between=(low, high), limit=limit)
        part = self._table.query(query)
        return tuple(map(_read_group, part.rows)), part.reached["created_key"] if part.reached else ""

    def files(self, group: AwaitedGroup) -> Sequence[FileSummary]:
        if group.file:
            return (group.file,)
        row = {"upload_id": group.upload_id, "created_key": group.position, "last": group.last}
        return tuple(map(file_summary, self._files.read_batch(row)))


def _read_group(row: Item) -> AwaitedGroup:
    first, alone = row["created_key"].partition("#")[2], None if is_batch(row) else file_summary(row)
    return AwaitedGroup(
        clinic_id=row["clinic_id"],
        upload_id=row["upload_id"],
        created_at=moment(row["created_at"]),
        first=first,
        last=first if alone else row["last"],
        position=row["created_key"],
        file=alone,
    )
