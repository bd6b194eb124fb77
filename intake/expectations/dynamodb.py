"""Expected exams in the table, behind the ports of this package.

An expected exam is an item under its id, and stands in its clinic's list of its day (`by_clinic`), by time. Under its
keys (`intake/studies/matching.py`) stands how many images are expected. Nothing says on it whether it came: that is
read from what the exams that came left under the same keys, so that neither has to be there first.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from intake.errors import NotFoundError
from intake.expectations.model import KEPT, Attendance, ExpectedExam, Kept, Reminder, Source, choose_study, settle
from intake.files.item_keys import META
from intake.files.keys import KeyedIds, is_study_id
from intake.files.model import timestamp
from intake.files.outcomes import Page
from intake.studies.exams import Exam
from intake.studies.matching import EXPECTED, ExamMatches, list_match_keys, match_key
from intake.studies.standings import StudyStandings
from intake.studies.studies import read_studies
from intake.studies.study_items import exam_attributes, read_exam
from intake.table.expressions import Write, clinic, creation, replacement, update
from intake.table.index_queries import FIRST, LAST, Indexes, Stretch
from intake.table.items import Item, moment
from intake.table.queries import Query
from intake.table.table import Table
from intake.table.transactions import write_anew

AT_ONCE = 25
"""Exams that are written together: each is up to four items, of the 100 that a transaction takes."""

MOST_COUNTED = 1000
"""Exams of a day that are looked through to tell how many are expected."""

_CANCELLED = "cancelled"
_UNTIMED = "2500"
"""Sorts behind every time of a day."""


class DynamoExpectedExams:
    """Reads and writes what clinics expect."""

    def __init__(self, table: Table, ids: KeyedIds) -> None:
        self._table = table
        self._indexes = Indexes(table)
        self._ids = ids
        self._matches = ExamMatches(table, ids)
        self._standings = StudyStandings(table)

    def save(self, clinic_id: str, exams: Sequence[ExpectedExam]) -> Kept:
        once = list({exam.expected_id: exam for exam in exams}.values())
        sums: Counter[str] = Counter()
        for start in range(0, len(once), AT_ONCE):
            sums += self._save_together(clinic_id, once[start : start + AT_ONCE])
        return Kept(**sums)

    def list_day(self, clinic_id: str, day: str, after: str | None, limit: int) -> Page[Attendance]:
        stretch = Stretch(
            index="by_clinic", partition="clinic_key", values=(_list_of(clinic_id, day),), sort="created_key"
        )
        rows = self._indexes.keys(stretch, stretch.position(after), limit + 1).rows
        exams = [_read(item) for item in self._indexes.items(rows[:limit])]
        came = self._matches.find_studies(clinic_id, [exam.exam for exam in exams])
        every = {one for each in came for ids in each for one in ids}
        metas = [{"pk": f"STUDY#{study_id}"} for study_id in sorted(every)]
        studies = {study.study_id: study for study in read_studies(self._indexes, metas)}
        found = (
            Attendance(exam, choose_study([studies[one] for one in ids if one in studies] for ids in each))
            for exam, each in zip(exams, came, strict=True)
        )
        return Page(tuple(found), rows[limit - 1]["created_key"] if len(rows) > limit else None)

    def count_day(self, clinic_id: str, day: str) -> int:
        query = Query(
            _list_of(clinic_id, day),
            index="by_clinic",
            partition="clinic_key",
            sort="created_key",
            between=(FIRST, LAST),
            limit=MOST_COUNTED,
        )
        return sum(row.get("state") != _CANCELLED for row in self._table.query(query).rows)

    def find_ids(self, clinic_id: str, exams: Sequence[Exam]) -> list[str | None]:
        numbers = [Exam(accession_number=exam.accession_number) for exam in exams]
        keys = [list_match_keys(self._ids, clinic_id, exam, came=False) for exam in numbers]
        marks = iter(self._table.batch_get([match_key(key, EXPECTED) for each in keys for key in each]))
        return [(next(marks) or {}).get("expected_id") if each else None for each in keys]

    def cancel(self, clinic_id: str, expected_id: str, *, cancelled: bool = True) -> ExpectedExam:
        known = self._find(clinic_id, expected_id)
        if known.cancelled is not cancelled:
            changed = replace(known, cancelled=cancelled)
            write_anew(self._table, partial(self._rewrite, changed), "expected exams")
            self._follow(clinic_id, [(known, changed)])
        return self._find(clinic_id, expected_id)

    def _rewrite(self, changed: ExpectedExam) -> list[Write]:
        return self._write(self._table.get(_key(changed.expected_id), owner=clinic(changed.clinic_id)), changed)

    def _find(self, clinic_id: str, expected_id: str) -> ExpectedExam:
        readable = is_study_id(expected_id)
        item = self._table.get(_key(expected_id), owner=clinic(clinic_id)) if readable else None
        if item is None:
            raise NotFoundError("there is no such expected exam")
        return _read(item)

    def _save_together(self, clinic_id: str, exams: Sequence[ExpectedExam]) -> Counter[str]:
        """Write some exams in one transaction, and return what became of them."""
        sums: Counter[str] = Counter()
        news: list[tuple[ExpectedExam | None, ExpectedExam]] = []

        def transaction() -> list[Write]:
            sums.clear()
            news.clear()
            writes: list[Write] = []
            items = self._table.batch_get([_key(exam.expected_id) for exam in exams])
            for exam, item in zip(exams, items, strict=True):
                known = _read(item) if item else None
                fate, wanted = settle(known, exam)
                sums[fate] += bool(fate)
                if wanted is not None:
                    news.append((known, wanted))
                    writes += self._write(item, wanted)
            # Two exams may share a mark, which no transaction takes twice.
            return list({(each.request["Item"]["pk"], each.request["Item"]["sk"]): each for each in writes}.values())

        write_anew(self._table, transaction, "expected exams")
        self._follow(clinic_id, news)
        return sums

    def _write(self, item: Item | None, exam: ExpectedExam) -> list[Write]:
        """Return the writes of an exam and of its marks; the exam's goes through only where it is as it was read."""
        owner = clinic(exam.clinic_id)
        written = {**_item(exam), "revision": (item or {}).get("revision", 0) + 1}
        first = (
            replacement(
                written, owner, condition="revision = :revision", values={":revision": item["revision"]}, new=False
            )
            if item
            else creation(written, owner)
        )
        return [first, *(replacement({**mark, "expires": _expiry(exam)}, owner) for mark in self._list_marks(exam))]

    def _list_marks(self, exam: ExpectedExam) -> list[Item]:
        keys = list_match_keys(self._ids, exam.clinic_id, exam.exam, came=False)
        images = None if exam.cancelled else exam.images
        told = {"expected_id": exam.expected_id, **({"images": images} if images else {})}
        return [{**match_key(key, EXPECTED), **told} for key in keys]

    def _follow(self, clinic_id: str, news: Sequence[tuple[ExpectedExam | None, ExpectedExam]]) -> None:
        """Have the marks that an exam no longer has say nothing, and the studies that came tell what is expected."""
        for before, after in news:
            stale = {mark["pk"] for mark in self._list_marks(before)} if before else set()
            for pk in stale - {mark["pk"] for mark in self._list_marks(after)}:
                self._table.write_if(
                    update(
                        {"pk": pk, "sk": EXPECTED},
                        clinic(clinic_id),
                        remove=["images"],
                        condition="expected_id = :mine",
                        values={":mine": after.expected_id},
                    )
                )
        told = [(before, after) for before, after in news if after.images or (before and before.images)]
        # What an exam was before comes first: it may have been another study's.
        wanted: list[tuple[Exam, int | None]] = [(before.exam, None) for before, _ in told if before]
        wanted += [(after.exam, None if after.cancelled else after.images) for _, after in told]
        came = self._matches.find_studies(clinic_id, [exam for exam, _ in wanted])
        studies: dict[str, int | None] = {}
        for (_, images), found in zip(wanted, came, strict=True):
            studies |= {study_id: images or studies.get(study_id) for study_ids in found for study_id in study_ids}
        for study_id, images in studies.items():
            self._matches.tell_images(clinic_id, study_id, images)
        if studies:
            self._standings.settle(dict.fromkeys(studies, clinic_id))


