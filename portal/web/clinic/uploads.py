"""The upload page and what its script asks for, and the list of uploads.

The script asks for the API's own services, for a session's cookie.
"""

from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import Response

from intake.files.model import Source
from portal.http.pages.rendering import render
from portal.http.sessions.dependencies import Collaborators, PageCursor
from portal.presentation import labels
from portal.uploads import reservations, signing, withdrawals
from portal.uploads import visibility as seen
from portal.uploads.requests import AddFiles, NewUpload, Sign, Withdraw
from portal.uploads.responses import AnnouncementList
from portal.uploads.signed_requests import PartPuts, Reserved, ReservedUpload
from portal.web.layout.pages import Staff, build_page_links

router = APIRouter()

Key = Annotated[str, Header(alias="Idempotency-Key", min_length=1, max_length=128)]

LIST = 50
"""Uploads a page."""
ANNOUNCED = 500
"""Announced files a page."""

LIMITS = {
    name: next(limit.max_length for limit in NewUpload.model_fields[name].metadata if hasattr(limit, "max_length"))
    for name in ("reference", "note")
}
"""Characters that the form's fields take."""


@router.get("/upload")
def upload_page(
    request: Request,
    identity: Staff,
    services: Collaborators,
    joined: Annotated[str | None, Query(alias="continue", max_length=40)] = None,
) -> Response:
    """With `continue`, an upload's id, more files join it. Raises NotFoundError, ClinicError for admins."""
    identity.own_clinic()
    upload = seen.read_upload(services, identity, joined) if joined else None
    return render(request, "upload.html", limits=LIMITS, joined=upload)


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


@router.post("/upload/new", status_code=201)
def begin(identity: Staff, services: Collaborators, body: NewUpload, key: Key) -> ReservedUpload:
    placement = reservations.reserve(services, identity, body, source=Source.WEB, idempotency_key=key)
    return seen.show_reserved_upload(placement)


@router.post("/upload/{upload_id}/files", status_code=201)
def add(identity: Staff, services: Collaborators, upload_id: str, body: AddFiles, key: Key) -> ReservedUpload:
    placement = reservations.add_files(services, identity, upload_id, body.files, idempotency_key=key)
    return seen.show_reserved_upload(placement)


@router.get("/upload/{upload_id}/files")
def list_announced(identity: Staff, services: Collaborators, upload_id: str, cursor: PageCursor) -> AnnouncementList:
    """List what was announced, for a browser that goes on with an upload. Raises ClinicError for admins."""
    identity.own_clinic()
    return seen.show_announcements(seen.list_files_of_upload(services, identity, upload_id, cursor, ANNOUNCED))


@router.post("/upload/withdraw", status_code=204)
def withdraw(identity: Staff, services: Collaborators, body: Withdraw) -> Response:
    withdrawals.withdraw(services, identity, body.file_ids)
    return Response(status_code=204)


@router.post("/upload/file/{file_id}/sign")
def sign(identity: Staff, services: Collaborators, file_id: str) -> Reserved:
    """Sign a file's PUT anew, or tell which of its parts S3 holds."""
    return seen.show_reserved(signing.sign(services, identity, file_id))


@router.post("/upload/file/{file_id}/parts")
def sign_parts(identity: Staff, services: Collaborators, file_id: str, body: Sign) -> PartPuts:
    wanted = {part.number: part.sha256 for part in body.parts}
    return seen.show_part_puts(signing.sign_numbered(services, identity, file_id, wanted))


@router.post("/upload/file/{file_id}/complete", status_code=204)
def complete(identity: Staff, services: Collaborators, file_id: str) -> Response:
    signing.complete(services, identity, file_id)
    return Response(status_code=204)
