"""Expected exams in the table, behind the ports of this package.

An expected exam is an item under its id, and the marks under its keys (`intake/studies/matching.py`) name it. Nothing
says on it whether it came: that is read from what the exams that came left under the same keys, so that neither has to
be there first.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from intake.errors import NotFoundError
from intake.expectations.expected_items import (
    CANCELLED,
    day_list,
    expected_key,
    find_expiry,
    list_all_keys,
    list_own_keys,
    read_expected,
    write_expected,
)
from intake.expectations.matches import MOST_EXPECTED, ExamMatches, list_expected
from intake.expectations.model import Attendance, ExpectedExam, Kept, Reminder, settle
from intake.files.item_keys import META
from intake.files.keys import KeyedIds, is_study_id
from intake.files.outcomes import Page
from intake.studies.exams import Exam
from intake.studies.matching import EXPECTED, match_key, name_number
from intake.studies.standings import StudyStandings
from intake.table.expressions import Write, clinic, update
from intake.table.index_queries import FIRST, LAST, Indexes, Stretch
from intake.table.items import Item
from intake.table.queries import Query
from intake.table.table import Table
from intake.table.transactions import write_anew

AT_ONCE = 25
"""Exams that are written together: each is up to three items, of the 100 that a transaction takes."""

MOST_COUNTED = 1000
"""Exams of a day that are looked through to tell how many are expected."""

_Change = tuple[Item | None, ExpectedExam]
"""The item of an exam as it was read, and the exam as it is to be."""


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
            index="by_clinic", partition="clinic_key", values=(day_list(clinic_id, day),), sort="created_key"
        )
        rows = self._indexes.keys(stretch, stretch.position(after), limit + 1).rows
        exams = [read_expected(item) for item in self._indexes.items(rows[:limit])]
        roll = self._matches.call_roll(exams)
        found = (Attendance(exam, roll.find_study(exam.expected_id)) for exam in exams)
        return Page(tuple(found), rows[limit - 1]["created_key"] if len(rows) > limit else None)

    def count_day(self, clinic_id: str, day: str) -> int:
        query = Query(
            day_list(clinic_id, day),
            index="by_clinic",
            partition="clinic_key",
            sort="created_key",
            between=(FIRST, LAST),
            limit=MOST_COUNTED,
        )
        return sum(row.get("state") != CANCELLED for row in self._table.query(query).rows)

    def find_ids(self, clinic_id: str, exams: Sequence[Exam]) -> list[str | None]:
        numbers = [name_number(self._ids, clinic_id, exam) for exam in exams]
        stated = sorted({number for number in numbers if number})
        marks = self._table.batch_get([match_key(number, EXPECTED) for number in stated])
        named = sorted({one for mark in marks for one in list_expected(mark)})
        items = [item for item in self._table.batch_get([expected_key(one) for one in named]) if item]
        last = {mark["expected_id"] for mark in marks if mark}
        found: dict[str, ExpectedExam] = {}
        # Whoever was written last may have another number since; of the others, it is the one that was made last.
        for exam in sorted(map(read_expected, items), key=lambda exam: (exam.expected_id in last, exam.created_at)):
            found[name_number(self._ids, clinic_id, exam.exam)] = exam
        return [found[number].expected_id if number in found else None for number in numbers]

    def cancel(self, clinic_id: str, expected_id: str, *, cancelled: bool = True) -> ExpectedExam:
        changes: list[_Change] = []

        def transaction() -> list[Write]:
            item = self._find(clinic_id, expected_id)
            known = read_expected(item)
            changes[:] = [(item, replace(known, cancelled=cancelled))]
            return [] if known.cancelled is cancelled else self._write(clinic_id, changes)

        write_anew(self._table, transaction, "expected exams")
        ((item, changed),) = changes
        self._follow(list_all_keys(self._ids, changed, item))
        return changed

    def _find(self, clinic_id: str, expected_id: str) -> Item:
        readable = is_study_id(expected_id)
        item = self._table.get(expected_key(expected_id), owner=clinic(clinic_id)) if readable else None
        if item is None:
            raise NotFoundError("there is no such expected exam")
        return item

    def _save_together(self, clinic_id: str, exams: Sequence[ExpectedExam]) -> Counter[str]:
        """Write some exams in one transaction, and return what became of them."""
        sums: Counter[str] = Counter()
        touched: set[str] = set()

        def transaction() -> list[Write]:
            sums.clear()
            changes: list[_Change] = []
            items = self._table.batch_get([expected_key(exam.expected_id) for exam in exams])
            for exam, item in zip(exams, items, strict=True):
                known = read_expected(item) if item else None
                fate, wanted = settle(known, exam)
                sums[fate] += bool(fate)
                if stands := wanted or known:
                    touched.update(list_all_keys(self._ids, stands, item))
                if wanted is not None:
                    changes.append((item, wanted))
            return self._write(clinic_id, changes)

        write_anew(self._table, transaction, "expected exams")
        # Also where all stood so before: whoever wrote it may not have come this far.
        self._follow(touched)
        return sums

    def _write(self, clinic_id: str, changes: Sequence[_Change]) -> list[Write]:
        """Return the writes of exams and of the marks that name them, several of which may share one."""
        sharing: dict[str, list[ExpectedExam]] = {}
        for _, exam in changes:
            for key in list_own_keys(self._ids, exam):
                sharing.setdefault(key, []).append(exam)
        marks = self._table.batch_get([match_key(key, EXPECTED) for key in sharing])
        return [
            *(write_expected(self._ids, item, exam) for item, exam in changes),
            *(
                _write_mark(clinic_id, match_key(key, EXPECTED), mark, exams)
                for (key, exams), mark in zip(sharing.items(), marks, strict=True)
            ),
        ]

    def _follow(self, keys: Collection[str]) -> None:
        """Have the studies that came tell what is expected."""
        if studies := self._matches.list_studies(keys):
            self._standings.settle(self._matches.tell_images(studies))


def _write_mark(clinic_id: str, key: Item, mark: Item | None, exams: Sequence[ExpectedExam]) -> Write:
    """Return the write by which a mark names exams too, and lasts as long as any; it goes through as it was read."""
    before = mark or {}
    named = {exam.expected_id for exam in exams}
    known = list_expected(before)
    joins = len(known | named) <= MOST_EXPECTED
    lasting = {
        "expected_id": exams[-1].expected_id,
        "expires": max(before.get("expires", 0), *map(find_expiry, exams)),
    }
    return update(
        key,
        clinic(clinic_id),
        sets=lasting if joins else {**lasting, "exams": named},
        members={"exams": known | named} if joins else None,
        condition="expires = :before" if mark else "attribute_not_exists(pk)",
        values={":before": mark["expires"]} if mark else {},
        new=True,
    )


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


def _reminder_key(clinic_id: str) -> Item:
    return {"pk": f"REMINDER#{clinic_id}", "sk": META}
