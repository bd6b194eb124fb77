"""Studies in the table, as the projections have added them up, behind the `Studies` port."""

from intake.errors import NotFoundError
from intake.files.index_keys import STATE_SHARDS
from intake.files.item_keys import META, SERIES, STUDIES, study_key, study_list
from intake.files.keyed_ids import KeyedIds
from intake.files.keys import is_study_id
from intake.files.outcomes import Page
from intake.studies.model import Series, Study, StudyQuery
from intake.table.index_queries import FIRST, LAST, Indexes, Stretch, newest
from intake.table.items import Item, moment
from intake.table.queries import Query
from intake.table.table import Table


class DynamoStudies:
    """Reads what the projections have added up."""

    def __init__(self, table: Table, ids: KeyedIds) -> None:
        self._table = table
        self._indexes = Indexes(table)
        self._ids = ids

    def studies(self, query: StudyQuery, after: str | None, limit: int) -> Page[Study]:
        stretch = self._stretch(query)
        rows = self._indexes.keys(stretch, stretch.position(after), limit + 1).rows
        metas = [{"pk": row["pk"], "sk": META} for row in rows[:limit]]
        studies = [_study(item) for item in self._indexes.items(metas) if "last_at" in item]
        modality = query.modality.upper()
        fitting = tuple(study for study in studies if not modality or modality in study.modalities)
        return Page(fitting, rows[limit - 1]["created_key"] if len(rows) > limit else None)

    def _stretch(self, query: StudyQuery) -> Stretch:
        clinic_id = query.clinic_id
        if clinic_id is None:
            shards = tuple(f"{STUDIES}#{number}" for number in range(STATE_SHARDS))
            return newest("by_state", "state_shard", *shards)
        if query.patient_id:
            lists = study_list(clinic_id, "of", self._ids.patient(clinic_id, query.patient_id))
        elif query.modality:
            lists = study_list(clinic_id, "by", query.modality.upper())
        elif query.first_date or query.last_date:
            lists = study_list(clinic_id, "on")
        else:
            return newest("by_clinic", "clinic_key", study_list(clinic_id))
        low, high = query.first_date or FIRST, f"{query.last_date or LAST}~"
        return newest("by_clinic", "clinic_key", lists, low=low, high=high)

    def study(self, clinic_id: str | None, study_id: str) -> Study:
        # Whose it is stands in its id, so that nothing of another clinic's is read, however much of it there is.
        readable = is_study_id(study_id) if clinic_id is None else self._ids.is_study_of(clinic_id, study_id)
        query = Query(study_key(study_id)["pk"], between=(META, f"{SERIES}~"), consistent=True)
        items = {item["sk"]: item for item in self._table.items(query)} if readable else {}
        if META not in items or "last_at" not in items[META] or clinic_id not in {None, items[META]["clinic_id"]}:
            raise NotFoundError("there is no such study")
        series = tuple(_series(item) for sort, item in items.items() if sort.startswith(SERIES))
        return _study(items[META], series)


def _study(item: Item, series: tuple[Series, ...] = ()) -> Study:
    return Study(
        clinic_id=item["clinic_id"],
        study_id=item["pk"].partition("#")[2],
        study_uid=item["study_uid"],
        instances=item["instances"],
        bytes=item.get("bytes", 0),
        first_at=moment(item["first_at"]),
        last_at=moment(item["last_at"]),
        modalities=frozenset(item.get("modalities", ())),
        study_dates=frozenset(item.get("study_dates", ())),
        patients=frozenset(item.get("patients", ())),
        uploads=frozenset(item.get("uploads", ())),
        series_uids=frozenset(item.get("series", ())),
        series=series,
    )


def _series(item: Item) -> Series:
    return Series(
        series_id=item["sk"].removeprefix(SERIES),
        series_uid=item["series_uid"],
        instances=item.get("instances", 0),
        numbered=item.get("numbered", 0),
        modalities=frozenset(item.get("modalities", ())),
        frames_of_reference=frozenset(item.get("frames_of_reference", ())),
        numbers=frozenset(item.get("numbers", ())),
    )
