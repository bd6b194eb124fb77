"""What the sweep compares, buckets' lists and records, and what it finds: incidents, and how far its rounds have come.

Sources: Amazon S3 API Reference, ListObjectsV2, ListObjectVersions; Amazon DynamoDB API Reference, Query.
"""

import json
import uuid
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from intake.files.item_keys import META, alert_key, file_key, upload_key
from intake.files.keys import UNASSIGNED
from intake.files.model import ObjectVersion, timestamp
from intake.files.states import State
from intake.messaging.model import AlertKind
from intake.operations.model import (
    Announcements,
    Fault,
    Incident,
    ObjectIncident,
    ObjectPage,
    RecordedIds,
    StoredObject,
)
from intake.records.file_items import file_record, object_map, object_version
from intake.records.file_lists import FileLists
from intake.table.expressions import SYSTEM, addition, clinic, replacement, update
from intake.table.items import Item, expiry, moment
from intake.table.queries import Query
from intake.table.table import Table
from intake.table.transactions import write_each_once

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

_INCIDENTS = "INCIDENTS"
_ROUNDS: Item = {"pk": "WATCH", "sk": "#ROUNDS"}
_TURN: Item = {"pk": "WATCH", "sk": "#SWEEP"}
_ENDED = ""
"""Earlier than every time."""
_ARRIVED = frozenset(State) - {State.AWAITING_UPLOAD}
_DAY = len("yyyy-mm-dd")


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
            item = {
                **_key(incident),
                "fault": incident.fault.value,
                "clinic_id": incident.clinic_id,
                "upload_id": incident.upload_id,
                "seen_at": timestamp(incident.seen_at),
            }
            if isinstance(incident, ObjectIncident):
                item |= {"file_id": incident.file_id, "object": object_map(incident.object)}
            closed, owner = "attribute_exists(closed_at)", clinic(incident.clinic_id)
            self._table.write_if(replacement(item, owner, condition=closed))

    def tell(self, incident: Incident, at: datetime) -> None:
        # It is marked and added to the alert that tells of it: both or neither.
        owner, untold = clinic(incident.clinic_id), "attribute_not_exists(told_at) AND attribute_not_exists(closed_at)"
        mark = update(_key(incident), owner, sets={"told_at": timestamp(at)}, condition=untold)
        late = incident.fault is Fault.LATE
        kind, subject = (AlertKind.LATE, incident.upload_id) if late else (AlertKind.DISAGREEMENT, incident.clinic_id)
        first = {"first_upload_id": incident.upload_id}
        if isinstance(incident, ObjectIncident):
            first = {"first_file_id": incident.file_id}
        facts = {"clinic_id": incident.clinic_id, **first, "expires": expiry()}
        sums = Counter({"pending": 1, f"code_{incident.fault}": 1})
        tally = addition(alert_key(kind, subject), sums, owner, sets=facts)
        write_each_once(self._table, [incident], lambda _: [mark, tally], "incidents")

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


