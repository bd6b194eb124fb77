"""In which state each exam is, and how many of a clinic's are in each: written when the rest of a study was.

A study stands in the list of one state, other than growing, which time alone ends. Its state and the count of it change
in one transaction, and only where nobody has written to the study since it was read: whoever did writes the state anew.
"""

from collections.abc import Mapping
from functools import partial

from intake.files.item_keys import board_counts_key, study_key
from intake.studies.board import Standing, find_standing
from intake.studies.study_items import WRITES, counted, is_told, read_study, standing_list
from intake.table.expressions import Write, clinic, update
from intake.table.items import Item
from intake.table.table import Table
from intake.table.transactions import write_anew


class StudyStandings:
    """Writes at least once, in any order, by any number of workers."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def settle(self, studies: Mapping[str, str]) -> None:
        """Write the states of studies, given with their clinics, that are not what follows from their items."""
        items = self._table.batch_get([study_key(study_id) for study_id in studies])
        for (study_id, clinic_id), item in zip(studies.items(), items, strict=True):
            if item and _write_standing(clinic_id, item):
                write_anew(self._table, partial(self._restand, clinic_id, study_key(study_id)), "states of exams")

    def _restand(self, clinic_id: str, key: Item) -> list[Write]:
        return _write_standing(clinic_id, self._table.get(key) or {})


def _write_standing(clinic_id: str, item: Item) -> list[Write]:
    """Return the writes that give a study its state and count it there; none where that is so, or not known yet.

    They go through only where nobody has written to the study since it was read, so no state follows from what is past.
    """
    if not (item and is_told(item)):
        return []
    before, after = item.get("state"), find_standing(read_study(item))
    if before == after:
        return []
    listed = standing_list(clinic_id, after) if after else None
    counts = {counted(Standing(before)): -1} if before else {}
    return [
        update(
            {"pk": item["pk"], "sk": item["sk"]},
            clinic(clinic_id),
            sets={"state": after.value if after else None, "clinic_state": listed},
            condition="#writes = :writes",
            names={"#writes": WRITES},
            values={":writes": item[WRITES]},
            new=True,
        ),
        update(
            board_counts_key(clinic_id),
            clinic(clinic_id),
            sums={**counts, **({counted(after): 1} if after else {})},
            new=True,
        ),
    ]
