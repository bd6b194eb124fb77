"""What may be written twice of studies: sets, bounds, whose an exam is, and what it is found under.

How many instances a study has is counted in the projections' transactions. Everything here follows from what stands in
the items and from the files of a batch, so that a repetition adds nothing, and mends what a crash left undone.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from intake.files.item_keys import (
    META,
    SERIES,
    STUDIES,
    STUDY_SHARDS,
    series_key,
    shard,
    study_key,
    study_list,
)
from intake.files.keys import KeyedIds
from intake.files.model import timestamp
from intake.studies.exams import list_terms
from intake.studies.matching import CAME, REMEMBERED, list_came, list_match_keys, match_key, note_came
from intake.studies.model import DOCUMENTS, LIMITS, PAGES, Previews, StudyFile, Unshown
from intake.studies.study_items import (
    FIND,
    PREVIEW,
    SHOWN,
    WRITES,
    digest_attribute,
    digest_series,
    exam_attributes,
    find_growth,
    list_views,
    read_exam,
)
from intake.table.expressions import clinic, update
from intake.table.items import Item
from intake.table.table import Table, TableSecret

CANDIDATES = 3
"""Files that came just now of which one may show their series: they may have been deleted or superseded by now."""

_Sets = dict[str, set[Any]]


@dataclass(slots=True)
class _Marks:
    """What files say of one study or series, beside how many they are."""

    clinic_id: str
    key: Item
    sets: _Sets = field(default_factory=dict)
    exam: Item = field(default_factory=dict)
    arrived: list[tuple[int | None, str]] = field(default_factory=list)
    """Number and id of each accepted file; for series only."""
    accepted: tuple[datetime, datetime] | None = None
    """The first and the last moment at which one was accepted; for studies only."""
    seen_at: datetime | None = None
    """The last moment at which one had its verdict, likewise."""

    def note(self, **values: object) -> None:
        for name, value in values.items():
            if value not in {"", None}:
                self.sets.setdefault(name, set()).add(value)

    def stretch(self, one: StudyFile) -> None:
        self.seen_at = max(self.seen_at or one.at, one.at)
        if one.instance is not None:
            first, last = self.accepted or (one.at, one.at)
            self.accepted = (min(first, one.at), max(last, one.at))

    def unknown_to(self, held: Item) -> _Sets:
        """Return what the item does not hold yet, and has room for."""
        news = {name: values - held.get(name, set()) for name, values in self.sets.items()}
        room = {name: max(0, LIMITS[name] - len(held.get(name, ()))) for name in news}
        return {name: set(sorted(values)[: room[name]]) for name, values in news.items() if values and room[name]}


class StudyMarks:
    """Writes at least once, in any order, by any number of workers."""

    def __init__(self, table: Table, ids: KeyedIds | None = None, previews: Previews | None = None) -> None:
        """Without `previews`, series stay shown by the files that show them, and new ones by none."""
        self._table = table
        self._previews = previews
        self._ids = ids or KeyedIds(TableSecret(table).read)

    def add(self, files: Iterable[StudyFile], at: datetime | None = None) -> None:
        """Write what is new of studies; where it is told later, at that time, leave no mark that is over by then."""
        news = list(files)
        matches = [(one, list_match_keys(self._ids, one.clinic_id, one.exam, came=True)) for one in news]
        marks = _collect_marks(matches)
        views = {(view["pk"], view["sk"]): (one.clinic_id, view) for one in news for view in list_views(one)}
        came = list_came([match for match in matches if at is None or match[0].at + REMEMBERED > at])
        keys = [*(mark.key for mark in marks), *({"pk": pk, "sk": sk} for pk, sk in views)]
        held = self._table.batch_get([*keys, *(match_key(digest, CAME) for digest in came)])
        note_came(self._table, came, held[len(keys) :])
        for (clinic_id, view), standing in zip(views.values(), held[len(marks) : len(keys)], strict=True):
            if standing is None:
                self._table.put(view, clinic(clinic_id))
        chosen = self._choose_previews(marks, held)
        studies = {mark.key["pk"]: item or {} for mark, item in zip(marks, held, strict=False) if _is_study(mark)}
        for n, (mark, item) in enumerate(zip(marks, held, strict=False)):
            if _is_study(mark):
                studies[mark.key["pk"]] = self._mark_study(mark, item or {})
            else:
                self._mark_series(mark, item or {}, studies[mark.key["pk"]], chosen.get(n, {}))

    def list_again(self, clinic_id: str, study_id: str, held: Item) -> None:
        """Have a study be found by each term again that its item says it is found by."""
        key, slots = study_key(study_id), sorted(held.get("found_by", ()))
        standing = self._table.batch_get([{**key, "sk": f"{FIND}{slot}"} for slot in slots])
        there = {slot for slot, item in zip(slots, standing, strict=True) if item}
        if len(there) < len(slots):
            self._list_terms(clinic_id, key, {**held, "found_by": there})

    def _choose_previews(self, marks: Sequence[_Marks], held: Sequence[Item | None]) -> dict[int, Item]:
        """Return what is to be noted, by the mark's place, of files that show series; they are asked for by then."""
        places = (n for n, mark in enumerate(marks) if not _is_study(mark))
        grown = {n: size for n in places if (size := find_growth(held[n] or {}))}
        if not grown or self._previews is None:
            return {}
        files = self._previews.choose([_describe_unshown(marks[n], held[n] or {}) for n in grown])
        return {n: {PREVIEW: one, SHOWN: grown[n]} for n, one in zip(grown, files, strict=True) if one}

    def _mark_study(self, mark: _Marks, held: Item) -> Item:
        """Write what is new of a study, and return its item."""
        members = mark.unknown_to(held)
        exam = {name: text for name, text in mark.exam.items() if name not in held}
        if members or exam:
            written = update(
                mark.key, clinic(mark.clinic_id), members=members, initial=exam, sums={WRITES: 1}, new=True
            )
            held = self._table.update_and_get(written)
        self._list_terms(mark.clinic_id, mark.key, held)
        self._stretch(mark, held)
        return held

    def _list_terms(self, clinic_id: str, key: Item, held: Item) -> None:
        """Have the study be found by the terms that its item tells, each of which stays as it was first told."""
        study_id = key["pk"].partition("#")[2]
        terms = list_terms(read_exam(held))
        unlisted = {slot: term for slot, term in terms.items() if slot not in held.get("found_by", ())}
        for slot, term in unlisted.items():
            place = {"clinic_key": study_list(clinic_id, "find"), "created_key": f"{term}#{study_id}"}
            self._table.put({**key, "sk": f"{FIND}{slot}", **place}, clinic(clinic_id))
        if unlisted:
            self._table.write(update(key, clinic(clinic_id), members={"found_by": {*unlisted}}, new=True))

    def _mark_series(self, mark: _Marks, held: Item, study: Item, preview: Item) -> None:
        members = mark.unknown_to(held)
        if members or preview:
            written = update(mark.key, clinic(mark.clinic_id), sets=preview, members=members, new=True)
            held = self._table.update_and_get(written)
        digest, told = digest_series({**mark.key, **held}), digest_attribute(mark.key["sk"].removeprefix(SERIES))
        known = sum(name.startswith(digest_attribute("")) for name in study)
        standing = study.get(told, {"size": 0})
        is_news = digest["size"] > standing["size"] or digest.get(PREVIEW) != standing.get(PREVIEW)
        if not is_news or (told not in study and known >= LIMITS["series"]):
            return
        # Where it does not hold, another worker knew of more.
        self._table.write_if(
            update(
                {**mark.key, "sk": META},
                clinic(mark.clinic_id),
                sets={told: digest},
                sums={WRITES: 1},
                condition="attribute_not_exists(#told) OR #told.#size <= :size",
                names={"#told": told, "#size": "size"},
                values={":size": digest["size"]},
                new=True,
            )
        )

    def _stretch(self, mark: _Marks, held: Item) -> None:
        key, clinic_id = mark.key, mark.clinic_id
        study_id = key["pk"].partition("#")[2]
        seen = timestamp(mark.seen_at) if mark.seen_at else ""
        last = timestamp(mark.accepted[1]) if mark.accepted else ""
        if mark.accepted and timestamp(mark.accepted[0]) < held.get("first_at", "~"):
            self._set_if(clinic_id, key, {"first_at": timestamp(mark.accepted[0])}, "first_at > :first_at")
        moves = bool(seen) and seen > held.get("seen_at", "")
        if moves:
            place = {
                "clinic_key": study_list(clinic_id),
                "state_shard": shard(STUDIES, study_id, STUDY_SHARDS),
                "created_key": f"{seen}#{study_id}",
            }
            # Mostly the last file was accepted, and both moments are one write.
            both = {"last_at": last} if last == seen else {}
            moves = self._set_if(clinic_id, key, {"seen_at": seen, **both, **place}, "seen_at < :seen_at")
        if last > held.get("last_at", "") and not (moves and last == seen):
            self._set_if(clinic_id, key, {"last_at": last}, "last_at < :last_at")

    def _set_if(self, clinic_id: str, key: Item, sets: Item, beyond: str) -> bool:
        """Move a bound, and say whether another worker knew of no earlier or later one."""
        bound = beyond.partition(" ")[0]
        moved = update(
            key,
            clinic(clinic_id),
            sets=sets,
            sums={WRITES: 1},
            condition=f"attribute_not_exists({bound}) OR {beyond}",
            values={f":{bound}": sets[bound]},
            new=True,
        )
        return self._table.write_if(moved)


