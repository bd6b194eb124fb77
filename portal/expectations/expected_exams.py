"""Expected exams as a clinic's people and partners may see and change them: their own clinic's, and nobody else's."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from intake.errors import NotFoundError
from intake.expectations.lists import check_requests, read_list
from intake.expectations.model import (
    Attendance,
    ExpectedExam,
    Kept,
    ListError,
    Presence,
    Request,
    Source,
    make_id,
)
from intake.studies.board import GROWS, Standing, find_standing
from portal.audit import note
from portal.auth.identity import Identity
from portal.cursors import Cursor, seal_page
from portal.errors import MalformedListError
from portal.presentation.formatting import parse_day
from portal.services import Services


@dataclass(frozen=True, slots=True)
class ExpectedRow:
    """An expected exam, as it is shown."""

    attendance: Attendance
    presence: Presence
    standing: Standing | None
    """The state of the exam that came; None where none did."""

    @property
    def is_absent(self) -> bool:
        """Whether it should come, or should have come, and nothing of it did."""
        return self.presence in {Presence.EXPECTED, Presence.OVERDUE}

    @property
    def expected(self) -> ExpectedExam:
        return self.attendance.expected


@dataclass(frozen=True, slots=True)
class TakenList:
    """A list that was taken."""

    kept: Kept
    day: str
    """The first of its days, as `YYYYMMDD`."""


@dataclass(frozen=True, slots=True)
class ExpectedDay:
    """A page of a day's expected exams."""

    rows: tuple[ExpectedRow, ...]
    next: str | None
    hour: int
    """At which the clinic is told what did not come, in UTC."""


def choose_day(services: Services, text: str) -> str:
    """Return the day, as `YYYYMMDD`, that a text names as `YYYY-MM-DD`; today (UTC) for what names none."""
    return f"{parse_day(text) or services.clock():%Y%m%d}"


def take_list(services: Services, identity: Identity, text: str, day: str) -> TakenList:
    """Expect what a list names, in CSV or HL7; all of it or nothing. Raises MalformedListError."""
    try:
        source, requests = read_list(text, day)
    except ListError as error:
        raise MalformedListError(error.faults) from error
    return _save(services, identity, requests, source)


def expect(services: Services, identity: Identity, requests: Iterable[Request], day: str) -> TakenList:
    """Expect what a program names, all of it or nothing. Raises MalformedListError."""
    try:
        checked = check_requests(requests, day)
    except ListError as error:
        raise MalformedListError(error.faults) from error
    return _save(services, identity, checked, Source.API)


def read_day(services: Services, identity: Identity, day: str, cursor: Cursor, limit: int) -> ExpectedDay:
    """Return what a clinic expects on a day, by time, and what came of it. Raises InvalidCursorError."""
    clinic_id = identity.own_clinic()
    read = partial(services.expected.list_day, clinic_id, day, limit=limit)
    page = seal_page(services, identity, cursor, read, day=day)
    at = services.clock()
    reminder = services.reminders.read([clinic_id])[clinic_id]
    over = reminder.is_over(day, at)
    clinic = services.known_clinics.get(clinic_id)
    names = clinic is not None and clinic.shows_names
    rows = (
        ExpectedRow(
            _redact(attendance, names=names),
            attendance.find_presence(over=over),
            find_standing(attendance.study, at - GROWS) if attendance.study else None,
        )
        for attendance in page.rows
    )
    return ExpectedDay(tuple(rows), page.next, reminder.hour)


def count_expected(services: Services, identity: Identity, day: str, shown: ExpectedDay, cursor: Cursor) -> int:
    """Return how many exams of a day are expected and were not cancelled; asked for only where more pages are."""
    if cursor or shown.next:
        return services.expected.count_day(identity.own_clinic(), day)
    return sum(not row.expected.cancelled for row in shown.rows)


def cancel(services: Services, identity: Identity, expected_id: str, *, cancelled: bool = True) -> ExpectedRow:
    """Expect an exam no longer, or again. Raises NotFoundError."""
    clinic_id = identity.own_clinic()
    note(
        services,
        identity,
        "expected.cancel" if cancelled else "expected.restore",
        clinic_id=clinic_id,
        subject=expected_id if len(expected_id) <= 40 else "",
    )
    changed = Attendance(services.expected.cancel(clinic_id, expected_id, cancelled=cancelled))
    return ExpectedRow(changed, changed.find_presence(over=False), None)


def choose_hour(services: Services, identity: Identity, hour: int) -> None:
    clinic_id = identity.own_clinic()
    if not 0 <= hour <= 23:
        raise NotFoundError("there is no such hour")
    note(services, identity, "expected.hour", clinic_id=clinic_id, hour=str(hour))
    services.reminders.choose_hour(clinic_id, hour)


def _save(services: Services, identity: Identity, requests: Sequence[Request], source: Source) -> TakenList:
    clinic_id, at = identity.own_clinic(), services.clock()
    # Messages that take an order back often say its number and no day.
    undated = [request.exam for request in requests if _is_taken_back_by_number(request)]
    known = iter(services.expected.find_ids(clinic_id, undated) if undated else ())
    exams = []
    for request in requests:
        exam = replace(request.exam, patient_key=services.ids.patient(clinic_id, request.exam.patient_id))
        exams.append(
            ExpectedExam(
                clinic_id=clinic_id,
                expected_id=(next(known) if _is_taken_back_by_number(request) else None)
                or make_id(services.ids, clinic_id, exam, request.key),
                exam=exam,
                time=request.time,
                images=request.images,
                key=request.key,
                source=source,
                created_at=at,
                created_by=identity.subject,
                cancelled=request.cancels,
            )
        )
    note(services, identity, "expected.add", clinic_id=clinic_id, source=source.value, exams=str(len(exams)))
    return TakenList(services.expected.save(clinic_id, exams), min(exam.day for exam in exams))


def _is_taken_back_by_number(request: Request) -> bool:
    return request.cancels and not request.says_day and bool(request.exam.accession_number) and not request.key


def _redact(attendance: Attendance, *, names: bool) -> Attendance:
    if names:
        return attendance
    expected = attendance.expected
    return replace(attendance, expected=replace(expected, exam=replace(expected.exam, patient_name="")))
