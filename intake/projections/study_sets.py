"""What of studies may be written twice: sets, bounds, and the items under which a study is found.

How many instances a study has is counted in the projections' transactions. Which modalities, numbers or uploads it has,
and since when, stands in sets and bounds, to which a repetition adds nothing.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from intake.files.index_keys import shard
from intake.files.item_keys import STUDIES, build_created_key, series_key, study_key, study_list
from intake.files.model import timestamp
from intake.projections.model import Change
from intake.studies.model import LIMITS
from intake.table.expressions import clinic, update
from intake.table.items import Item
from intake.table.table import Table

_Sets = dict[str, set[Any]]

_VIEW = "VIEW#"
"""Sorts behind a study's series, so that reading these does not meet it."""
_DATE = re.compile(r"[0-9]{8}")
_UNDATED = "00000000"


@dataclass(slots=True)
class _Marks:
    """What changes say of one study or series, beside how many they are."""

    clinic_id: str
    key: Item
    sets: _Sets = field(default_factory=dict)
    span: tuple[datetime, datetime] | None = None
    """The first and the last moment; for studies only."""

    def note(self, **values: object) -> None:
        for name, value in values.items():
            if value not in {"", None}:
                self.sets.setdefault(name, set()).add(value)

    def stretch(self, at: datetime) -> None:
        first, last = self.span or (at, at)
        self.span = (min(first, at), max(last, at))

    def unknown_to(self, held: Item) -> _Sets:
        """Return what the item does not hold yet, and has room for."""
        news = {name: values - held.get(name, set()) for name, values in self.sets.items()}
        room = {name: max(0, LIMITS[name] - len(held.get(name, ()))) for name in news}
        return {name: set(sorted(values)[: room[name]]) for name, values in news.items() if values and room[name]}


class StudyMarks:
    """Writes sets and bounds: at least once, in any order, by any number of workers."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def add(self, changes: Iterable[Change]) -> None:
        news = [change for change in changes if change.instance is not None]
        marks = _collect_marks(news)
        views = {(view["pk"], view["sk"]): (change.clinic_id, view) for change in news for view in _list_views(change)}
        keys = [*(mark.key for mark in marks), *({"pk": pk, "sk": sk} for pk, sk in views)]
        held = self._table.batch_get(keys)
        for (clinic_id, view), standing in zip(views.values(), held[len(marks) :], strict=True):
            if standing is None:
                self._table.put(view, clinic(clinic_id))
        for mark, standing in zip(marks, held, strict=False):
            members = mark.unknown_to(standing or {})
            if members:
                self._table.write(update(mark.key, clinic(mark.clinic_id), members=members, new=True))
            if mark.span:
                self._stretch(mark.clinic_id, mark.key, standing or {}, *mark.span)

    def _stretch(self, clinic_id: str, key: Item, held: Item, first: datetime, last: datetime) -> None:
        if timestamp(first) < held.get("first_at", "~"):
            self._set_if(clinic_id, key, {"first_at": timestamp(first)}, "first_at > :first_at")
        if timestamp(last) > held.get("last_at", ""):
            study_id = key["pk"].partition("#")[2]
            place = {
                "clinic_key": study_list(clinic_id),
                "state_shard": shard(STUDIES, study_id),
                "created_key": build_created_key(last, study_id),
            }
            self._set_if(clinic_id, key, {"last_at": timestamp(last), **place}, "last_at < :last_at")

    def _set_if(self, clinic_id: str, key: Item, sets: Item, beyond: str) -> None:
        bound = beyond.partition(" ")[0]
        moved = update(
            key,
            clinic(clinic_id),
            sets=sets,
            condition=f"attribute_not_exists({bound}) OR {beyond}",
            values={f":{bound}": sets[bound]},
            new=True,
        )
        # Where it does not hold, another worker knew of an earlier or later one.
        self._table.write_if(moved)


def _collect_marks(changes: Iterable[Change]) -> list[_Marks]:
    marks: dict[tuple[str, ...], _Marks] = {}
    for change in changes:
        new = change.instance
        if new is None:
            continue
        study = marks.setdefault((new.study_id,), _Marks(change.clinic_id, study_key(new.study_id)))
        study.note(modalities=new.modality, study_dates=new.study_date, patients=new.patient)
        study.note(uploads=change.upload_id, series=new.series_uid)
        study.stretch(change.at)
        key = series_key(new.study_id, new.series_id)
        series = marks.setdefault((new.study_id, new.series_id), _Marks(change.clinic_id, key))
        series.note(modalities=new.modality, frames_of_reference=new.frame_of_reference, numbers=new.number)
    return list(marks.values())


def _list_views(change: Change) -> Iterator[Item]:
    """Yield the items by which a study is found under its date, modality and patient: each is put once."""
    new = change.instance
    if new is None:
        return
    key = study_key(new.study_id)
    date = new.study_date if _DATE.fullmatch(new.study_date) else _UNDATED
    modality = new.modality.upper()
    lists = {f"ON#{date}": study_list(change.clinic_id, "on")}
    if modality:
        lists[f"BY#{modality}#{date}"] = study_list(change.clinic_id, "by", modality)
    if new.patient_key:
        lists[f"OF#{new.patient_key}#{date}"] = study_list(change.clinic_id, "of", new.patient_key)
    for name, listed in lists.items():
        place = {"clinic_key": listed, "created_key": f"{date}#{new.study_id}"}
        yield {"pk": key["pk"], "sk": f"{_VIEW}{name}", **place}