def _is_study(mark: _Marks) -> bool:
    return bool(mark.key["sk"] == META)


def _collect_marks(news: Iterable[tuple[StudyFile, tuple[str, ...]]]) -> list[_Marks]:
    """Return the marks of studies and series, each study before its series; files are given with their match keys."""
    marks: dict[tuple[str, ...], _Marks] = {}
    for one, digests in news:
        study = marks.setdefault((one.study_id,), _Marks(one.clinic_id, study_key(one.study_id)))
        study.exam = {**exam_attributes(one.exam), **study.exam}
        study.note(uploads=one.upload_id)
        for digest in digests:
            study.note(match_keys=digest)
        study.stretch(one)
        new = one.instance
        if new is None:
            continue
        study.note(modalities=new.modality, study_dates=new.study_date, patients=new.patient, series=new.series_uid)
        key = series_key(new.study_id, new.series_id)
        series = marks.setdefault((new.study_id, new.series_id), _Marks(one.clinic_id, key))
        series.arrived.append((new.number, one.file_id))
        series.note(modalities=new.modality, frames_of_reference=new.frame_of_reference, numbers=new.number)
    return list(marks.values())


def _describe_unshown(mark: _Marks, held: Item) -> Unshown:
    numbers = sorted({*held.get("numbers", ()), *mark.sets.get("numbers", ())})
    middle = numbers[len(numbers) // 2] if numbers else None
    arrived = sorted(mark.arrived, key=lambda one: (abs((one[0] or 0) - (middle or 0)), one[1]))
    modalities = {*held.get("modalities", ()), *mark.sets.get("modalities", ())}
    return Unshown(
        clinic_id=mark.clinic_id,
        study_id=mark.key["pk"].partition("#")[2],
        series_id=mark.key["sk"].removeprefix(SERIES),
        number=None if middle in {number for number, _ in arrived} else middle,
        arrived=tuple(file_id for _, file_id in arrived[:CANDIDATES]),
        drawn=not modalities or not modalities <= DOCUMENTS - PAGES,
    )
