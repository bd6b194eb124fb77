"""`/api/v1/studies`: what the accepted DICOM files of a clinic add up to."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import AliasChoices, BaseModel, BeforeValidator, Field

from intake.labels.model import LONGEST_LABEL, MOST_LABELS
from intake.studies.model import Label
from intake.studies.rules import find_gaps, findings
from portal.api.dependencies import Limit, Reader, Taker, Uploader
from portal.api.problem_responses import problem_responses
from portal.http.messages import Fields, select_fields
from portal.http.sessions.dependencies import Collaborators, PageCursor
from portal.retrieval.contents import open_study
from portal.retrieval.requests import ContentQuery
from portal.retrieval.responses import ContentPage
from portal.search import studies
from portal.search.files import Criteria
from portal.search.labels import replace_labels
from portal.uploads.requests import UPLOAD_ID, Request
from portal.uploads.responses import FindingView, Next

router = APIRouter(prefix="/api/v1/studies", tags=["studies"])

STUDY_UID = "1.2.840.113619.2.55.3.604688119"

Day = Annotated[
    str | None, Query(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$", examples=["2026-01-31"])
]

Sorted = Annotated[list[str], BeforeValidator(sorted)]


LabelText = Annotated[str, Field(max_length=4 * LONGEST_LABEL, examples=["Tumour board"])]


def _write_labels(labels: Sequence[Label | str]) -> list[str]:
    return [label.text if isinstance(label, Label) else label for label in labels]


def _write_preview(file_id: str | None) -> str | None:
    return file_id or None


PreviewFile = Annotated[
    str | None,
    BeforeValidator(_write_preview),
    Field(
        validation_alias=AliasChoices("preview_file_id", "preview"),
        description="The file that shows it, whose pictures are at `/api/v1/files/{file_id}/preview/{edge}`. It may "
        "have been deleted since.",
        examples=[f"{UPLOAD_ID}-00060"],
    ),
]


class SeriesView(BaseModel):
    """A series, of the files that were accepted so far."""

    series_uid: str = Field(examples=[f"{STUDY_UID}.1"])
    instances: int = Field(examples=[120])
    modalities: Sorted = Field(examples=[["CT"]])
    missing: list[tuple[int, int]] = Field(
        description="Instance numbers that are missing in between: first and last of each stretch.", examples=[[]]
    )
    preview_file_id: PreviewFile = None


class StudyRow(BaseModel):
    """A study in a list."""

    study_uid: str = Field(examples=[STUDY_UID])
    clinic_id: str = Field(examples=["northside"])
    instances: int = Field(description="Accepted files.", examples=[120])
    bytes: int = Field(examples=[63_406_080])
    modalities: Sorted = Field(examples=[["CT"]])
    study_dates: Sorted = Field(description="As the files say; one where all is well.", examples=[["20260131"]])
    uploads: Sorted = Field(description="Uploads that it came with, at most a hundred.", examples=[[UPLOAD_ID]])
    first_at: datetime = Field(description="When its first file was accepted.")
    last_at: datetime
    labels: Annotated[list[str], BeforeValidator(_write_labels)] = Field(
        description="What your clinic's people call it.", examples=[["Tumour board"]]
    )
    preview_file_id: PreviewFile = None


class StudyView(StudyRow):
    """A study with its series."""

    findings: list[FindingView] = Field(description="What no single file shows.")
    series: list[SeriesView]


class NewLabels(Request):
    """The labels that a study is to have."""

    labels: list[LabelText] = Field(
        max_length=MOST_LABELS,
        description=f"All of them, each of at most {LONGEST_LABEL} characters. No names or other data of patients.",
        examples=[["Tumour board"]],
    )
    replaces: list[LabelText] | None = Field(
        default=None,
        max_length=MOST_LABELS,
        description="Those that it has, as you read them: where it has others by now, nothing is changed.",
        examples=[[]],
    )


class Labels(BaseModel):
    """The labels of a study."""

    labels: Annotated[list[str], BeforeValidator(_write_labels)] = Field(examples=[["Tumour board"]])


class StudyList(BaseModel):
    """A page of studies."""

    studies: list[StudyRow]
    next: str | None = Next


@router.get(
    "",
    summary="List studies",
    response_model=StudyList,
    responses=problem_responses("invalid-cursor", "invalid-request"),
)
def index(  # noqa: PLR0917 - FastAPI calls it by keyword.
    identity: Reader,
    services: Collaborators,
    cursor: PageCursor,
    modality: Annotated[str, Query(pattern=r"^[A-Za-z0-9 _]{0,16}$", examples=["CT"])] = "",
    since: Day = None,
    until: Day = None,
    limit: Limit = 50,
    fields: Fields = None,
) -> BaseModel | Response:
    """List studies, those first that got a file last; with study dates, `since` and `until`, the newest first.

    A page may be short, or empty, and still have a `next`.
    """
    asked = Criteria(modality=modality, since=since or "", until=until or "")
    page = studies.list_studies(services, identity, asked, cursor, limit)
    rows = [StudyRow.model_validate(study, from_attributes=True) for study in page.rows]
    return select_fields(StudyList(studies=rows, next=page.next), fields)


@router.get(
    "/{study_uid}",
    summary="Read a study",
    response_model=StudyView,
    responses=problem_responses("not-found", "invalid-request"),
)
def read(study_uid: str, identity: Reader, services: Collaborators, fields: Fields = None) -> BaseModel | Response:
    """Read a study: its series, and what can be said of its completeness."""
    study, uploads = studies.read_study(services, identity, services.ids.study(identity.own_clinic(), study_uid))
    row = StudyRow.model_validate(study, from_attributes=True)
    told = [FindingView.model_validate(finding) for finding in findings(study, uploads)]
    series = [
        SeriesView(
            series_uid=one.series_uid,
            instances=one.instances,
            modalities=list(one.modalities),
            missing=find_gaps(one),
            preview_file_id=one.preview,
        )
        for one in sorted(study.series, key=lambda one: one.series_uid)
    ]
    return select_fields(StudyView(**row.model_dump(), findings=told, series=series), fields)


@router.put(
    "/{study_uid}/labels",
    summary="Label a study",
    responses=problem_responses("not-found", "conflict", "invalid-labels", "invalid-request", "malformed-body", "busy"),
)
def label(study_uid: str, body: NewLabels, identity: Uploader, services: Collaborators) -> Labels:
    """Give a study these labels and no others. Once more changes nothing.

    They show on the portal's board of exams, which can be narrowed to one. A label that your clinic has but for capital
    letters is that label. With `replaces`, two who change them at once cannot undo each other's change: the second is
    answered 409, and reads them again.
    """
    found = replace_labels(services, identity, study_uid, body.labels, body.replaces)
    return Labels.model_validate({"labels": found})


@router.post(
    "/{study_uid}/content",
    summary="Take out a study",
    responses=problem_responses("not-found", "invalid-cursor", "invalid-request"),
)
def content(study_uid: str, identity: Taker, services: Collaborators, cursor: PageCursor) -> ContentPage:
    """Return where the files of a study are had: a page of them, in the study's own order.

    The first page is noted in the audit log; `next` and `here` belong to it, and are good for a day.
    """
    study_id = services.ids.study(identity.own_clinic(), study_uid)
    return open_study(services, identity, study_id, ContentQuery(), cursor)
