"""The board of exams, and each study's page."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Self

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from intake.files.model import Finding, Upload
from intake.files.states import State
from intake.files.upload_state import count_missing_so_far
from intake.labels.model import (
    LONGEST_LABEL,
    MOST_LABELS,
    LabelError,
    LabelsFullError,
    LabelTextError,
    TooManyLabelsError,
)
from intake.languages import mark
from intake.studies.board import Standing
from intake.studies.model import LIMITS, Series
from intake.studies.rules import find_gaps, find_stretches
from portal.auth.identity import Identity
from portal.cursors import Cursor
from portal.http.pages.rendering import render
from portal.http.sessions.dependencies import Collaborators, PageCursor
from portal.presentation.languages import gettext
from portal.retrieval.contents import open_study
from portal.retrieval.requests import ContentQuery
from portal.retrieval.responses import ContentPage
from portal.search import studies as seen
from portal.search.board import read_board
from portal.search.labels import add_label, remove_label
from portal.services import Services
from portal.web.clinic.search_form import Searched, lead_to_search
from portal.web.layout.facts import list_facts
from portal.web.layout.pages import Fields, Staff, build_page_links, see_other

router = APIRouter(prefix="/studies")

BOARD = 25
"""Exams a page."""
LIST = 50
"""Files a page."""

TABS = (Standing.MISSING, Standing.GROWING, Standing.PROBLEM, Standing.COMPLETE)
"""In the order in which they ask for somebody."""

LABEL_FAULTS = {
    LabelTextError: mark("Enter a label of 1 to 40 characters."),
    TooManyLabelsError: mark("This exam has 5 labels, which is the most. Remove one first."),
    LabelsFullError: mark("Your clinic uses 50 different labels, which is the most. Choose one of these instead."),
}

STRETCHES = 8
"""Stretches of instance numbers that are written out."""


@dataclass(frozen=True, slots=True)
class Tab:
    """A state of exams, or all, and how many there are."""

    standing: Standing | None
    count: int


@dataclass(frozen=True, slots=True)
class SeriesRow:
    """A series, and what its instance numbers tell."""

    series: Series
    numbers: str
    missing: str
    repeated: int
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Share:
    """What an upload says of how much was to come."""

    upload: Upload
    accepted: int
    rejected: int
    failed: int
    missing: int
    waiting: int

    @classmethod
    def from_upload(cls, upload: Upload) -> Self:
        counts = upload.counts
        return cls(
            upload,
            accepted=counts.get(State.ACCEPTED, 0),
            rejected=counts.get(State.REJECTED, 0) + counts.get(State.DELETED, 0),
            failed=counts.get(State.FAILED, 0),
            missing=count_missing_so_far(upload),
            waiting=upload.waiting,
        )


@router.get("")
def studies_page(
    request: Request, identity: Staff, services: Collaborators, cursor: PageCursor, wanted: Searched
) -> Response:
    """Show the board of exams, by what the address asks for. Raises InvalidCursorError."""
    asked = wanted.asked
    page = read_board(services, identity, asked, cursor, BOARD)
    counts = page.counts or {}
    staff = identity.clinic_id is not None and page.counts is not None
    today = f"{services.clock():%Y%m%d}"
    return render(
        request,
        "studies.html",
        rows=page.rows,
        tabs=[Tab(None, page.total), *(Tab(one, counts.get(one, 0)) for one in TABS)]
        if page.counts is not None
        else [],
        expected=services.expected.count_day(identity.own_clinic(), today) if staff else None,
        searched=asked.searches_exams,
        labels=page.labels,
        **wanted.build_context(services, identity),
        **build_page_links("/studies", cursor, page.next, **wanted.query),
    )


@router.post("/search")
def search(identity: Staff, services: Collaborators, fields: Fields) -> Response:
    return lead_to_search("/studies", services, identity, fields)


@router.get("/{study_id}")
def study_page(
    request: Request,
    identity: Staff,
    services: Collaborators,
    *,
    study_id: str,
    cursor: PageCursor,
    series: Annotated[str, Query(pattern=r"^[0-9a-z]{26}$|^$")] = "",
) -> Response:
    """Show a study, with all its files or those of one series. Raises NotFoundError, InvalidCursorError."""
    return _render_study(request, identity, services, study_id, cursor, series=series)


@router.get("/{study_id}/view")
def viewer_page(
    request: Request,
    identity: Staff,
    services: Collaborators,
    study_id: str,
    series: Annotated[str, Query(pattern=r"^[0-9a-z]{26}$|^$")] = "",
) -> Response:
    """Show the viewer of a study's images. Raises NotFoundError, ClinicError."""
    study = services.studies.study(identity.own_clinic(), study_id)
    request.state.runs_wasm = True
    rows = sorted(study.series, key=lambda one: (len(one.series_uid), one.series_uid))
    return render(request, "viewer.html", study=study, series=rows, chosen=series)


