"""What stands above one clinic's study board: how many exams are in each state, and which labels they carry.

It follows from the studies' items, which come first. An index lists them, and lags behind: so the same must be found
twice, and nothing have been written to the board meanwhile.
"""

from collections import Counter
from dataclasses import dataclass, field

from intake.files.item_keys import META, board_counts_key, label_set_key, study_list
from intake.rebuilds.reader import Reader, cut
from intake.recounts.comparison import add_missing, compare_counts
from intake.recounts.model import Difference, Findings, MovedError
from intake.studies.board import Standing
from intake.studies.study_items import LABEL_TEXT, LABEL_WRITES, LABELS, count_label, counted
from intake.table.expressions import Write, clinic, update
from intake.table.items import Item
from intake.table.queries import Query
from intake.table.table import Table

ATTEMPTS = 4


@dataclass(slots=True)
class _Board:
    """What a clinic's studies make of its board."""

    states: Counter[str] = field(default_factory=Counter)
    labels: Counter[str] = field(default_factory=Counter)
    texts: dict[str, str] = field(default_factory=dict)


class BoardRebuild:
    """Looks at one clinic's board."""

    def __init__(self, table: Table, reader: Reader, *, mends: bool) -> None:
        self._table = table
        self._reader = reader
        self._mends = mends

    def rebuild(self, clinic_id: str) -> Findings:
        """Return what stood otherwise than the studies make it. Raises MovedError."""
        found = Findings()
        for _ in range(ATTEMPTS):
            standing = self._read(clinic_id)
            board = self._recount(clinic_id)
            differences, writes = _compare(clinic_id, standing, board)
            if not differences:
                return found
            is_still = self._recount(clinic_id) == board and self._read(clinic_id) == standing
            if is_still and not (self._mends and self._table.transact(writes)):
                found.differences += differences
                return found
        raise MovedError(f"the board of {clinic_id} keeps changing")

    def _read(self, clinic_id: str) -> list[Item]:
        found = self._reader.get_many([board_counts_key(clinic_id), label_set_key(clinic_id)])
        return [item or {} for item in found]

    def _recount(self, clinic_id: str) -> _Board:
        board = _Board()
        rows = Query(study_list(clinic_id), index="by_clinic", partition="clinic_key", sort="created_key", limit=100)
        for part in cut(self._reader.read(rows)):
            for item in self._reader.get_many([{"pk": row["pk"], "sk": META} for row in part]):
                if item is None:
                    continue
                board.states.update([counted(Standing(item["state"]))] if item.get("state") else [])
                labels = item.get(LABELS, {})
                board.labels.update(map(count_label, labels))
                board.texts |= {f"{LABEL_TEXT}{label_id}": text for label_id, text in labels.items()}
        return board


def _compare(clinic_id: str, standing: list[Item], board: _Board) -> tuple[list[Difference], list[Write]]:
    counts, label_set = standing
    subject, owner = f"board of {clinic_id}", clinic(clinic_id)
    states = compare_counts(subject, counts, board.states, [counted(one) for one in Standing])
    labels = compare_counts(f"labels of {clinic_id}", {**label_set, LABEL_WRITES: 0}, board.labels)
    texts = {name: text for name, text in board.texts.items() if name not in label_set}
    writes = []
    if states:
        slots = {f"s{place}": one for place, one in enumerate(states)}
        held = [
            f"#{slot} = :{slot}" if one.standing else f"attribute_not_exists(#{slot}) OR #{slot} = :{slot}"
            for slot, one in slots.items()
        ]
        writes.append(
            update(
                board_counts_key(clinic_id),
                owner,
                sums=add_missing(states),
                # DynamoDB refuses parentheses that part nothing.
                condition=" AND ".join(f"({term})" for term in held) if len(held) > 1 else held[0],
                names={f"#{slot}": one.name for slot, one in slots.items()},
                values={f":{slot}": one.standing for slot, one in slots.items()},
                new=True,
            )
        )
    if labels or texts:
        known = LABEL_WRITES in label_set
        writes.append(
            update(
                label_set_key(clinic_id),
                owner,
                sets=texts,
                sums={**add_missing(labels), LABEL_WRITES: 1},
                condition=f"{LABEL_WRITES} = :writes" if known else f"attribute_not_exists({LABEL_WRITES})",
                values={":writes": label_set[LABEL_WRITES]} if known else {},
                new=True,
            )
        )
    lost = [Difference(f"labels of {clinic_id}", "texts", 0, len(texts))] if texts and not labels else []
    return [*states, *labels, *lost], writes
