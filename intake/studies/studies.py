"""Studies in the table: reading them, behind the `Studies` port, and writing what may be written twice of them.

How many instances a study has is counted in the projections' transactions. Which modalities, numbers or uploads it has,
and since when, stands in sets and bounds, and what it is found under in items: a repetition adds nothing to these.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from intake.errors import NotFoundError
from intake.files.item_keys import (
    META,
    SERIES,
    STATE_SHARDS,
    STUDIES,
    build_created_key,
    series_key,
    shard,
    study_key,
    study_list,
)
from intake.files.keys import KeyedIds, is_study_id
from intake.files.model import timestamp
from intake.files.outcomes import Page
from intake.studies.model import LIMITS, AcceptedInstance, Series, Study, StudyQuery
from intake.table.expressions import clinic, update
from intake.table.index_queries import FIRST, LAST, Indexes, Stretch, newest
from intake.table.items import Item, moment
from intake.table.queries import Query
from intake.table.table import Table

_Sets = dict[str, set[Any]]

_VIEW = "VIEW#"
"""Sorts behind a study's series, so that reading these does not meet it."""
_DATE = re.compile(r"[0-9]{8}")
_UNDATED = "00000000"


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
        series = tuple(
            Series(
                series_id=sort.removeprefix(SERIES),
                series_uid=item["series_uid"],
                instances=item.get("instances", 0),
                numbered=item.get("numbered", 0),
                modalities=frozenset(item.get("modalities", ())),
                frames_of_reference=frozenset(item.get("frames_of_reference", ())),
                numbers=frozenset(item.get("numbers", ())),
            )
            for sort, item in items.items()
            if sort.startswith(SERIES)
        )
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

    def add(self, accepted: Iterable[AcceptedInstance]) -> None:
        news = list(accepted)
        marks = _collect_marks(news)
        views = {(view["pk"], view["sk"]): (one.clinic_id, view) for one in news for view in _list_views(one)}
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


def _collect_marks(news: Iterable[AcceptedInstance]) -> list[_Marks]:
    marks: dict[tuple[str, ...], _Marks] = {}
    for one in news:
        new = one.instance
        study = marks.setdefault((new.study_id,), _Marks(one.clinic_id, study_key(new.study_id)))
        study.note(modalities=new.modality, study_dates=new.study_date, patients=new.patient)
        study.note(uploads=one.upload_id, series=new.series_uid)
        study.stretch(one.at)
        key = series_key(new.study_id, new.series_id)
        series = marks.setdefault((new.study_id, new.series_id), _Marks(one.clinic_id, key))
        series.note(modalities=new.modality, frames_of_reference=new.frame_of_reference, numbers=new.number)
    return list(marks.values())


def _list_views(one: AcceptedInstance) -> Iterator[Item]:
    """Yield the items by which a study is found under its date, modality and patient: each is put once."""
    new = one.instance
    key = study_key(new.study_id)
    date = new.study_date if _DATE.fullmatch(new.study_date) else _UNDATED
    modality = new.modality.upper()
    lists = {f"ON#{date}": study_list(one.clinic_id, "on")}
    if modality:
        lists[f"BY#{modality}#{date}"] = study_list(one.clinic_id, "by", modality)
    if new.patient_key:
        lists[f"OF#{new.patient_key}#{date}"] = study_list(one.clinic_id, "of", new.patient_key)
    for name, listed in lists.items():
        place = {"clinic_key": listed, "created_key": f"{date}#{new.study_id}"}
        yield {"pk": key["pk"], "sk": f"{_VIEW}{name}", **place}
