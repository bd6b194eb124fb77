"""Searches in the table, behind the ports of search: each takes the index that leaves least to look through."""

import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

from intake.errors import InvalidCursorError
from intake.files.item_keys import (
    BEFORE_FILES,
    COUNTS,
    STUDY_OF_UPLOAD,
    file_key,
    list_file_partitions,
    term,
    upload_key,
)
from intake.files.keys import KeyedIds, is_file_id, is_upload_id, normalise_patient_id
from intake.files.metadata import patient_id_of, read_modality, read_series_uid, read_study_uid
from intake.files.model import FileRecord, Upload, timestamp
from intake.files.outcomes import Page
from intake.files.states import JUDGED, State
from intake.records.file_items import file_record
from intake.records.upload_items import read_upload
from intake.search.ports import FileQuery
from intake.studies.model import StudyOfUpload
from intake.table.expressions import account, clinic, creation
from intake.table.index_queries import FIRST, LAST, Indexes, Stretch, newest
from intake.table.items import Item, collect_sums, moment
from intake.table.queries import Query
from intake.table.table import Table

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
        if stretch.partition != "pk":
            return True
        if not is_upload_id(query.upload_id):
            return False
        key, owner = upload_key(query.upload_id), clinic(query.clinic_id)
        return self._table.get(key, owner=owner, consistent=False) is not None

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
            parts = list_file_partitions(query.upload_id)
            return Stretch(index=None, partition="pk", values=parts, sort="sk", low=BEFORE_FILES)
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
    study_uid = read_study_uid(record.metadata)
    asked = (
        query.clinic_id is None or record.clinic_id == query.clinic_id,
        not query.patient_id
        or normalise_patient_id(patient_id_of(record.metadata)) == normalise_patient_id(query.patient_id),
        term(record.name).startswith(term(query.name)),
        not query.study_id or (study_uid and ids.study(record.clinic_id, study_uid) == query.study_id),
        not query.series_id or ids.series(record.clinic_id, read_series_uid(record.metadata)) == query.series_id,
        not query.upload_id or record.upload_id == query.upload_id,
        not query.modality or read_modality(record.metadata) == query.modality.upper(),
        query.state in {None, record.state},
        query.since is None or record.created_at >= query.since,
        query.until is None or record.created_at < query.until,
    )
    return all(asked)


AT_ONCE = 1000
"""Keys read in one Query; they are short, so that many fit into the 1 MB that one answers."""


class DynamoTroubles:
    """Reads the index that holds troubled files only: an upload of 99,999 good ones costs what an empty one does."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._indexes = Indexes(table)

    def first(self, upload_id: str, causes: Sequence[str], limit: int) -> dict[str, tuple[FileRecord, ...]]:
        if not causes:
            return {}
        rows = self._indexes.keys(_trouble_stretch(upload_id, ""), None, AT_ONCE).rows
        by_cause: dict[str, list[Item]] = {cause: [] for cause in causes}
        for row in rows:
            by_cause.get(_cause(row), []).append(row)
        for cause in causes:
            # The rows are sorted by cause: only what begins behind them is asked for by itself.
            if len(rows) == AT_ONCE and len(by_cause[cause]) < limit and cause >= _cause(rows[-1]):
                by_cause[cause] = self._indexes.keys(_trouble_stretch(upload_id, f"{cause}#"), None, limit).rows
        shown = {cause: rows[:limit] for cause, rows in by_cause.items()}
        items = self._indexes.items([row for rows in shown.values() for row in rows])
        records = {item["sk"]: file_record(item) for item in items}
        found = {
            cause: tuple(records[row["sk"]] for row in rows if row["sk"] in records) for cause, rows in shown.items()
        }
        return {cause: files for cause, files in found.items() if files}

    def files(self, upload_id: str, cause: str, after: str | None, limit: int) -> Page[FileRecord]:
        stretch = _trouble_stretch(upload_id, cause)
        rows = self._indexes.keys(stretch, stretch.position(after), limit + 1).rows
        page = rows[:limit]
        records = tuple(map(file_record, self._indexes.items(page)))
        return Page(records, page[-1]["trouble"] if len(rows) > limit else None)

    def studies(self, upload_id: str, limit: int) -> Page[StudyOfUpload]:
        part = self._table.query(Query(upload_key(upload_id)["pk"], begins=STUDY_OF_UPLOAD, limit=limit + 1))
        studies = []
        for row in part.rows:
            counts = {State(name): number for name, number in collect_sums(row, "n_").items()}
            study = StudyOfUpload(row["study_id"], counts, row.get("modality", ""), row.get("study_date", ""))
            studies.append(study)
        return Page(tuple(studies[:limit]), studies[limit].study_id if len(studies) > limit else None)


def _trouble_stretch(upload_id: str, begins: str) -> Stretch:
    low, high = begins or "!", f"{begins}~"
    return Stretch(index="by_trouble", partition="trouble_of", values=(upload_id,), sort="trouble", low=low, high=high)


def _cause(row: Item) -> str:
    return str(row["trouble"]).rpartition("#")[0]


KEPT = 3600
"""Seconds."""
LONGEST_ID = 64


class DynamoKeptSearches:
    """Keeps criteria in the table, for whoever wrote them."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def keep(self, owner: str, criteria: Mapping[str, str]) -> str:
        search_id = secrets.token_urlsafe(24)
        item = {**_search_key(owner, search_id), "criteria": dict(criteria), "expires": int(time.time()) + KEPT}
        self._table.write(creation(item, account(owner)))
        return search_id

    def find(self, owner: str, search_id: str) -> dict[str, str] | None:
        if not 0 < len(search_id) <= LONGEST_ID:
            return None
        item = self._table.get(_search_key(owner, search_id))
        # DynamoDB removes what expired only within days, so what it still holds may have lapsed.
        return dict(item["criteria"]) if item and item["expires"] > time.time() else None


def _search_key(owner: str, search_id: str) -> Item:
    # Under its owner, so that whoever else asks reads nothing.
    return {"pk": f"SEARCH#{owner}#{search_id}", "sk": "#SEARCH"}