class DynamoReminders:
    """An item of each clinic that has chosen an hour, or was told."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def read(self, clinic_ids: Sequence[str]) -> Mapping[str, Reminder]:
        items = self._table.batch_get([_reminder_key(clinic_id) for clinic_id in clinic_ids])
        usual = Reminder()
        return {
            clinic_id: Reminder((item or {}).get("hour", usual.hour), (item or {}).get("told_day", ""))
            for clinic_id, item in zip(clinic_ids, items, strict=True)
        }

    def choose_hour(self, clinic_id: str, hour: int) -> None:
        self._table.write(update(_reminder_key(clinic_id), clinic(clinic_id), sets={"hour": hour}, new=True))

    def note_told(self, clinic_id: str, day: str) -> None:
        self._table.write(update(_reminder_key(clinic_id), clinic(clinic_id), sets={"told_day": day}, new=True))


def _key(expected_id: str) -> Item:
    return {"pk": f"EXPECTED#{expected_id}", "sk": META}


def _reminder_key(clinic_id: str) -> Item:
    return {"pk": f"REMINDER#{clinic_id}", "sk": META}


def _list_of(clinic_id: str, day: str) -> str:
    """Return the partition of `by_clinic` that lists what a clinic expects on a day."""
    return f"{clinic_id}#expected#{day}"


def _expiry(exam: ExpectedExam) -> int:
    day = datetime.strptime(exam.day, "%Y%m%d").replace(tzinfo=UTC)
    return int((max(day, exam.created_at) + KEPT).timestamp())


def _item(exam: ExpectedExam) -> Item:
    return {
        **_key(exam.expected_id),
        **exam_attributes(exam.exam),
        "clinic_key": _list_of(exam.clinic_id, exam.day),
        "created_key": f"{exam.time or _UNTIMED}#{exam.expected_id}",
        "time": exam.time or None,
        "images": exam.images,
        "key": exam.key or None,
        "source": exam.source.value,
        "at": timestamp(exam.created_at),
        "by": exam.created_by,
        "state": _CANCELLED if exam.cancelled else None,
        "expires": _expiry(exam),
    }


def _read(item: Item) -> ExpectedExam:
    return ExpectedExam(
        clinic_id=item["clinic_id"],
        expected_id=item["pk"].partition("#")[2],
        exam=read_exam(item),
        time=item.get("time", ""),
        images=item.get("images"),
        key=item.get("key", ""),
        source=Source(item["source"]),
        created_at=moment(item["at"]),
        created_by=item["by"],
        cancelled=item.get("state") == _CANCELLED,
    )
