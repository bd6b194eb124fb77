"""Stuck files in the table, behind the `StuckFiles` port: one small item each, in one partition."""

import time
from collections.abc import Sequence
from datetime import datetime

from intake.files.model import timestamp
from intake.operations.model import StuckFile
from intake.table.expressions import clinic
from intake.table.items import moment
from intake.table.queries import Query
from intake.table.table import Table

_STUCK = "STUCK"
_KEPT_S = 3600


class DynamoStuckFiles:
    """Notes and lists stuck files."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def note(self, files: Sequence[StuckFile]) -> None:
        for file in files:
            item = {
                "pk": _STUCK,
                "sk": file.file_id,
                "clinic_id": file.clinic_id,
                "arrived_at": timestamp(file.arrived_at),
                "seen_at": timestamp(file.seen_at),
                "expires": int(time.time()) + _KEPT_S,
            }
            self._table.put(item, clinic(file.clinic_id))

    def list_seen(self, since: datetime, limit: int) -> tuple[StuckFile, ...]:
        rows = self._table.items(Query(_STUCK, where="seen_at >= :since", values={":since": timestamp(since)}))
        found = (
            StuckFile(row["sk"], row["clinic_id"], moment(row["arrived_at"]), moment(row["seen_at"])) for row in rows
        )
        return tuple(sorted(found, key=lambda file: file.arrived_at)[:limit])
