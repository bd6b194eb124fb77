"""The study board: what an exam's row tells, in which state it is, and what is asked of the board."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from intake.files.model import Finding
from intake.files.outcomes import Page
from intake.studies.model import Label, Study
from intake.studies.rules import BY_CODE, NUMBERS_REPEATED, PATIENT_DIFFERS

GROWS = timedelta(minutes=10)
"""For how long after its last file an exam may still be on its way."""


class Standing(StrEnum):
    """The one state of an exam. The first that holds is shown."""

    PROBLEM = "problem"
    """Files of it were rejected or failed, or its files contradict each other."""
    GROWING = "growing"
    """A file came within the last ten minutes: what is missing may be on its way."""
    MISSING = "missing"
    """Its instance numbers have gaps, or fewer images came than were expected."""
    COMPLETE = "complete"


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardQuery:
    """What exams are looked for by; all that is given must hold. A clinic id of None means all: for admins only."""

    clinic_id: str | None
    growing_since: datetime
    """Exams whose last file is not older are growing."""
    text: str = ""
    """How a word of the patient's name, the accession number or a word of the description begins; or a Patient ID."""
    patient_key: str = ""
    """As `KeyedIds.patient` makes it."""
    modality: str = ""
    first_date: str = ""
    """`YYYYMMDD`: the earliest study date."""
    last_date: str = ""
    label: str = ""
    """Of the clinic's own, by its id."""
    standing: Standing | None = None
    by_date: bool = False
    """By study date, the latest first, and not by the last file; what grows is listed by its last file only."""
    counted: bool = False
    """Whether the page tells how many exams of the clinic are in each state, and which labels they carry. A search by
    text tells nothing of it."""


@dataclass(frozen=True, slots=True)
class BoardPage(Page[Study]):
    """Exams, and what stands above a clinic's board."""

    counts: Mapping[Standing, int] | None = None
    """How many are in each state; of those that grow, at most about a thousand are told. None where nobody asked."""
    labels: tuple[Label, ...] = ()
    """The labels that the clinic's exams carry, by their texts, where somebody asked."""


class StudyBoard(Protocol):
    """Exams as a clinic's people see them. Each page costs the same number of reads, however many exams there are."""

    def exams(self, query: BoardQuery, after: str | None, limit: int) -> BoardPage:
        """Return exams, also those of which every file was rejected. Raises InvalidCursorError.

        Those first that received a file last; by study date, the latest first, where that or a date, a modality, a
        label or a patient is asked for; by what was found where a text is. A page may be short, as one of
        `Search.files`.
        """
        ...

    def exam(self, clinic_id: str | None, study_id: str) -> Study:
        """Return an exam with its series, also one of which every file was rejected. Raises NotFoundError."""
        ...


def find_standing(study: Study, growing_since: datetime | None = None) -> Standing | None:
    """Return the state of an exam; without a moment, as it is when it grows no more. None where nothing is left of it.

    The list of a study is kept by the second; by the first, what it shows.
    """
    if not (study.instances or study.rejected):
        return None
    if study.rejected or list_problems(study):
        return Standing.PROBLEM
    if growing_since is not None and study.seen_at >= growing_since:
        return Standing.GROWING
    return Standing.MISSING if study.missing else Standing.COMPLETE


def list_problems(study: Study) -> tuple[Finding, ...]:
    """Return what the files of an exam contradict each other in."""
    found = [PATIENT_DIFFERS] if len(study.patients) > 1 else []
    found += [BY_CODE[code] for code in sorted(study.marks)]
    return (*found, NUMBERS_REPEATED) if study.repeated else tuple(found)
