"""What others ask of the expected exams."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from intake.expectations.model import Attendance, ExpectedExam, Kept, Reminder
from intake.files.outcomes import Page
from intake.studies.exams import Exam


class ExpectedExams(Protocol):
    """Exams that are expected, clinic by clinic. No method tells or changes anything of another clinic's."""

    def save(self, clinic_id: str, exams: Sequence[ExpectedExam]) -> Kept:
        """Keep exams of the clinic; those that stand so already are left alone, and cancelled ones stay cancelled.

        An exam that is given as cancelled is cancelled where it is known, and else left out.
        """
        ...

    def list_day(self, clinic_id: str, day: str, after: str | None, limit: int) -> Page[Attendance]:
        """Return what is expected on a day (`YYYYMMDD`), by time, and what came. Raises InvalidCursorError.

        Each page costs the same number of reads, however many exams there are; a study is told without its series.
        """
        ...

    def count_day(self, clinic_id: str, day: str) -> int:
        """Return how many exams of a day are expected and were not cancelled, of at most about a thousand."""
        ...

    def find_ids(self, clinic_id: str, exams: Sequence[Exam]) -> list[str | None]:
        """Return the ids of what is expected under exams' accession numbers, on whatever day; None for nothing.

        Of several, it is the one that was written last.
        """
        ...

    def cancel(self, clinic_id: str, expected_id: str, *, cancelled: bool = True) -> ExpectedExam:
        """Have an exam be expected no longer, or again; as often as is asked. Raises NotFoundError."""
        ...


class Reminders(Protocol):
    """When each clinic is told which exams did not come."""

    def read(self, clinic_ids: Sequence[str]) -> Mapping[str, Reminder]:
        """Return the reminder of each clinic."""
        ...

    def choose_hour(self, clinic_id: str, hour: int) -> None:
        """Have the clinic be told at that hour, 0 to 23 in UTC."""
        ...

    def note_told(self, clinic_id: str, day: str) -> None:
        """Note that a clinic needs to be told nothing more of a day."""
        ...
