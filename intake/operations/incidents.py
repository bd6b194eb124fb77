"""Incidents and rounds in the table: one small item per incident, in one partition, and one item for all rounds."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from intake.files.item_keys import alert_key
from intake.files.model import timestamp
from intake.messaging.model import AlertKind
from intake.operations.model import Fault, Incident
from intake.records.file_items import object_map, object_version
from intake.table.expressions import SYSTEM, Write, addition, clinic, replacement, update
from intake.table.items import Item, expiry, moment
from intake.table.queries import Query
from intake.table.table import Table
from intake.table.transactions import write_each_once

_INCIDENTS = "INCIDENTS"
_ROUNDS: Item = {"pk": "WATCH", "sk": "#ROUNDS"}


class DynamoIncidents:
    """Opens, tells and closes incidents; each step is conditional, so that repeating it changes nothing."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def open(self, after: str, limit: int) -> tuple[tuple[Incident, ...], str]:
        still_open = "attribute_not_exists(closed_at)"
        query = Query(_INCIDENTS, above=after or "-", where=still_open, limit=limit, consistent=True)
        part = self._table.query(query)
        return tuple(map(_incident, part.rows)), part.reached["sk"] if part.reached else ""

    def note(self, incidents: Sequence[Incident]) -> None:
        for incident in incidents:
            closed, owner = "attribute_exists(closed_at)", clinic(incident.clinic_id)
            self._table.write_if(replacement(_item(incident), owner, condition=closed))

    def tell(self, incident: Incident, at: datetime) -> None:
        write_each_once(self._table, [incident], lambda _: _mark_told(incident, at), "incidents")

    def close(self, incident: Incident, at: datetime) -> None:
        # No role may delete items, so DynamoDB does it within days; until then the item is there to be opened again.
        closed = {"closed_at": timestamp(at), "expires": int(at.timestamp())}
        self._table.write(update(_key(incident), clinic(incident.clinic_id), sets=closed))


class DynamoRounds:
    """Keeps the positions of all rounds in one item."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def read(self) -> dict[str, str]:
        item = self._table.get(_ROUNDS)
        return dict(item["positions"]) if item else {}

    def write(self, positions: dict[str, str]) -> None:
        self._table.put({**_ROUNDS, "positions": positions}, SYSTEM)


def _key(incident: Incident) -> Item:
    return {"pk": _INCIDENTS, "sk": incident.incident_id}


def _mark_told(incident: Incident, at: datetime) -> list[Write]:
    """Mark the incident told, and add it to the alert that tells of it: both or neither."""
    owner, untold = clinic(incident.clinic_id), "attribute_not_exists(told_at) AND attribute_not_exists(closed_at)"
    mark = update(_key(incident), owner, sets={"told_at": timestamp(at)}, condition=untold)
    late = incident.fault is Fault.LATE
    kind, subject = (AlertKind.LATE, incident.upload_id) if late else (AlertKind.DISAGREEMENT, incident.clinic_id)
    facts = {"clinic_id": incident.clinic_id, "first_file_id": incident.file_id, "expires": expiry()}
    sums = Counter({"pending": 1, f"code_{incident.fault}": 1})
    return [mark, addition(alert_key(kind, subject), sums, owner, sets=facts)]


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
