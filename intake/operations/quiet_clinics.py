"""What the scheduled look noted, in the table, behind the `Watch` port: one small item, written over."""

from collections.abc import Sequence
from datetime import datetime

from intake.files.model import timestamp
from intake.operations.model import QuietClinic
from intake.table.expressions import SYSTEM
from intake.table.items import Item, moment
from intake.table.table import Table

_QUIET: Item = {"pk": "WATCH", "sk": "#QUIET"}


class DynamoWatch:
    """Keeps what was noted last."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def quiet(self) -> tuple[QuietClinic, ...]:
        noted = self._table.get(_QUIET, consistent=False)
        rows = noted["clinics"] if noted else []
        return tuple(QuietClinic(row["clinic_id"], row["usual"], moment(row["since"])) for row in rows)

    def note_quiet(self, clinics: Sequence[QuietClinic], at: datetime) -> None:
        rows = [
            {"clinic_id": clinic.clinic_id, "usual": clinic.usual, "since": timestamp(clinic.since)}
            for clinic in clinics
        ]
        self._table.put({**_QUIET, "clinics": rows, "at": timestamp(at)}, SYSTEM)
