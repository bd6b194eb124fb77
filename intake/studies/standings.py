"""In which state each exam is, and how many of a clinic's are in each: written when the rest of a study was.

A study stands in the list of one state, other than growing, which time alone ends: by its last file in
`by_clinic_state`, by its study date in `by_trouble`. Its state and the count of it change in one transaction, and only
where nobody has written to the study since it was read: whoever did writes the state anew. Labels end with the exam.
"""

from collections.abc import Iterable
from functools import partial

from intake.files.item_keys import board_counts_key
from intake.studies.board import Standing, find_standing
from intake.studies.study_items import (
    LABEL_WRITES,
    LABELS,
    WRITES,
    counted,
    drop_labels,
    is_told,
    read_study,
    sort_date,
    standing_list,
)
from intake.table.expressions import Write, clinic, update
from intake.table.items import Item
from intake.table.table import Table
from intake.table.transactions import write_anew


class StudyStandings:
    """Writes at least once, in any order, by any number of workers."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def settle(self, items: Iterable[Item]) -> None:
        """Write the states of studies that are not what follows from their items, as these were read just now."""
        for item in items:
            clinic_id = item["clinic_id"]
            if _write_standing(clinic_id, item):
                key = {"pk": item["pk"], "sk": item["sk"]}
                write_anew(self._table, partial(self._restand, clinic_id, key), "states of exams")

    def _restand(self, clinic_id: str, key: Item) -> list[Write]:
        return _write_standing(clinic_id, self._table.get(key) or {})


def _write_standing(clinic_id: str, item: Item) -> list[Write]:
    """Return the writes that give a study its state and count it there; none where that is so, or not known yet.

    They go through only where nobody has written to the study since it was read, so no state follows from what is past.
    """
    if not (item and is_told(item)):
        return []
    study = read_study(item)
    before, after = item.get("state"), find_standing(study)
    listed = standing_list(clinic_id, after) if after else None
    place = f"{sort_date(study.exam)}#{study.study_id}" if after else None
    if (before, item.get("trouble")) == (after, place) and (after or not item.get(LABELS)):
        return []
    stands = update(
        {"pk": item["pk"], "sk": item["sk"]},
        clinic(clinic_id),
        sets={
            "state": after.value if after else None,
            "clinic_state": listed,
            "trouble_of": listed,
            "trouble": place,
            **({} if after else {LABELS: None}),
        },
        # Whoever read it before finds that it is written, and counts it no second time; and whoever labels an exam that
        # is gone meanwhile finds that it is.
        sums={WRITES: 1} if after else {WRITES: 1, LABEL_WRITES: 1},
        condition="#writes = :writes",
        names={"#writes": WRITES},
        values={":writes": item[WRITES]},
        new=True,
    )
    gone = [] if after else drop_labels(clinic_id, item)
    return [stands, *_count(clinic_id, before, after), *gone]


def _count(clinic_id: str, before: str | None, after: Standing | None) -> list[Write]:
    if before == after:
        return []
    counts = {**({counted(Standing(before)): -1} if before else {}), **({counted(after): 1} if after else {})}
    return [update(board_counts_key(clinic_id), clinic(clinic_id), sums=counts, new=True)]
