"""A patient's exams over time. The address holds a keyed digest of the Patient ID, which its clinic alone opens."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from portal.http.pages.rendering import render
from portal.http.sessions.dependencies import Collaborators, PageCursor
from portal.search import board
from portal.web.layout.pages import Staff, build_page_links

router = APIRouter(prefix="/patients")

LIST = 50
"""Exams a page."""


@router.get("/{patient}")
def patient_page(
    request: Request, identity: Staff, services: Collaborators, patient: str, cursor: PageCursor
) -> Response:
    """Raises NotFoundError, InvalidCursorError, ClinicError for admins."""
    page = board.read_patient(services, identity, patient, cursor, LIST)
    return render(
        request,
        "patient.html",
        rows=page.rows,
        exam=page.rows[0].exam if page.rows else None,
        **build_page_links(f"/patients/{patient}", cursor, page.next),
    )
