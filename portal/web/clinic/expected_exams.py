"""What the clinic expects on a day: its list, what came of it, and the form that a list is pasted into."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response

from intake.expectations.lists import EXAMPLE
from intake.expectations.model import EARLY, ListFault
from intake.phrases import Phrase
from portal.auth.identity import Identity
from portal.cursors import Cursor
from portal.errors import MalformedListError
from portal.expectations import expected_exams
from portal.http.pages.rendering import render
from portal.http.sessions.dependencies import Collaborators, PageCursor
from portal.services import Services
from portal.web.layout.pages import Fields, Staff, build_address, build_page_links, see_other

router = APIRouter(prefix="/expected")

LIST = 50
"""Exams a page."""

Count = Annotated[int | None, Query(ge=0, le=99_999)]


@router.get("")
def expected_page(  # noqa: PLR0917 - FastAPI calls it by keyword.
    request: Request,
    identity: Staff,
    services: Collaborators,
    cursor: PageCursor,
    day: str = "",
    show: Annotated[str, Query(pattern="^(absent)?$")] = "",
    created: Count = None,
    changed: int = 0,
    unchanged: int = 0,
    cancelled: int = 0,
    still_cancelled: int = 0,
) -> Response:
    """Raises InvalidCursorError."""
    told = {
        "created": created,
        "changed": changed,
        "unchanged": unchanged,
        "cancelled": cancelled,
        "still_cancelled": still_cancelled,
    }
    chosen = expected_exams.choose_day(services, day)
    done = told if created is not None else None
    return _render_day(request, services, identity, chosen, cursor, absent=bool(show), done=done)


@router.post("")
def take_list(request: Request, identity: Staff, services: Collaborators, fields: Fields) -> Response:
    day = expected_exams.choose_day(services, fields.get("day", ""))
    text = fields.get("list", "")
    if fields.get("day") and _write_day(day) != fields["day"]:
        # Taken for today, exams would be missed on a day on which nobody expects them.
        unknown = [ListFault(Phrase("the day"), Phrase("there is no such day; choose it again"))]
        return _render_day(request, services, identity, day, Cursor("/expected"), faults=unknown, text=text)
    try:
        taken = expected_exams.take_list(services, identity, text, day)
    except MalformedListError as error:
        return _render_day(request, services, identity, day, Cursor("/expected"), faults=error.faults, text=text)
    kept = taken.kept
    query = {"day": _write_day(taken.day), "created": str(kept.created), "changed": kept.changed}
    query |= {"unchanged": kept.unchanged, "cancelled": kept.cancelled, "still_cancelled": kept.still_cancelled}
    return see_other(build_address("/expected", query))


@router.post("/hour")
def choose_hour(
    identity: Staff, services: Collaborators, hour: Annotated[int, Form(ge=0, le=23)], day: Annotated[str, Form()] = ""
) -> Response:
    expected_exams.choose_hour(services, identity, hour)
    return _lead_back(services, day)


@router.post("/{expected_id}/cancel")
def cancel(identity: Staff, services: Collaborators, expected_id: str, day: Annotated[str, Form()] = "") -> Response:
    """Raises NotFoundError."""
    expected_exams.cancel(services, identity, expected_id)
    return _lead_back(services, day)


@router.post("/{expected_id}/restore")
def restore(identity: Staff, services: Collaborators, expected_id: str, day: Annotated[str, Form()] = "") -> Response:
    """Raises NotFoundError."""
    expected_exams.cancel(services, identity, expected_id, cancelled=False)
    return _lead_back(services, day)


def _lead_back(services: Services, day: str) -> Response:
    return see_other(build_address("/expected", {"day": _write_day(expected_exams.choose_day(services, day))}))


def _render_day(
    request: Request, services: Services, identity: Identity, day: str, cursor: Cursor, **context: object
) -> Response:
    page = expected_exams.read_day(services, identity, day, cursor, LIST)
    chosen = datetime.strptime(day, "%Y%m%d")  # noqa: DTZ007 - a day and no moment.
    given: dict[str, object] = {"done": None, "faults": (), "text": "", "absent": False, **context}
    return render(
        request,
        "expected.html",
        status=422 if given["faults"] else 200,
        rows=[row for row in page.rows if not given["absent"] or row.is_absent],
        total=expected_exams.count_expected(services, identity, day, page, cursor),
        day=_write_day(day),
        dicom_day=day,
        today=f"{services.clock():%Y-%m-%d}",
        before=f"{chosen - timedelta(days=1):%Y-%m-%d}",
        behind=f"{chosen + timedelta(days=1):%Y-%m-%d}",
        hour=page.hour,
        early=EARLY,
        example=EXAMPLE,
        **given,
        **build_page_links("/expected", cursor, page.next, day=_write_day(day), show="absent" * bool(given["absent"])),
    )


def _write_day(day: str) -> str:
    return f"{day[:4]}-{day[4:6]}-{day[6:]}"
