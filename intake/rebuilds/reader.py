"""What a rebuild reads of the table: items in their order, a bounded number at a time, at its pace."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from intake.files.item_keys import (
    META,
    SERIES,
    STUDY_OF_UPLOAD,
    UPLOADS,
    file_key,
    list_file_partitions,
    study_key,
    upload_key,
)
from intake.files.keys import upload_of
from intake.files.states import State
from intake.rebuilds.pace import Pace
from intake.table.items import Item, moment
from intake.table.queries import Query
from intake.table.table import Table

AT_ONCE = 100
"""Records that are looked at together."""


class Reader:
    """Reads consistently, wherever DynamoDB can."""

    def __init__(self, table: Table, pace: Pace) -> None:
        self._table = table
        self._pace = pace

    def read(self, query: Query) -> Iterator[Item]:
        for page in self._table.pages(query):
            self._pace.take(page)
            yield from page

    def get_many(self, keys: Sequence[Item]) -> list[Item | None]:
        found = self._table.batch_get(keys)
        for item in found:
            # Each item of a batch is billed by itself, also one that is not there.
            self._pace.take([item] if item else [])
        return found

    def read_upload(self, upload_id: str) -> dict[str, Item]:
        """Return what stands of an upload beside its files, by sort key."""
        return {item["sk"]: item for item in self.read(Query(upload_key(upload_id)["pk"], consistent=True))}

    def list_records(self, upload_id: str) -> Iterator[list[Item]]:
        """Yield an upload's records, some at a time."""
        for partition in list_file_partitions(upload_id):
            yield from cut(self.read(Query(partition, begins="FILE#", consistent=True, limit=AT_ONCE)))

    def list_studies(self, upload_id: str) -> list[str]:
        """Return the ids of the studies that an upload brought something of, as its own items tell them."""
        rows = self.read(Query(upload_key(upload_id)["pk"], begins=STUDY_OF_UPLOAD, consistent=True))
        return [row["sk"].removeprefix(STUDY_OF_UPLOAD) for row in rows]

    def read_study(self, study_id: str) -> dict[str, Item]:
        """Return a study's item and its series', by sort key."""
        stretch = Query(study_key(study_id)["pk"], between=(META, f"{SERIES}~"), consistent=True)
        return {item["sk"]: item for item in self.read(stretch)}

    def list_study_records(self, study_id: str) -> Iterator[list[Item]]:
        """Yield the records that the index lists under a study, as they are now, some at a time."""
        rows = self.read(Query(study_id, index="by_study", partition="study_of", sort="study_place", limit=AT_ONCE))
        for part in cut(rows):
            # The place ends with the file's id.
            found = self.get_many([file_key(row["study_place"].rpartition("#")[2]) for row in part])
            yield [item for item in found if item and item.get("study_of") == study_id]

    def list_uploads(self, clinic_id: str) -> dict[str, datetime]:
        """Return a clinic's uploads and when each began: those in its list, and those that its files alone tell of.

        One whose item was lost and made anew by a later verdict is as old as its oldest file.
        """
        rows = self._list("by_clinic", "clinic_key", f"{clinic_id}#{UPLOADS}")
        found = {str(row["upload_id"]): _read_time(row) for row in rows}
        for state in State:
            for row in self._list("by_clinic_state", "clinic_state", f"{clinic_id}#{state}"):
                upload_id = upload_of(str(row["created_key"]).partition("#")[2])
                found[upload_id] = min(found.get(upload_id, _read_time(row)), _read_time(row))
        return found

    def _list(self, index: str, partition: str, value: str) -> Iterator[Item]:
        return self.read(Query(value, index=index, partition=partition, sort="created_key", limit=1000))


def _read_time(row: Item) -> datetime:
    return moment(row["created_key"].partition("#")[0])


def cut(items: Iterator[Item]) -> Iterator[list[Item]]:
    """Yield items, some at a time."""
    together: list[Item] = []
    for item in items:
        together.append(item)
        if len(together) == AT_ONCE:
            yield together
            together = []
    if together:
        yield together
