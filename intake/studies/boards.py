"""The study board in the table, behind the `StudyBoard` port.

A page is a Query of keys and a BatchGetItem, whichever the list, and everybody's one Query more. The counts of its tabs
are read with its exams, and how many grow is another Query, where the page does not tell by itself. A search by text
reads two lists, and where it goes on the item that it ended with.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping

from intake.errors import InvalidCursorError
from intake.files.item_keys import META, board_counts_key, label_set_key, study_key, study_list
from intake.files.keys import KeyedIds, is_study_id, normalise_patient_id
from intake.files.model import timestamp
from intake.studies.board import BoardPage, BoardQuery, Standing, find_standing
from intake.studies.exams import find_term, list_terms
from intake.studies.model import Study
from intake.studies.studies import everybodys_studies, find_study, read_studies, studies_by_date
from intake.studies.study_items import FIND, counted, is_told, read_label_set, read_study, standing_list
from intake.table.index_queries import FIRST, LAST, Indexes, Stretch, newest
from intake.table.items import Item
from intake.table.queries import Query
from intake.table.table import Table

MOST_GROWING = 1000
"""Exams that are looked through to tell how many grow; their rows are short, so that one Query answers them."""

_SLOT = re.compile(r"[a-z]{1,16}[0-9]?")


class DynamoStudyBoard:
    """Reads what the projections have added up."""

    def __init__(self, table: Table, ids: KeyedIds) -> None:
        self._table = table
        self._indexes = Indexes(table)
        self._ids = ids

    def exams(self, query: BoardQuery, after: str | None, limit: int) -> BoardPage:
        if query.clinic_id and query.text:
            return self._find(query.clinic_id, query, after, limit)
        stretch, rows = _list_exams(query), list[Item]()
        # Of those that grow, what follows may have come to its end meanwhile.
        if after is None or query.standing is not Standing.GROWING or after >= stretch.low:
            rows = self._indexes.keys(stretch, stretch.position(after), limit + 1).rows
        counted_for = query.clinic_id if query.counted else None
        above = [board_counts_key(counted_for), label_set_key(counted_for)] if counted_for else []
        items = self._indexes.items([*({"pk": row["pk"], "sk": META} for row in rows[:limit]), *above])
        studies = (read_study(item) for item in items if is_told(item))
        found = tuple(study for study in studies if _fits(query, study))
        following = rows[limit - 1][stretch.sort] if len(rows) > limit else None
        if not counted_for:
            return BoardPage(found, following)
        since = timestamp(query.growing_since)
        is_told_here = after is None and stretch.values == (study_list(counted_for),)
        if not (is_told_here and (len(rows) <= limit or rows[-1]["created_key"] < since)):
            rows = self._list_growing(counted_for, since)
        sums, labels = (next((item for item in items if item["sk"] == key["sk"]), Item()) for key in above)
        growing = (row for row in rows if row["created_key"] >= since)
        return BoardPage(found, following, counts=_count(sums, growing), labels=read_label_set(labels))

    def exam(self, clinic_id: str | None, study_id: str) -> Study:
        return find_study(self._table, self._ids, clinic_id, study_id)

    def _list_growing(self, clinic_id: str, since: str) -> list[Item]:
        recent = Query(
            study_list(clinic_id),
            index="by_clinic",
            partition="clinic_key",
            sort="created_key",
            between=(since, LAST),
            newest_first=True,
            limit=MOST_GROWING,
        )
        return self._table.query(recent).rows

    def _find(self, clinic_id: str, query: BoardQuery, after: str | None, limit: int) -> BoardPage:
        """Return the exams of a Patient ID, once, and then those that one of whose terms begins as is asked."""
        begins = find_term(query.text)
        of_patient: list[Item] = []
        if after is None and (key := self._ids.patient(clinic_id, query.text)):
            of_patient = self._indexes.keys(newest_of(clinic_id, key), None, limit).rows
        listed = study_list(clinic_id, "find")
        stretch = Stretch(
            index="by_clinic",
            partition="clinic_key",
            values=(listed,),
            sort="created_key",
            low=begins or FIRST,
            high=begins + LAST,
        )
        room = max(1, limit - len(of_patient))
        rows = self._indexes.keys(stretch, self._position(stretch, after), room + 1).rows if begins else []
        studies = {study.study_id: study for study in read_studies(self._indexes, [*of_patient, *rows[:room]])}
        found = [studies.get(_study_id(row)) for row in of_patient]
        found += [
            study
            for row in rows[:room]
            if (study := studies.get(_study_id(row))) and row["created_key"] == _first_place(query, study, begins)
        ]
        fitting = tuple(study for study in found if study and _fits(query, study))
        return BoardPage(fitting, _write_position(rows[room - 1]) if len(rows) > room else None)

    def _position(self, stretch: Stretch, after: str | None) -> str | None:
        """Return where a search goes on. What was found stands in no position: the item's keys lead back to it."""
        if after is None:
            return None
        study_id, _, slot = after.partition(".")
        if not (is_study_id(study_id) and _SLOT.fullmatch(slot)):
            raise InvalidCursorError("the position is not one of a search")
        item = self._table.get({**study_key(study_id), "sk": f"{FIND}{slot}"}, consistent=False) or {}
        place = str(item.get("created_key", ""))
        if item.get("clinic_key") not in stretch.values or not stretch.low <= place <= stretch.high:
            raise InvalidCursorError("the position is not one of this search")
        return place


