"""`/api/v1/expected-exams`: say which exams are to come, and see which did."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AfterValidator, BaseModel, Field, model_validator

from intake.expectations import facts
from intake.expectations.lists import LONGEST_LIST
from intake.expectations.model import MOST_EXAMS, MOST_IMAGES, ListFault, Presence
from intake.expectations.model import Request as ExamRequest
from intake.phrases import Phrase
from intake.studies.exams import Exam
from portal.api.dependencies import Limit, Reader, Uploader
from portal.api.problem_responses import problem_responses
from portal.errors import MalformedListError
from portal.expectations import expected_exams
from portal.expectations.expected_exams import ExpectedRow
from portal.http.sessions.dependencies import Collaborators, PageCursor
from portal.uploads.requests import WHOLE, Request
from portal.uploads.responses import Next

router = APIRouter(prefix="/api/v1/expected-exams", tags=["expected_exams"])

DAY = r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"
STUDY_UID = "1.2.840.113619.2.55.3.604688119"
EXPECTED_ID = "5x1c3e7gk2m4npq6r8stvw9yza"

Text = Annotated[str, Field(max_length=facts.LONGEST)]
Day = Annotated[str, Field(pattern=DAY, examples=["2026-01-31"])]


def _check_day(text: str) -> str:
    facts.read_day(text)
    return text


Existing = AfterValidator(_check_day)
"""Refuses a day that there is not, such as 30 February: it is not to be taken for none, and so for today."""


class NewExam(Request):
    """An exam that is to come. By it is known which: `key`, or the accession number, or patient and modality."""

    key: Text = Field(default="", description="Your own, such as the order's number.", examples=["order-4711"])
    accession_number: Text = Field(default="", examples=["ACC-77"])
    patient_id: Text = Field(default="", examples=["TEST-1"])
    patient_name: Text = Field(default="", description="Shown to your clinic's own people.", examples=["Example^Nora"])
    modality: Text = Field(default="", examples=["CT"])
    description: Text = Field(default="", examples=["CT Thorax"])
    day: Day | None = Field(default=None, description="Without it, the day of the request.", examples=["2026-01-31"])
    time: str = Field(
        default="", pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9])?$", description="Where you are.", examples=["09:30"]
    )
    images: Annotated[int, Field(strict=True, ge=1, le=MOST_IMAGES), WHOLE] | None = Field(
        default=None, description="How many are to come: what is missing of them is told.", examples=[60]
    )
    cancelled: bool = Field(default=False, description="Whether it is to come no longer.")


class NewExams(Request):
    """A day's list: as `exams`, or as `list` in CSV or HL7 v2 (ORM, OMI, SIU)."""

    exams: list[NewExam] = Field(default=[], max_length=MOST_EXAMS)
    list: str = Field(
        default="",
        max_length=LONGEST_LIST,
        description="CSV whose first line names the columns, or messages; as the portal's page takes it.",
        examples=["Accession number;Patient ID;Modality;Date;Images\nACC-77;TEST-1;CT;2026-01-31;60"],
    )
    day: Annotated[Day, Existing] | None = Field(
        default=None, description="Of those that name none; without it, today (UTC).", examples=["2026-01-31"]
    )

    @model_validator(mode="after")
    def _one_of_them(self) -> "NewExams":
        if bool(self.exams) is bool(self.list):
            raise ValueError("give `exams` or `list`, and not both")
        return self


class Taken(BaseModel):
    """What became of a list. All of it was taken."""

    created: int = Field(examples=[12])
    changed: int = Field(examples=[0])
    unchanged: int = Field(description="Those that stood so already.", examples=[0])
    cancelled: int = Field(examples=[0])
    still_cancelled: int = Field(
        description="Those that were cancelled before and stay so, although they came again.", examples=[0]
    )


class ExpectedView(BaseModel):
    """An expected exam, and what came of it."""

    expected_id: str = Field(examples=[EXPECTED_ID])
    key: str = Field(examples=["order-4711"])
    accession_number: str = Field(examples=["ACC-77"])
    patient_id: str = Field(examples=["TEST-1"])
    modality: str = Field(examples=["CT"])
    day: str = Field(examples=["2026-01-31"])
    time: str = Field(examples=["09:30"])
    images: int | None = Field(description="How many are to come, where you said so.", examples=[60])
    state: Presence = Field(
        description="`did_not_come` from the hour on at which your clinic wants to be told.", examples=["arrived"]
    )
    study_uid: str | None = Field(description="Of the study that came.", examples=[STUDY_UID])
    patient_differs: bool = Field(
        description="Whether the study states another Patient ID than you did: look before you rely on it.",
        examples=[False],
    )
    instances: int = Field(description="Accepted files of it.", examples=[57])
    missing: int = Field(description="How many of the images are not there.", examples=[3])


