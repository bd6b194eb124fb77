"""What the scheduled look noted, in the table, behind the `Watch` port: one small item, written over."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from intake.expressions import replacement
from intake.items import Item, moment, plain, wire
from intake.ownership import SYSTEM
from intake.ports import QuietClinic
from intake.record import timestamp

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

_QUIET: Item = {"pk": "WATCH", "sk": "#QUIET"}


class DynamoWatch:
    """Keeps what was noted last."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._dynamodb = client
        self._table = table

    def quiet(self) -> tuple[QuietClinic, ...]:
        answer = self._dynamodb.get_item(TableName=self._table, Key=wire(_QUIET))
        rows = plain(answer["Item"])["clinics"] if "Item" in answer else []
        return tuple(QuietClinic(row["clinic_id"], row["usual"], moment(row["since"])) for row in rows)

    def note_quiet(self, clinics: Sequence[QuietClinic], at: datetime) -> None:
        rows = [
            {"clinic_id": clinic.clinic_id, "usual": clinic.usual, "since": timestamp(clinic.since)}
            for clinic in clinics
        ]
        noted = {**_QUIET, "clinics": rows, "at": timestamp(at)}
        self._dynamodb.put_item(**replacement(self._table, noted, SYSTEM))
