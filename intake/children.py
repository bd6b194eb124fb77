"""Entries of archives in the table, behind the `Children` port.

How many there are is declared by the projection of the archive's own verdict, so that no upload looks complete while
its archives are being unpacked, and the workers that unpack them do not meet on the upload.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from intake.batches import items_at
from intake.errors import ConflictError
from intake.expressions import creation
from intake.file_items import file_item, object_version
from intake.items import Item, file_key
from intake.ownership import clinic
from intake.record import FileRecord
from intake.states import OPEN, State
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

    def awaited(self, children: Sequence[FileRecord]) -> frozenset[str]:
        wanted = {child.file_id: child for child in children}
        keys = [file_key(file_id) for file_id in wanted]
        found = list(items_at(self._dynamodb, self._table, keys, "file_id", "state", "clinic_id", "incoming"))
        if not all(_is_of(wanted[item["file_id"]], item) for item in found):
            raise ConflictError("another's record stands under the id of an archive's entry")
        return frozenset(item["file_id"] for item in found if item["state"] in OPEN)

    def states(self, file_ids: Sequence[str]) -> dict[str, State]:
        keys = [file_key(file_id) for file_id in file_ids]
        found = items_at(self._dynamodb, self._table, keys, "file_id", "state")
        return {item["file_id"]: State(item["state"]) for item in found}

    def _new(self, children: Sequence[FileRecord]) -> list[Any]:
        return [{"Put": creation(self._table, file_item(child), clinic(child.clinic_id))} for child in children]


def _is_of(child: FileRecord, item: Item) -> bool:
    return child.is_of(item["clinic_id"], object_version(item["incoming"]))