class ExpectedList(BaseModel):
    """A page of a day's expected exams, by time."""

    exams: list[ExpectedView]
    next: str | None = Next


@router.post(
    "",
    summary="Expect exams",
    responses=problem_responses("malformed-list", "invalid-request", "malformed-body", "body-too-large", "busy"),
)
def create(body: NewExams, identity: Uploader, services: Collaborators) -> Taken:
    """Say which exams are to come: all of them are taken, or none.

    The same again changes nothing: an exam is known by its day and your `key`, or else its accession number, or else
    its Patient ID and modality. What came is found by the accession number, or else by Patient ID, modality and day.
    """
    day = expected_exams.choose_day(services, body.day or "")
    if body.list:
        taken = expected_exams.take_list(services, identity, body.list, day)
    else:
        taken = expected_exams.expect(services, identity, _read_exams(body.exams), day)
    return Taken.model_validate(taken.kept, from_attributes=True)


@router.get("", summary="List expected exams", responses=problem_responses("invalid-cursor", "invalid-request"))
def index(
    identity: Reader,
    services: Collaborators,
    cursor: PageCursor,
    day: Annotated[Annotated[Day, Existing] | None, Query(examples=["2026-01-31"])] = None,
    limit: Limit = 50,
) -> ExpectedList:
    """List what is expected on a day (without one, today in UTC), by time, and which of it came."""
    page = expected_exams.read_day(services, identity, expected_exams.choose_day(services, day or ""), cursor, limit)
    return ExpectedList(exams=[_show_exam(row) for row in page.rows], next=page.next)


@router.post("/{expected_id}/cancel", summary="Cancel an expected exam", responses=problem_responses("not-found"))
def cancel(expected_id: str, identity: Uploader, services: Collaborators) -> ExpectedView:
    """Expect an exam no longer. Once more changes nothing."""
    return _show_exam(expected_exams.cancel(services, identity, expected_id))


def _read_exams(exams: list[NewExam]) -> list[ExamRequest]:
    """Raises MalformedListError."""
    found: list[ExamRequest] = []
    faults: list[ListFault] = []
    for number, one in enumerate(exams, 1):
        place = Phrase("exam {number}", number=str(number))
        try:
            found.append(_read_exam(one, place))
        except ValueError as error:
            faults.append(ListFault(place, Phrase("a value cannot be read: {why}", why=error.args[0])))
    if faults:
        raise MalformedListError(faults)
    return found


def _read_exam(given: NewExam, place: Phrase) -> ExamRequest:
    """Raises ValueError, which tells no value."""
    exam = Exam(
        patient_name=facts.read_text(given.patient_name.strip()),
        patient_id=facts.read_text(given.patient_id.strip()),
        accession_number=facts.read_text(given.accession_number.strip()),
        description=facts.read_text(given.description.strip()),
        modality=facts.read_modality(given.modality.strip()),
        study_date=facts.read_day(given.day) if given.day else "",
    )
    key = facts.read_text(given.key.strip())
    time = facts.read_time(given.time)
    return ExamRequest(exam=exam, place=place, time=time, images=given.images, key=key, cancels=given.cancelled)


def _show_exam(row: ExpectedRow) -> ExpectedView:
    expected, study = row.expected, row.attendance.study
    day, time = expected.day, expected.time
    return ExpectedView(
        expected_id=expected.expected_id,
        key=expected.key,
        accession_number=expected.exam.accession_number,
        patient_id=expected.exam.patient_id,
        modality=expected.exam.modality,
        day=f"{day[:4]}-{day[4:6]}-{day[6:]}",
        time=f"{time[:2]}:{time[2:]}" if time else "",
        images=expected.images,
        state=row.presence,
        study_uid=study.study_uid if study else None,
        patient_differs=row.attendance.patient_differs,
        instances=study.instances if study else 0,
        missing=study.missing if study else (expected.images or 0),
    )
