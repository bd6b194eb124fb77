"""Lists of buckets and of records, behind the `Inventory` and the `Ledger` port.

Sources: Amazon S3 API Reference, ListObjectsV2, ListObjectVersions; Amazon DynamoDB API Reference, Query.
"""

import json
from typing import TYPE_CHECKING, Any

from intake.files.item_keys import META, file_key, upload_key
from intake.files.keys import UNASSIGNED
from intake.files.model import ObjectVersion
from intake.files.states import State
from intake.operations.model import Announcements, ObjectPage, RecordedIds, StoredObject
from intake.records.file_items import file_record
from intake.records.file_lists import FileLists, Partition
from intake.table.items import Item
from intake.table.queries import Query
from intake.table.table import Table

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

_ARRIVED = frozenset(State) - {State.AWAITING_UPLOAD}
_DAY = len("yyyy-mm-dd")


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
        start: Any = {"KeyMarker": key, "VersionIdMarker": version_id} if after else {}
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


class DynamoLedger:
    """Reads records by clinic, from its lists of files by state, and looks up which there are."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._lists = FileLists(table)

    def clinics(self) -> list[str]:
        return sorted({*self._lists.clinics(), UNASSIGNED})

    def page(self, clinic_id: str, after: str, limit: int) -> tuple[dict[str, str], bool]:
        partitions = self._lists.list_partitions(clinic_id, _ARRIVED)
        lists = [self._oldest(partition, after, limit) for partition in partitions]
        oldest = sorted({row["created_key"]: row["file_id"] for rows, _ in lists for row in rows}.items())
        more = len(oldest) > limit or any(more for _, more in lists)
        return {file_id: position for position, file_id in oldest[:limit]}, more

    def _oldest(self, partition: Partition, after: str, limit: int) -> tuple[list[Item], bool]:
        index, name, value = partition
        query = Query(value, index=index, partition=name, sort="created_key", above=after or "-", limit=limit)
        part = self._table.query(query)
        return part.rows, part.reached is not None

    def look_up(self, file_ids: frozenset[str], upload_ids: frozenset[str]) -> RecordedIds:
        keys = [*map(file_key, sorted(file_ids)), *map(upload_key, sorted(upload_ids))]
        rows = [row for row in self._table.batch_get(keys) if row]
        files = {row["file_id"]: file_record(row) for row in rows if row["sk"] != META}
        return RecordedIds(files, {row["upload_id"]: _announcements(row) for row in rows if row["sk"] == META})


def _announcements(row: Item) -> Announcements:
    days = (row["created_at"][:_DAY], row.get("announced_at", "")[:_DAY])
    return Announcements(row["clinic_id"], row.get("announced", 0), *days)


def _position(key: str, version_id: str) -> str:
    """Return the position behind a version in the list of versions, which is sorted by key, the newest first."""
    return json.dumps([key, version_id])


def _read_entry(version: ObjectVersion, row: Any, position: str) -> StoredObject:  # noqa: ANN401  # Entries of two kinds of lists.
    # The ETag of an object that was sent in parts ends in their number (S3 guide, "Checking object integrity").
    return StoredObject(version, row["LastModified"], "-" in row["ETag"], position, row["Size"])
