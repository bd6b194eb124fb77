"""Searches in the table, behind the `Search` port: each takes the index that leaves least to look through."""

from collections.abc import Sequence
from dataclasses import replace

from intake.errors import InvalidCursorError
from intake.files.item_keys import COUNTS, file_key, term, upload_key
from intake.files.keys import KeyedIds, is_file_id, is_upload_id, normalise_patient_id
from intake.files.model import FileRecord, Upload, modality_of, patient_id_of, series_uid_of, study_uid_of, timestamp
from intake.files.outcomes import Page
from intake.files.states import JUDGED
from intake.records.file_items import file_record
from intake.records.records import read_upload
from intake.search.model import FileQuery
from intake.table.expressions import clinic
from intake.table.index_queries import FIRST, LAST, Indexes, Stretch, newest
from intake.table.items import Item, moment
from intake.table.table import Table

BEFORE_FILES = "FILE#"
ROUNDS = 4
"""How often a page goes on reading, where what it reads does not match."""
READ = 100
"""Rows read at a time; DynamoDB gives no more items for one BatchGetItem."""


class DynamoSearch:
    """Finds files and uploads."""

    def __init__(self, table: Table, ids: KeyedIds) -> None:
        self._table = table
        self._indexes = Indexes(table)
        self._ids = ids

    def files(self, query: FileQuery, after: str | None, limit: int) -> Page[FileRecord]:
        stretch = self._stretch(query)
        after = self._position(stretch, after)
        if not self._may_read(query, stretch):
            return Page(())
        found: list[FileRecord] = []
        last: Item = {}
        for size in (limit + 1, *[READ] * (ROUNDS - 1)):
            part = self._indexes.keys(stretch, after, size)
            for row, item in zip(part.rows, self._table.batch_get(part.rows), strict=True):
                record = file_record(item) if item else None
                if record is None or not matches(query, record, self._ids):
                    continue
                if len(found) == limit:
                    return Page(tuple(found), _position_of(stretch, last))
                found.append(record)
                last = row
            if part.reached is None:
                return Page(tuple(found))
            last, after = part.reached, part.reached[stretch.sort]
        reached = moment(last[stretch.sort].partition("#")[0]) if stretch.sort == "created_key" else None
        return Page(tuple(found), _position_of(stretch, last), reached)

    def uploads(self, clinic_id: str, reference: str, limit: int) -> tuple[Upload, ...]:
        begins = term(reference)
        stretch = _name_stretch(f"{clinic_id}#uploads", begins)
        keys = self._indexes.keys(stretch, None, limit).rows
        return self.uploads_at([key["pk"].partition("#")[2] for key in keys])

    def uploads_at(self, upload_ids: Sequence[str]) -> tuple[Upload, ...]:
        keys = [upload_key(upload_id) for upload_id in upload_ids]
        both = [{"pk": key["pk"], "sk": sort} for key in keys for sort in (key["sk"], COUNTS)]
        items: dict[str, dict[str, Item]] = {}
        for item in self._indexes.items(both):
            items.setdefault(item["pk"], {})[item["sk"]] = item
        found = ((items.get(key["pk"], {}), key["sk"]) for key in keys)
        return tuple(read_upload(of[meta], of.get(COUNTS, {})) for of, meta in found if meta in of)

    def _position(self, stretch: Stretch, after: str | None) -> str | None:
        if after is None or stretch.sort != "name_key":
            return stretch.position(after)
        if not is_file_id(after):
            raise InvalidCursorError("the position is not one of a list by name")
        item = self._table.get(file_key(after), consistent=False) or {}
        name_key = str(item.get("name_key", ""))
        if item.get("name_of") not in stretch.values or not stretch.low <= name_key <= stretch.high:
            raise InvalidCursorError("the position is not one of this list by name")
        return name_key

    def _may_read(self, query: FileQuery, stretch: Stretch) -> bool:
        """Say whether the partition is the clinic's that asks: what is read and left out afterwards shows in pages.

        Most partitions name their clinic. A study's says in its id whose it is; an upload has to be asked.
        """
        if query.clinic_id is None:
            return True
        if stretch.partition == "study_of":
            return self._ids.is_study_of(query.clinic_id, query.study_id)
        return stretch.partition != "pk" or self._is_upload_of(query.clinic_id, query.upload_id)

    def _is_upload_of(self, clinic_id: str, upload_id: str) -> bool:
        if not is_upload_id(upload_id):
            return False
        return self._table.get(upload_key(upload_id), owner=clinic(clinic_id), consistent=False) is not None

    def _stretch(self, query: FileQuery) -> Stretch:
        low = timestamp(query.since) if query.since else FIRST
        high = timestamp(query.until) if query.until else LAST
        if query.patient_id and query.clinic_id:
            key = self._ids.patient(query.clinic_id, query.patient_id)
            return newest("by_patient", "patient_key", key, low=low, high=high)
        if query.name and query.clinic_id:
            return _name_stretch(query.clinic_id, term(query.name))
        if query.study_id:
            low, high = (f"{query.series_id}#", f"{query.series_id}#~") if query.series_id else (FIRST, LAST)
            values = (query.study_id,)
            return Stretch(
                index="by_study", partition="study_of", values=values, sort="study_place", low=low, high=high
            )
        if query.upload_id:
            pk = upload_key(query.upload_id)["pk"]
            return Stretch(index=None, partition="pk", values=(pk,), sort="sk", low=BEFORE_FILES)
        states = [query.state] if query.state else sorted(JUDGED)
        lists = [f"{query.clinic_id}#{state}" for state in states]
        files = newest("by_clinic_state", "clinic_state", *lists, low=low, high=high)
        return replace(files, having=("modality", query.modality.upper()))


def _position_of(stretch: Stretch, row: Item) -> str:
    """Return the position of a row. A name is kept out of it: the file's id leads back to it."""
    return str(row["sk"].removeprefix(BEFORE_FILES) if stretch.sort == "name_key" else row[stretch.sort])


def _name_stretch(owner: str, begins: str) -> Stretch:
    return Stretch(
        index="by_name", partition="name_of", values=(owner,), sort="name_key", low=begins or FIRST, high=begins + LAST
    )


def matches(query: FileQuery, record: FileRecord, ids: KeyedIds) -> bool:
    """Say whether all that was asked for holds of a record: what its index does not already ensure."""
    study_uid = study_uid_of(record.metadata)
    asked = (
        query.clinic_id is None or record.clinic_id == query.clinic_id,
        not query.patient_id
        or normalise_patient_id(patient_id_of(record.metadata)) == normalise_patient_id(query.patient_id),
        term(record.name).startswith(term(query.name)),
        not query.study_id or (study_uid and ids.study(record.clinic_id, study_uid) == query.study_id),
        not query.series_id or ids.series(record.clinic_id, series_uid_of(record.metadata)) == query.series_id,
        not query.upload_id or record.upload_id == query.upload_id,
        not query.modality or modality_of(record.metadata) == query.modality.upper(),
        query.state in {None, record.state},
        query.since is None or record.created_at >= query.since,
        query.until is None or record.created_at < query.until,
    )
    return all(asked)