def _count(sums: Item, growing: Iterable[Item]) -> Mapping[Standing, int]:
    """Return how many exams are in each state: what is kept tells of each as if it grew no more."""
    grow = Counter(row.get("state") for row in growing)
    settled = (Standing.MISSING, Standing.COMPLETE)
    return {
        Standing.PROBLEM: max(0, sums.get(counted(Standing.PROBLEM), 0)),
        Standing.GROWING: sum(grow[standing] for standing in settled),
        **{standing: max(0, sums.get(counted(standing), 0) - grow[standing]) for standing in settled},
    }


def newest_of(clinic_id: str, patient_key: str) -> Stretch:
    """Return the list of a patient's exams, the latest study date first."""
    return newest("by_clinic", "clinic_key", study_list(clinic_id, "of", patient_key))


def _list_exams(query: BoardQuery) -> Stretch:
    clinic_id = query.clinic_id
    if clinic_id is None:
        return everybodys_studies()
    if query.patient_key:
        # A clinic's own: the key begins with it, or leads nowhere.
        return newest_of(clinic_id, query.patient_key)
    lists = {"by": query.modality.upper(), "label": query.label}
    narrowed = next(((name, value) for name, value in lists.items() if value), None)
    if narrowed or query.first_date or query.last_date or (query.by_date and query.standing is None):
        return studies_by_date(study_list(clinic_id, *(narrowed or ("on",))), query.first_date, query.last_date)
    return _list_state(clinic_id, query)


def _list_state(clinic_id: str, query: BoardQuery) -> Stretch:
    """Return the list of exams in a state, or of all: by the last file, or by study date where that is asked for."""
    since = timestamp(query.growing_since)
    if query.standing is None or query.standing is Standing.GROWING:
        return newest("by_clinic", "clinic_key", study_list(clinic_id), low=since if query.standing else FIRST)
    listed = standing_list(clinic_id, query.standing)
    if query.by_date:
        # Here stands also what grows; a page leaves it out.
        return Stretch(index="by_trouble", partition="trouble_of", values=(listed,), sort="trouble", newest_first=True)
    high = LAST if query.standing is Standing.PROBLEM else since
    return newest("by_clinic_state", "clinic_state", listed, high=high)


def _fits(query: BoardQuery, study: Study) -> bool:
    """Say whether all that was asked for holds of an exam: what its list does not already ensure."""
    standing, modality = find_standing(study, query.growing_since), query.modality.upper()
    first, last = query.first_date, query.last_date or "~"
    dates, modalities = told_dates(study), told_modalities(study)
    return (
        standing is not None
        and query.standing in {None, standing}
        and (not modality or modality in modalities)
        and (not query.label or any(query.label == label.label_id for label in study.labels))
        and (not (query.first_date or query.last_date) or any(first <= date <= last for date in dates))
    )


def told_dates(study: Study) -> frozenset[str]:
    """Return the study dates of an exam; where no file was accepted, that of a rejected one."""
    return study.study_dates or frozenset(filter(None, [study.exam.study_date]))


def told_modalities(study: Study) -> frozenset[str]:
    return study.modalities or frozenset(filter(None, [study.exam.modality]))


def _first_place(query: BoardQuery, study: Study, begins: str) -> str | None:
    """Return the sort key that an exam is told at, which several terms may find; None where its Patient ID found it."""
    if normalise_patient_id(query.text) == normalise_patient_id(study.exam.patient_id):
        return None
    fitting = [term for term in list_terms(study.exam).values() if term.startswith(begins)]
    return f"{min(fitting)}#{study.study_id}" if fitting else None


def _study_id(row: Item) -> str:
    return str(row["pk"]).partition("#")[2]


def _write_position(row: Item) -> str:
    return f"{_study_id(row)}.{str(row['sk']).removeprefix(FIND)}"