class DynamoSweepLease:
    """Keeps the turn in one item: a write to take it, a write to give it back, and nothing to be read."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def take(self, at: datetime, until: datetime) -> str:
        turn = uuid.uuid4().hex
        item = {**_TURN, "turn": turn, "ends_at": timestamp(until)}
        # Its own, where the SDK has repeated a call whose answer was lost.
        values = {":at": timestamp(at), ":turn": turn}
        over = replacement(item, SYSTEM, condition="ends_at < :at OR turn = :turn", values=values)
        return turn if self._table.write_if(over) else ""

    def give_back(self, turn: str) -> None:
        ended = {"ends_at": _ENDED}
        self._table.write_if(update(_TURN, SYSTEM, sets=ended, condition="turn = :turn", values={":turn": turn}))


def _key(incident: Incident) -> Item:
    return {"pk": _INCIDENTS, "sk": incident.incident_id}


def _incident(row: Item) -> Incident:
    facts: dict[str, Any] = {
        "fault": Fault(row["fault"]),
        "clinic_id": row["clinic_id"],
        "upload_id": row["upload_id"],
        "seen_at": moment(row["seen_at"]),
        "told": "told_at" in row,
    }
    if "object" not in row:
        return Incident(**facts)
    return ObjectIncident(**facts, file_id=row["file_id"], object=object_version(row["object"]))


class S3Inventory:
    """Lists buckets, a page at a time."""

    def __init__(self, client: "S3Client") -> None:
        self._s3 = client

    def objects(self, bucket: str, after: str, limit: int, prefix: str = "") -> ObjectPage:
        start: Any = {"StartAfter": after} if after else {}
        answer = self._s3.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=limit, **start)
        rows = answer.get("Contents", [])
        held = tuple(_read_entry(ObjectVersion(bucket, row["Key"]), row, row["Key"]) for row in rows)
        return ObjectPage(held, rows[-1]["Key"] if rows and answer["IsTruncated"] else "")

    def versions(self, bucket: str, after: str, limit: int) -> ObjectPage:
        key, version_id = json.loads(after) if after else ("", "")
        # S3 refuses an empty marker of a version.
        start: Any = {name: at for name, at in (("KeyMarker", key), ("VersionIdMarker", version_id)) if at}
        answer = self._s3.list_object_versions(Bucket=bucket, MaxKeys=limit, **start)
        held = tuple(
            _read_entry(
                ObjectVersion(bucket, row["Key"], row["VersionId"]), row, _position(row["Key"], row["VersionId"])
            )
            for row in answer.get("Versions", [])
        )
        if not answer["IsTruncated"]:
            return ObjectPage(held, "")
        return ObjectPage(held, _position(answer["NextKeyMarker"], answer["NextVersionIdMarker"]))

    def skip_to(self, key: str) -> str:
        return _position(key, "")


class DynamoLedger:
    """Reads records by clinic, from its lists of files by state, and looks up which there are."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._lists = FileLists(table)

    def clinics(self) -> list[str]:
        return sorted({*self._lists.clinics(), UNASSIGNED})

    def page(self, clinic_id: str, after: str, limit: int) -> tuple[dict[str, str], bool]:
        found: dict[str, str] = {}
        more = False
        for index, name, value in self._lists.list_partitions(clinic_id, _ARRIVED):
            query = Query(value, index=index, partition=name, sort="created_key", above=after or "-", limit=limit)
            part = self._table.query(query)
            found |= {row["created_key"]: row["file_id"] for row in part.rows}
            more = more or part.reached is not None
        oldest = sorted(found.items())
        return {file_id: position for position, file_id in oldest[:limit]}, more or len(oldest) > limit

    def look_up(self, file_ids: frozenset[str], upload_ids: frozenset[str]) -> RecordedIds:
        keys = [*map(file_key, sorted(file_ids)), *map(upload_key, sorted(upload_ids))]
        rows = [row for row in self._table.batch_get(keys, consistent=False) if row]
        files = {row["file_id"]: file_record(row) for row in rows if row["sk"] != META}
        # An item that was lost, and that something was counted in since, announces nothing until it is rebuilt.
        uploads = {
            row["upload_id"]: Announcements(
                row["clinic_id"], row.get("announced", 0), row["created_at"][:_DAY], row.get("announced_at", "")[:_DAY]
            )
            for row in rows
            if row["sk"] == META and "upload_id" in row
        }
        return RecordedIds(files, uploads)


def _position(key: str, version_id: str) -> str:
    """Return the position behind a version in the list of versions, which is sorted by key, the newest first."""
    return json.dumps([key, version_id])


def _read_entry(version: ObjectVersion, row: Any, position: str) -> StoredObject:  # noqa: ANN401  # Entries of two kinds of lists.
    # The ETag of an object that was sent in parts ends in their number (S3 guide, "Checking object integrity").
    return StoredObject(version, row["LastModified"], "-" in row["ETag"], position, row["Size"])