@router.post("/{study_id}/labels")
def change_labels(
    request: Request, identity: Staff, services: Collaborators, study_id: str, fields: Fields
) -> Response:
    """Put a label on an exam, or take one off. Raises NotFoundError, ClinicError."""
    try:
        if label_id := fields.get("without", ""):
            remove_label(services, identity, study_id, label_id)
        else:
            add_label(services, identity, study_id, fields.get("label", ""))
    except LabelError as refused:
        told = next(words for kind, words in LABEL_FAULTS.items() if isinstance(refused, kind))
        faulty = {"fault": gettext(told), "entered": fields.get("label", "")}
        return _render_study(request, identity, services, study_id, Cursor(f"/studies/{study_id}"), **faulty)
    return see_other(f"/studies/{study_id}#labels")


@router.post("/{study_id}/content")
def list_content(
    identity: Staff, services: Collaborators, study_id: str, body: ContentQuery, cursor: PageCursor
) -> ContentPage:
    """Return a page of what is taken out. Raises NotFoundError, InvalidCursorError, ClinicError for admins."""
    return open_study(services, identity, study_id, body, cursor)


def _render_study(
    request: Request,
    identity: Identity,
    services: Services,
    study_id: str,
    cursor: Cursor,
    *,
    series: str = "",
    fault: str = "",
    entered: str = "",
) -> Response:
    page = seen.read_study_page(services, identity, study_id, series_id=series, cursor=cursor, limit=LIST)
    of_series = {row.series.series_id: row for row in _list_series(page)}
    chosen = {"series": series} if series in of_series else {}
    return render(
        request,
        "study.html",
        status=422 if fault else 200,
        fault=fault,
        entered=entered,
        labels=() if identity.is_admin else services.study_labels.of_clinic(page.study.clinic_id),
        longest_label=LONGEST_LABEL,
        most_labels=MOST_LABELS,
        study=page.study,
        findings=[found for found in page.findings if not found.where],
        series=list(of_series.values()),
        chosen=of_series.get(series),
        shares=[Share.from_upload(upload) for upload in page.uploads],
        patient=list_facts(page.patient),
        files=page.files.rows,
        **build_page_links(f"/studies/{study_id}", cursor, page.files.next, **chosen),
    )


def _list_series(page: seen.StudyPage) -> Iterable[SeriesRow]:
    for series in sorted(page.study.series, key=lambda one: (len(one.series_uid), one.series_uid)):
        where = f"series {series.series_uid}"
        yield SeriesRow(
            series=series,
            numbers=_write_stretches(find_stretches(series)),
            missing=_write_stretches(find_gaps(series)) if len(series.numbers) < LIMITS["numbers"] else "",
            repeated=seen.count_repeated(series) if len(series.numbers) < LIMITS["numbers"] else 0,
            findings=tuple(found for found in page.findings if found.where == where),
        )


def _write_stretches(stretches: list[tuple[int, int]]) -> str:
    """Write stretches of numbers: `1 to 120, 122`."""
    told = [
        str(first) if first == last else gettext("{first} to {last}").format(first=first, last=last)
        for first, last in stretches[:STRETCHES]
    ]
    return ", ".join([*told, gettext("and more")] if len(stretches) > STRETCHES else told)
