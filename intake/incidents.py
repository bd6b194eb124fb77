"""Incidents and rounds in the table: one small item per incident, in one partition, and one item for all rounds."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from intake.aws_errors import code_of
from intake.expressions import addition, replacement, update
from intake.file_items import object_map, object_version
from intake.items import Item, alert_key, expiry, moment, plain, wire
from intake.ownership import SYSTEM, clinic
from intake.ports import AlertKind, Fault, Incident
from intake.record import timestamp
from intake.transactions import write_each_once

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

_INCIDENTS = "INCIDENTS"
_ROUNDS: Item = {"pk": "WATCH", "sk": "#ROUNDS"}


class DynamoIncidents:
    """Opens, tells and closes incidents; each step is conditional, so that repeating it changes nothing."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._dynamodb = client
        self._table = table

    def open(self, after: str, limit: int) -> tuple[tuple[Incident, ...], str]:
        answer = self._dynamodb.query(
            TableName=self._table,
            KeyConditionExpression="pk = :incidents AND sk > :after",
            FilterExpression="attribute_not_exists(closed_at)",
            ExpressionAttributeValues=wire({":incidents": _INCIDENTS, ":after": after or "-"}),
            Limit=limit,
            ConsistentRead=True,
        )
        last = answer.get("LastEvaluatedKey")
        return tuple(_incident(plain(item)) for item in answer["Items"]), plain(last)["sk"] if last else ""

    def note(self, incidents: Sequence[Incident]) -> None:
        for incident in incidents:
            try:
                closed, owner = "attribute_exists(closed_at)", clinic(incident.clinic_id)
                self._dynamodb.put_item(**replacement(self._table, _item(incident), owner, condition=closed))
            except ClientError as error:
                if code_of(error) != "ConditionalCheckFailedException":
                    raise

    def tell(self, incident: Incident, at: datetime) -> None:
        write_each_once(self._dynamodb, [incident], lambda rows: self._telling(rows[0], at), "incidents")

    def close(self, incident: Incident, at: datetime) -> None:
        # No role may delete items, so DynamoDB does it within days; until then the item is there to be opened again.
        closed = {"closed_at": timestamp(at), "expires": int(at.timestamp())}
        self._dynamodb.update_item(**update(self._table, _key(incident), clinic(incident.clinic_id), sets=closed))

    def _telling(self, incident: Incident, at: datetime) -> list[Any]:
        """Mark the incident told, and add it to the alert that tells of it: both or neither."""
        owner, untold = clinic(incident.clinic_id), "attribute_not_exists(told_at) AND attribute_not_exists(closed_at)"
        mark = update(self._table, _key(incident), owner, sets={"told_at": timestamp(at)}, condition=untold)
        late = incident.fault is Fault.LATE
        kind, subject = (AlertKind.LATE, incident.upload_id) if late else (AlertKind.DISAGREEMENT, incident.clinic_id)
        facts = {"clinic_id": incident.clinic_id, "first_file_id": incident.file_id, "expires": expiry()}
        sums = Counter({"pending": 1, f"code_{incident.fault}": 1})
        return [{"Update": mark}, {"Update": addition(self._table, alert_key(kind, subject), sums, owner, sets=facts)}]


class DynamoRounds:
    """Keeps the positions of all rounds in one item."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._dynamodb = client
        self._table = table

    def read(self) -> dict[str, str]:
        answer = self._dynamodb.get_item(TableName=self._table, Key=wire(_ROUNDS), ConsistentRead=True)
        return dict(plain(answer["Item"])["positions"]) if "Item" in answer else {}

    def write(self, positions: dict[str, str]) -> None:
        self._dynamodb.put_item(**replacement(self._table, {**_ROUNDS, "positions": positions}, SYSTEM))


def _key(incident: Incident) -> Item:
    return {"pk": _INCIDENTS, "sk": incident.incident_id}


def _item(incident: Incident) -> Item:
    return {
        **_key(incident),
        "fault": incident.fault.value,
        "clinic_id": incident.clinic_id,
        "upload_id": incident.upload_id,
        "file_id": incident.file_id,
        "object": object_map(incident.object),
        "seen_at": timestamp(incident.seen_at),
    }


def _incident(row: Item) -> Incident:
    return Incident(
        fault=Fault(row["fault"]),
        clinic_id=row["clinic_id"],
        upload_id=row["upload_id"],
        file_id=row["file_id"],
        object=object_version(row["object"]),
        seen_at=moment(row["seen_at"]),
        told="told_at" in row,
    )
