"""The upload page, and the list of uploads."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from portal.http.pages.rendering import render
from portal.http.sessions.dependencies import Collaborators, PageCursor
from portal.presentation import labels
from portal.uploads import visibility as seen
from portal.uploads.requests import NewUpload
from portal.web.layout.dependencies import Staff
from portal.web.layout.pagination import build_page_links

router = APIRouter()


LIST = 50
"""Uploads a page."""

LIMITS = {
    name: next(limit.max_length for limit in NewUpload.model_fields[name].metadata if hasattr(limit, "max_length"))
    for name in ("reference", "note")
}
"""Characters that the form's fields take."""


@router.get("/upload")
def upload_page(request: Request, identity: Staff, services: Collaborators, again: str | None = None) -> Response:
    """With `again`, an upload's id, begin with its reference. Raises NotFoundError, ClinicError for admins."""
    identity.own_clinic()
    reference = seen.read_upload(services, identity, again).reference if again else ""
    return render(request, "upload.html", limits=LIMITS, reference=reference)


@router.get("/uploads")
def uploads_page(request: Request, identity: Staff, services: Collaborators, cursor: PageCursor) -> Response:
    page = seen.list_uploads(services, identity, cursor, LIST)
    return render(
        request,
        "uploads.html",
        uploads=page.rows,
        sources=labels.SOURCES,
        **build_page_links("/uploads", cursor, page.next),
    )
