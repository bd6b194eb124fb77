"""Labels in the table, behind the `StudyLabels` port.

An exam's labels stand in its own item, so that no list reads more for them; for each, a view beside it lists the exam
under the label, by its study date. The clinic's set counts how many exams carry each. All of it changes in one
transaction, on the condition that exam and set are as they were read, and both the clinic's.
"""

from collections.abc import Callable, Sequence

from intake.errors import ConflictError, NotFoundError
from intake.files.item_keys import label_set_key, study_key, study_list
from intake.files.keys import KeyedIds
from intake.labels.model import (
    MOST_LABELS,
    MOST_OF_CLINIC,
    LabelChange,
    LabelsFullError,
    TooManyLabelsError,
    normalise_label,
)
from intake.studies.board import find_standing
from intake.studies.model import Label
from intake.studies.study_items import (
    LABEL_COUNT,
    LABEL_TEXT,
    LABEL_WRITES,
    LABELS,
    WRITES,
    count_label,
    is_told,
    read_exam,
    read_label_set,
    read_labels,
    read_study,
    sort_date,
    unlist_label,
    view_label,
)
from intake.table.expressions import Write, clinic, replacement, update
from intake.table.items import Item
from intake.table.table import Table
from intake.table.transactions import write_anew

Decide = Callable[[tuple[Label, ...]], Sequence[Label]]
"""Says which labels an exam is to have, by those that it has."""


class DynamoStudyLabels:
    """Reads and changes labels."""

    def __init__(self, table: Table, ids: KeyedIds) -> None:
        self._table = table
        self._ids = ids

    def of_clinic(self, clinic_id: str) -> tuple[Label, ...]:
        return read_label_set(self._table.get(label_set_key(clinic_id), consistent=False) or {})

    def of_study(self, clinic_id: str, study_id: str) -> tuple[Label, ...]:
        return read_labels(self._read_study(clinic_id, study_id).get(LABELS, {}))

    def identify(self, clinic_id: str, text: str) -> Label:
        label = normalise_label(text)
        return Label(self._ids.label(clinic_id, label), label)

    def add(self, clinic_id: str, study_id: str, text: str) -> LabelChange:
        new = self.identify(clinic_id, text)
        return self._change(clinic_id, study_id, lambda labels: [*labels, new])

    def remove(self, clinic_id: str, study_id: str, label_id: str) -> LabelChange:
        return self._change(
            clinic_id, study_id, lambda labels: [label for label in labels if label.label_id != label_id]
        )

    def replace(
        self, clinic_id: str, study_id: str, texts: Sequence[str], standing: Sequence[str] | None = None
    ) -> LabelChange:
        wanted = [self.identify(clinic_id, text) for text in texts]
        known = None if standing is None else {self._ids.label(clinic_id, text) for text in standing}

        def decide(labels: tuple[Label, ...]) -> Sequence[Label]:
            if known is not None and known != {label.label_id for label in labels}:
                raise ConflictError("the exam has other labels")
            return wanted

        return self._change(clinic_id, study_id, decide)

    def _change(self, clinic_id: str, study_id: str, decide: Decide) -> LabelChange:
        made: list[LabelChange] = []

        def transaction() -> list[Write]:
            study = self._read_study(clinic_id, study_id)
            kept = self._table.get(label_set_key(clinic_id)) or label_set_key(clinic_id)
            made.append(_plan(study, kept, decide))
            return _write_change(clinic_id, study, kept, made[-1])

        write_anew(self._table, transaction, "labels")
        return made[-1]

    def _read_study(self, clinic_id: str, study_id: str) -> Item:
        # Whose it is stands in its id, so that nothing of another clinic's is read.
        known = self._ids.is_study_of(clinic_id, study_id)
        item = self._table.get(study_key(study_id), owner=clinic(clinic_id)) if known else None
        if not (item and is_told(item) and find_standing(read_study(item))):
            raise NotFoundError("there is no such exam")
        return item


def _plan(study: Item, kept: Item, decide: Decide) -> LabelChange:
    """Return what becomes of an exam's labels. Raises ConflictError, TooManyLabelsError, LabelsFullError."""
    before, in_use = read_labels(study.get(LABELS, {})), {label.label_id: label for label in read_label_set(kept)}
    after: dict[str, str] = {}
    for label in decide(before):
        # It is written as whoever began it did.
        after.setdefault(label.label_id, in_use.get(label.label_id, label).text)
    change = LabelChange(before, read_labels(after))
    if len(after) > max(MOST_LABELS, len(before)):
        raise TooManyLabelsError("the exam has as many labels as it may")
    ending = {label.label_id for label in change.removed if kept.get(count_label(label.label_id), 0) <= 1}
    if len({*in_use, *after} - ending) > MOST_OF_CLINIC:
        raise LabelsFullError("the clinic has as many labels as it may")
    return change


def _write_change(clinic_id: str, study: Item, kept: Item, change: LabelChange) -> list[Write]:
    if not (change.added or change.removed):
        return []
    owner = clinic(clinic_id)
    texts = {label.label_id: label.text for label in change.after}
    # Whoever concludes from the exam that it is gone reads it again.
    labelled = _write_as_read(study, {LABELS: texts}, {WRITES: 1}, clinic_id)
    return [
        labelled,
        _write_as_read(kept, _count(kept, change), {}, clinic_id, new=True),
        *(replacement(_list_label(clinic_id, study, label), owner) for label in change.added),
        *(unlist_label(clinic_id, study, label.label_id) for label in change.removed),
    ]


def _write_as_read(item: Item, sets: Item, sums: dict[str, int], clinic_id: str, *, new: bool = False) -> Write:
    """Return the update of an item whose labels nobody has written since it was read."""
    known = item.get(LABEL_WRITES)
    return update(
        {"pk": item["pk"], "sk": item["sk"]},
        clinic(clinic_id),
        sets=sets,
        sums={**sums, LABEL_WRITES: 1},
        condition="attribute_not_exists(#labels)" if known is None else "#labels = :labels",
        names={"#labels": LABEL_WRITES},
        values={} if known is None else {":labels": known},
        new=new,
    )


def _count(kept: Item, change: LabelChange) -> Item:
    """Return what a change sets in the clinic's item; labels that no exam carries any more go."""
    counts = {name.removeprefix(LABEL_COUNT): n for name, n in kept.items() if name.startswith(LABEL_COUNT)}
    counts |= {label.label_id: max(0, counts.get(label.label_id, 0)) + 1 for label in change.added}
    counts |= {label.label_id: counts.get(label.label_id, 0) - 1 for label in change.removed}
    texts = {label.label_id: label.text for label in change.added}
    sets: Item = {}
    for label_id, count in counts.items():
        text = texts.get(label_id, kept.get(f"{LABEL_TEXT}{label_id}"))
        sets[count_label(label_id)] = count if count > 0 else None
        sets[f"{LABEL_TEXT}{label_id}"] = text if count > 0 else None
    return {name: value for name, value in sets.items() if value != kept.get(name)}


def _list_label(clinic_id: str, study: Item, label: Label) -> Item:
    """Return the item that lists an exam under a label, as those of its modality and date do."""
    return {
        **view_label(study, label.label_id),
        "clinic_key": study_list(clinic_id, "label", label.label_id),
        "created_key": f"{sort_date(read_exam(study))}#{study['pk'].partition('#')[2]}",
    }
