"""What troubles an upload's files, and which studies they are of, behind the `Troubles` port."""

from collections.abc import Sequence

from intake.files.item_keys import STUDY_OF_UPLOAD, upload_key
from intake.files.model import FileRecord
from intake.files.outcomes import Page
from intake.files.states import State
from intake.records.file_items import file_record
from intake.studies.model import StudyOfUpload
from intake.table.index_queries import Indexes, Stretch
from intake.table.items import Item, collect_sums
from intake.table.queries import Query
from intake.table.table import Table

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
        rows = self._indexes.keys(_stretch(upload_id, ""), None, AT_ONCE).rows
        by_cause: dict[str, list[Item]] = {cause: [] for cause in causes}
        for row in rows:
            by_cause.get(_cause(row), []).append(row)
        for cause in causes:
            # The rows are sorted by cause: only what begins behind them is asked for by itself.
            if len(rows) == AT_ONCE and len(by_cause[cause]) < limit and cause >= _cause(rows[-1]):
                by_cause[cause] = self._indexes.keys(_stretch(upload_id, f"{cause}#"), None, limit).rows
        shown = {cause: rows[:limit] for cause, rows in by_cause.items()}
        items = self._indexes.items([row for rows in shown.values() for row in rows])
        records = {item["sk"]: file_record(item) for item in items}
        found = {
            cause: tuple(records[row["sk"]] for row in rows if row["sk"] in records) for cause, rows in shown.items()
        }
        return {cause: files for cause, files in found.items() if files}

    def files(self, upload_id: str, cause: str, after: str | None, limit: int) -> Page[FileRecord]:
        stretch = _stretch(upload_id, cause)
        rows = self._indexes.keys(stretch, stretch.position(after), limit + 1).rows
        page = rows[:limit]
        records = tuple(map(file_record, self._indexes.items(page)))
        return Page(records, page[-1]["trouble"] if len(rows) > limit else None)

    def studies(self, upload_id: str, limit: int) -> Page[StudyOfUpload]:
        part = self._table.query(Query(upload_key(upload_id)["pk"], begins=STUDY_OF_UPLOAD, limit=limit + 1))
        rows = [_study(row) for row in part.rows]
        return Page(tuple(rows[:limit]), rows[limit].study_id if len(rows) > limit else None)


def _stretch(upload_id: str, begins: str) -> Stretch:
    return Stretch(
        index="by_trouble",
        partition="trouble_of",
        values=(upload_id,),
        sort="trouble",
        low=begins or "!",
        high=f"{begins}~",
    )


def _cause(row: Item) -> str:
    return str(row["trouble"]).rpartition("#")[0]


def _study(row: Item) -> StudyOfUpload:
    counts = {State(name): number for name, number in collect_sums(row, "n_").items()}
    return StudyOfUpload(row["study_id"], counts, row.get("modality", ""), row.get("study_date", ""))
