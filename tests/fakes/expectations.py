"""What clinics expect, matched with what the one fake table holds."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from intake.errors import NotFoundError
from intake.expectations.model import Attendance, ExpectedExam, Kept, Reminder, settle
from intake.files.keys import normalise_patient_id
from intake.files.outcomes import Page
from intake.studies.exams import Exam
from tests.fakes.search import FakeStudies, call_roll
from tests.fakes.table import FakeTable, page_of


@dataclass
class FakeExpectedExams:
    """Keeps exams by their ids; a study is found by the keys that both have."""

    table: FakeTable = field(default_factory=FakeTable)

    @property
    def kept(self) -> dict[str, ExpectedExam]:
        return self.table.expected

    def save(self, clinic_id: str, exams: Sequence[ExpectedExam]) -> Kept:
        sums: Counter[str] = Counter()
        for exam in {exam.expected_id: exam for exam in exams}.values():
            fate, wanted = settle(self.kept.get(exam.expected_id), exam)
            sums[fate] += bool(fate)
            if wanted is not None:
                self.kept[exam.expected_id] = wanted
        return Kept(**+sums)

    def list_day(self, clinic_id: str, day: str, after: str | None, limit: int) -> Page[Attendance]:
        rows = [exam for exam in self._of(clinic_id) if exam.day == day]
        rows.sort(key=lambda exam: (exam.time or "~", exam.expected_id))
        page = page_of(rows, "expected", after, limit)
        roll = call_roll(self.table, FakeStudies(self.table).seen().values())
        return Page(tuple(Attendance(exam, roll.find_study(exam.expected_id)) for exam in page.rows), page.next)

    def count_day(self, clinic_id: str, day: str) -> int:
        return sum(exam.day == day and not exam.cancelled for exam in self._of(clinic_id))

    def find_ids(self, clinic_id: str, exams: Sequence[Exam]) -> list[str | None]:
        known = {normalise_patient_id(one.exam.accession_number): one.expected_id for one in self._of(clinic_id)}
        return [
            known.get(number) if (number := normalise_patient_id(exam.accession_number)) else None for exam in exams
        ]

    def cancel(self, clinic_id: str, expected_id: str, *, cancelled: bool = True) -> ExpectedExam:
        known = self.kept.get(expected_id)
        if known is None or known.clinic_id != clinic_id:
            raise NotFoundError(expected_id)
        self.kept[expected_id] = replace(known, cancelled=cancelled)
        return self.kept[expected_id]

    def _of(self, clinic_id: str) -> list[ExpectedExam]:
        return [exam for exam in self.kept.values() if exam.clinic_id == clinic_id]


@dataclass
class FakeReminders:
    """Keeps what each clinic chose, and for which day it was told."""

    kept: dict[str, Reminder] = field(default_factory=dict)

    def read(self, clinic_ids: Sequence[str]) -> Mapping[str, Reminder]:
        return {clinic_id: self.kept.get(clinic_id, Reminder()) for clinic_id in clinic_ids}

    def choose_hour(self, clinic_id: str, hour: int) -> None:
        self.kept[clinic_id] = replace(self.kept.get(clinic_id, Reminder()), hour=hour)

    def note_told(self, clinic_id: str, day: str) -> None:
        self.kept[clinic_id] = replace(self.kept.get(clinic_id, Reminder()), told_day=day)
