"""What the upload page's script asks for while it sends files: the API's own services, for a session's cookie."""

from typing import Annotated

from fastapi import APIRouter, Header, Response

from intake.files.model import Source
from portal.http.sessions.dependencies import Collaborators, PageCursor
from portal.uploads import reservations, signing, visibility
from portal.uploads.requests import AddFiles, NewUpload, Sign, Withdraw
from portal.uploads.responses import AnnouncementList, PartPuts, Reserved, ReservedUpload
from portal.uploads.views import show_announcements, show_part_puts, show_reserved, show_reserved_upload
from portal.web.layout.dependencies import Staff

router = APIRouter(prefix="/upload")

Key = Annotated[str, Header(alias="Idempotency-Key", min_length=1, max_length=128)]

ANNOUNCED = 500
"""Files a page."""


@router.post("/new", status_code=201)
def begin(identity: Staff, services: Collaborators, body: NewUpload, key: Key) -> ReservedUpload:
    return show_reserved_upload(reservations.reserve(services, identity, body, source=Source.WEB, idempotency_key=key))


@router.post("/{upload_id}/files", status_code=201)
def add(identity: Staff, services: Collaborators, upload_id: str, body: AddFiles, key: Key) -> ReservedUpload:
    return show_reserved_upload(reservations.add_files(services, identity, upload_id, body.files, idempotency_key=key))


@router.get("/{upload_id}/files")
def list_announced(identity: Staff, services: Collaborators, upload_id: str, cursor: PageCursor) -> AnnouncementList:
    """List what was announced, for a browser that goes on with an upload. Raises ClinicError for admins."""
    identity.own_clinic()
    return show_announcements(visibility.list_files_of_upload(services, identity, upload_id, cursor, ANNOUNCED))


@router.post("/withdraw", status_code=204)
def withdraw(identity: Staff, services: Collaborators, body: Withdraw) -> Response:
    signing.withdraw(services, identity, body.file_ids)
    return Response(status_code=204)


@router.post("/file/{file_id}/sign")
def sign(identity: Staff, services: Collaborators, file_id: str) -> Reserved:
    """Sign a file's PUT anew, or tell which of its parts S3 holds."""
    return show_reserved(signing.sign(services, identity, file_id))


@router.post("/file/{file_id}/parts")
def sign_parts(identity: Staff, services: Collaborators, file_id: str, body: Sign) -> PartPuts:
    wanted = {part.number: part.sha256 for part in body.parts}
    return show_part_puts(signing.sign_numbered(services, identity, file_id, wanted))


@router.post("/file/{file_id}/complete", status_code=204)
def complete(identity: Staff, services: Collaborators, file_id: str) -> Response:
    signing.complete(services, identity, file_id)
    return Response(status_code=204)
