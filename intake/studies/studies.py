"""Studies in the table, behind the `Studies` port: what the projections have added up."""

from intake.errors import NotFoundError
from intake.files.item_keys import META, SERIES, STUDIES, STUDY_SHARDS, list_shards, study_key, study_list
from intake.files.keys import KeyedIds, is_study_id
from intake.files.outcomes import Page
from intake.studies.model import Study, StudyQuery
from intake.studies.study_items import is_told, read_study, read_whole
from intake.table.index_queries import FIRST, LAST, Indexes, Stretch, newest
from intake.table.items import Item
from intake.table.queries import Query
from intake.table.table import Table


class DynamoStudies:
    """Reads studies of accepted files."""

    def __init__(self, table: Table, ids: KeyedIds) -> None:
        self._table = table
        self._indexes = Indexes(table)
        self._ids = ids

    def studies(self, query: StudyQuery, after: str | None, limit: int) -> Page[Study]:
        stretch = self._stretch(query)
        rows = self._indexes.keys(stretch, stretch.position(after), limit + 1).rows
        studies = read_studies(self._indexes, rows[:limit])
        modality = query.modality.upper()
        # Those of which every file was rejected stand in the same lists, for the board.
        accepted = (study for study in studies if study.instances)
        fitting = tuple(study for study in accepted if not modality or modality in study.modalities)
        return Page(fitting, rows[limit - 1]["created_key"] if len(rows) > limit else None)

    def _stretch(self, query: StudyQuery) -> Stretch:
        clinic_id = query.clinic_id
        if clinic_id is None:
            return everybodys_studies()
        if query.patient_id:
            lists = study_list(clinic_id, "of", self._ids.patient(clinic_id, query.patient_id))
        elif query.modality:
            lists = study_list(clinic_id, "by", query.modality.upper())
        elif query.first_date or query.last_date:
            lists = study_list(clinic_id, "on")
        else:
            return newest("by_clinic", "clinic_key", study_list(clinic_id))
        return studies_by_date(lists, query.first_date, query.last_date)

    def study(self, clinic_id: str | None, study_id: str) -> Study:
        study = find_study(self._table, self._ids, clinic_id, study_id)
        if not study.instances:
            raise NotFoundError("no file of this study was accepted")
        return study


def everybodys_studies() -> Stretch:
    return newest("by_state", "state_shard", *list_shards(STUDIES, STUDY_SHARDS))


def studies_by_date(listed: str, first_date: str, last_date: str) -> Stretch:
    """Return a list of studies by study date, as far as the dates go."""
    return newest("by_clinic", "clinic_key", listed, low=first_date or FIRST, high=f"{last_date or LAST}~")


def read_studies(indexes: Indexes, rows: list[Item]) -> list[Study]:
    """Return the studies that an index's rows lead to, in their order and each once."""
    metas = [{"pk": row["pk"], "sk": META} for row in rows]
    return [read_study(item) for item in indexes.items(metas) if is_told(item)]


def find_study(table: Table, ids: KeyedIds, clinic_id: str | None, study_id: str) -> Study:
    """Return a study with its series, also one of which every file was rejected. Raises NotFoundError."""
    # Whose it is stands in its id, so that nothing of another clinic's is read, however much of it there is.
    readable = is_study_id(study_id) if clinic_id is None else ids.is_study_of(clinic_id, study_id)
    query = Query(study_key(study_id)["pk"], between=(META, f"{SERIES}~"), consistent=True)
    study = read_whole(table.items(query)) if readable else None
    if study is None or clinic_id not in {None, study.clinic_id}:
        raise NotFoundError("there is no such study")
    return study
