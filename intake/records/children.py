"""Entries of archives in the table, behind the `Children` port.

How many there are is declared by the projection of the archive's own verdict, so that no upload looks complete while
its archives are being unpacked, and the workers that unpack them do not meet on the upload.
"""

from collections.abc import Sequence

from intake.errors import ConflictError
from intake.files.item_keys import file_key
from intake.files.model import FileRecord
from intake.files.states import OPEN, State
from intake.records.file_items import file_item, object_version
from intake.table.expressions import Write, clinic, creation
from intake.table.table import Table
from intake.table.transactions import write_each_once


class DynamoChildren:
    """Reserves what archives hold."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def reserve(self, children: Sequence[FileRecord]) -> None:
        write_each_once(self._table, children, _creations, "files")

    def find_awaited(self, children: Sequence[FileRecord]) -> frozenset[str]:
        keys = [file_key(child.file_id) for child in children]
        items = self._table.batch_get(keys, "state", "clinic_id", "incoming")
        found = [(child, item) for child, item in zip(children, items, strict=True) if item]
        if not all(child.is_of(item["clinic_id"], object_version(item["incoming"])) for child, item in found):
            raise ConflictError("another's record stands under the id of an archive's entry")
        return frozenset(child.file_id for child, item in found if item["state"] in OPEN)

    def states(self, file_ids: Sequence[str]) -> dict[str, State]:
        items = self._table.batch_get([file_key(file_id) for file_id in file_ids], "state")
        return {file_id: State(item["state"]) for file_id, item in zip(file_ids, items, strict=True) if item}


def _creations(children: Sequence[FileRecord]) -> list[Write]:
    return [creation(file_item(child), clinic(child.clinic_id)) for child in children]
