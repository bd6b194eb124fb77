"""Entries of archives in the table, behind the `Children` port.

How many there are is declared by the projection of the archive's own verdict, so that no upload looks complete while
its archives are being unpacked, and the workers that unpack them do not meet on the upload.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from intake.batches import items_at
from intake.expressions import creation
from intake.file_items import file_item
from intake.items import file_key
from intake.record import FileRecord
from intake.states import OPEN
from intake.transactions import write_each_once

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient


class DynamoChildren:
    """Reserves what archives hold."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._dynamodb = client
        self._table = table

    def reserve(self, children: Sequence[FileRecord]) -> None:
        write_each_once(self._dynamodb, children, self._new, "files")

    def awaited(self, file_ids: Sequence[str]) -> frozenset[str]:
        keys = [file_key(file_id) for file_id in file_ids]
        found = items_at(self._dynamodb, self._table, keys, "file_id", "state")
        return frozenset(item["file_id"] for item in found if item["state"] in OPEN)

    def _new(self, children: Sequence[FileRecord]) -> list[Any]:
        return [{"Put": creation(self._table, file_item(child))} for child in children]
