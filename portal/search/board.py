"""The study board as somebody may see it: a clinic's exams, in which state each is, and a patient's.

Names of patients are told to the clinic's own people, where the clinic does not hide them; admins are told nothing of
whose an exam is (45 CFR 164.502(b), the minimum necessary).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from intake.errors import NotFoundError
from intake.files.model import Finding
from intake.studies.board import GROWS, BoardQuery, Standing, find_standing, list_problems
from intake.studies.exams import Exam
from intake.studies.model import Label, Study
from portal.auth.identity import Identity
from portal.cursors import Cursor, seal_page
from portal.search.files import Criteria
from portal.search.labels import hide_labels
from portal.services import Services

_DIGEST = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class ExamRow:
    """An exam, as it is shown."""

    study: Study
    exam: Exam
    standing: Standing
    problems: tuple[Finding, ...]
    """What its files contradict each other in."""


@dataclass(frozen=True, slots=True)
class Board:
    """A page of exams."""

    rows: tuple[ExamRow, ...]
    next: str | None
    counts: Mapping[Standing, int] | None
    """How many exams are in each state; None where they are searched, or everybody's."""
    labels: tuple[Label, ...] = ()
    """Those that the clinic has in use; for its own people."""

    @property
    def total(self) -> int:
        return sum((self.counts or {}).values())


def read_board(services: Services, identity: Identity, asked: Criteria, cursor: Cursor, limit: int) -> Board:
    """Return exams by what is asked for: a clinic's, or for admins one's or everybody's. Raises InvalidCursorError."""
    clinic_id, since = identity.clinic_id or asked.clinic or None, services.clock() - GROWS
    query = BoardQuery(
        clinic_id=clinic_id,
        growing_since=since,
        text=asked.text,
        patient_key=services.ids.patient(clinic_id, asked.patient) if clinic_id else "",
        modality=asked.modality if clinic_id else "",
        first_date=asked.since.replace("-", "") if clinic_id else "",
        last_date=asked.until.replace("-", "") if clinic_id else "",
        label=asked.label,
        standing=Standing(asked.tab) if asked.tab and clinic_id else None,
        by_date=asked.sort == "date",
        counted=not asked.searches_exams,
    )
    read = partial(services.board.exams, query, limit=limit)
    page = seal_page(services, identity, cursor, read, **asked.to_dict())
    rows = _tell_exams(services, identity, page.rows, since)
    labels = page.labels
    if not identity.is_admin and not query.counted:
        labels = services.study_labels.of_clinic(identity.own_clinic())
    return Board(rows, page.next, page.counts, () if identity.is_admin else labels)


def read_patient(services: Services, identity: Identity, digest: str, cursor: Cursor, limit: int) -> Board:
    """Return a patient's exams, by study date, the latest first. Raises NotFoundError, InvalidCursorError."""
    clinic_id, since = identity.own_clinic(), services.clock() - GROWS
    if not _DIGEST.fullmatch(digest):
        raise NotFoundError("there is no such patient")
    query = BoardQuery(clinic_id=clinic_id, growing_since=since, patient_key=f"{clinic_id}#{digest}")
    page = seal_page(services, identity, cursor, partial(services.board.exams, query, limit=limit))
    if not (page.rows or cursor):
        raise NotFoundError("there is no such patient")
    return Board(_tell_exams(services, identity, page.rows, since), page.next, None)


def _tell_exams(
    services: Services, identity: Identity, studies: tuple[Study, ...], since: datetime
) -> tuple[ExamRow, ...]:
    known = services.known_clinics.get(identity.clinic_id) if identity.clinic_id else None
    names = known is not None and known.shows_names
    return tuple(
        ExamRow(
            hide_labels(identity, study), _redact(identity, study.exam, names=names), standing, list_problems(study)
        )
        for study in studies
        if (standing := find_standing(study, since))
    )


def _redact(identity: Identity, exam: Exam, *, names: bool) -> Exam:
    if identity.is_admin:
        return Exam(modality=exam.modality, study_date=exam.study_date)
    return exam if names else replace(exam, patient_name="")
