"""The uploads of all clinics, for admins: newest first, and by reference or id."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response

from intake.files.keys import UNASSIGNED
from portal.http.pages.rendering import render
from portal.http.sessions.dependencies import Collaborators, PageCursor
from portal.presentation import labels
from portal.search import uploads
from portal.web.layout.pages import Admin, build_address, build_page_links, see_other

router = APIRouter(prefix="/admin/uploads")

LIST = 50
"""Uploads a page."""

ClinicId = Annotated[str, Query(max_length=80)]
Typed = Annotated[str, Form(max_length=400)]


@router.get("")
def uploads_page(
    request: Request,
    identity: Admin,
    services: Collaborators,
    cursor: PageCursor,
    *,
    clinic: ClinicId = "",
    search: Annotated[str, Query(max_length=80)] = "",
) -> Response:
    kept = uploads.find_search(services, identity, search) if search else None
    asked = kept or uploads.read_search(clinic, "")
    page = uploads.list_all_uploads(services, identity, asked, cursor, LIST)
    clinics = services.directory.clinics()
    return render(
        request,
        "admin/uploads.html",
        asked=asked,
        lapsed=bool(search) and kept is None,
        uploads=page.rows,
        sources=labels.SOURCES,
        clinics=clinics,
        names={one.clinic_id: one.name for one in clinics},
        nobody=UNASSIGNED,
        **build_page_links("/admin/uploads", cursor, page.next, clinic=asked.clinic),
    )


@router.post("/search")
def search(identity: Admin, services: Collaborators, text: Typed = "", clinic: Typed = "") -> Response:
    """Lead to the upload that an id names, or to those whose reference begins so."""
    upload_id = uploads.find_by_id(services, text.strip().lower())
    if upload_id:
        return see_other(f"/uploads/{upload_id}")
    query = uploads.keep_search(services, identity, uploads.read_search(clinic, text))
    return see_other(build_address("/admin/uploads", query))
