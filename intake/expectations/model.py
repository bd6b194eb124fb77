"""An exam that is expected, what became of it, and when a clinic is told which did not come."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from intake.errors import ScalperError
from intake.files.keys import KeyedIds, normalise_patient_id
from intake.phrases import Phrase
from intake.studies.exams import Exam
from intake.studies.model import Study

MOST_EXAMS = 2000
"""Of one list, and so of one request."""

MOST_IMAGES = 100_000
"""That an exam may be expected to have."""

USUAL_HOUR = 18
"""At which a clinic is told that has chosen no other, in UTC."""

EARLY = 6
"""Hours before this one are of the night behind a day, and not of its morning: the evening of clinics in America."""

KEPT = timedelta(days=90)
"""For how long behind its day an expected exam is kept."""


class Source(StrEnum):
    """How an exam came to be expected."""

    LIST = "list"
    HL7 = "hl7"
    API = "api"


class Presence(StrEnum):
    """What became of an expected exam."""

    EXPECTED = "expected"
    ARRIVED = "arrived"
    OVERDUE = "did_not_come"
    """Nothing of it came by the hour at which the clinic is told."""
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedExam:
    """An exam that a clinic expects. Nothing of the patient is told by `repr`, nor so by a log."""

    clinic_id: str
    expected_id: str
    """As `make_id` makes it: the same exam expected again has the same."""
    exam: Exam
    """Its study date is the day on which it is expected."""
    time: str = ""
    """`HHMM`, as the list writes it, of whatever time zone; empty where nobody said."""
    images: int | None = None
    """How many are expected; None where nobody said."""
    key: str = field(default="", repr=False)
    """What the caller knows it by."""
    source: Source = Source.LIST
    created_at: datetime
    created_by: str
    cancelled: bool = False

    @property
    def day(self) -> str:
        """`YYYYMMDD`."""
        return self.exam.study_date


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A line of a list: an exam to expect, or to expect no longer."""

    exam: Exam
    """Without a patient's key; its study date is the day."""
    place: Phrase
    """Where it stands: `line 3`, `message 2`, `exam 1`."""
    time: str = ""
    images: int | None = None
    key: str = field(default="", repr=False)
    cancels: bool = False
    says_day: bool = True
    """Whether the day is its own, and not that of its list."""


@dataclass(frozen=True, slots=True)
class ListFault:
    """What is wrong with a list, and what to do about it. No value of the list is in it."""

    place: Phrase
    problem: Phrase


class ListError(ScalperError):
    """Raised for a list that cannot be taken. Nothing of it was."""

    def __init__(self, faults: tuple[ListFault, ...]) -> None:
        super().__init__("the list cannot be read")
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of a list's exams."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0
    cancelled: int = 0
    still_cancelled: int = 0
    """Exams that were cancelled, and stay so although they came again."""


@dataclass(frozen=True, slots=True)
class Attendance:
    """An expected exam and what came of it."""

    expected: ExpectedExam
    study: Study | None = None

    @property
    def patient_differs(self) -> bool:
        """Whether what came states another Patient ID than was expected: its accession number may be another's, too."""
        came = self.study.exam.patient_key if self.study else ""
        return "" not in {came, self.expected.exam.patient_key} and came != self.expected.exam.patient_key

    def find_presence(self, *, over: bool) -> Presence:
        """Return what became of it; `over` says whether it should have come by now."""
        if self.study is not None:
            return Presence.ARRIVED
        if self.expected.cancelled:
            return Presence.CANCELLED
        return Presence.OVERDUE if over else Presence.EXPECTED


@dataclass(frozen=True, slots=True)
class Reminder:
    """When a clinic is told which exams did not come, and for which day it last was."""

    hour: int = USUAL_HOUR
    """0 to 23, UTC. One before `EARLY` is of the night behind the day."""
    told_day: str = ""

    def find_last(self, at: datetime) -> datetime:
        """Return the last moment at which the clinic was to be told."""
        today = at.replace(hour=self.hour, minute=0, second=0, microsecond=0)
        return today if today <= at else today - timedelta(days=1)

    def find_day(self, at: datetime) -> str:
        """Return the last day (`YYYYMMDD`) of which everything should have come by now."""
        return f"{self.find_last(at) - timedelta(days=self.hour < EARLY):%Y%m%d}"

    def is_over(self, day: str, at: datetime) -> bool:
        """Say whether what was expected on a day should have come by now."""
        return day <= self.find_day(at)


def make_id(ids: KeyedIds, clinic_id: str, exam: Exam, key: str) -> str:
    """Return an expected exam's id, which follows from its day and the caller's key, or else the accession number.

    Without either it follows from patient and modality.
    """
    accession = normalise_patient_id(exam.accession_number)
    known_by = ("key", key) if key else ("accession", accession) if accession else (exam.patient_key, exam.modality)
    return ids.exam(clinic_id, "expected", exam.study_date, *known_by)


def settle(known: ExpectedExam | None, given: ExpectedExam) -> tuple[str, ExpectedExam | None]:
    """Return what becomes of an exam that is given, and how it is written; None where nothing is."""
    if known is None:
        return ("", None) if given.cancelled else ("created", given)
    if given.cancelled:
        return ("unchanged", None) if known.cancelled else ("cancelled", replace(known, cancelled=True))
    if known.cancelled:
        return "still_cancelled", None
    same = replace(given, source=known.source, created_at=known.created_at, created_by=known.created_by)
    return ("unchanged", None) if same == known else ("changed", same)
