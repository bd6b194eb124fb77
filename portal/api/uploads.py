"""`/api/v1/uploads`: announce files, and follow an upload."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel

from intake.files.model import Source
from portal.api.dependencies import IdempotencyKey, Limit, Reader, Taker, Uploader
from portal.api.problem_responses import problem_responses
from portal.http.messages import Fields, select_fields
from portal.http.pages.downloads import send_table
from portal.http.sessions.dependencies import Collaborators, PageCursor
from portal.retrieval.contents import open_upload
from portal.retrieval.responses import ContentPage
from portal.uploads import receipt_csv, reservations, visibility
from portal.uploads.requests import AddFiles, NewUpload
from portal.uploads.responses import Receipt, UploadList, UploadView
from portal.uploads.signed_requests import ReservedUpload

router = APIRouter(prefix="/api/v1/uploads", tags=["uploads"])


@router.post(
    "",
    summary="Announce files",
    status_code=201,
    responses=problem_responses(
        "invalid-request", "idempotency-key-reused", "malformed-body", "body-too-large", "busy"
    ),
)
def create(
    body: NewUpload,
    identity: Uploader,
    services: Collaborators,
    response: Response,
    idempotency_key: IdempotencyKey = None,
) -> ReservedUpload:
    """Announce files and learn how to send each: by one PUT, or in parts.

    S3 accepts exactly the announced number of bytes, once, within 15 minutes; sign the file again for more time.
    """
    placement = reservations.reserve(services, identity, body, source=Source.API, idempotency_key=idempotency_key)
    response.headers["Location"] = f"{router.prefix}/{placement.upload_id}"
    return visibility.show_reserved_upload(placement)


@router.post(
    "/{upload_id}/files",
    summary="Announce more files",
    status_code=201,
    responses=problem_responses(
        "not-found",
        "conflict",
        "invalid-request",
        "upload-full",
        "idempotency-key-reused",
        "malformed-body",
        "body-too-large",
    ),
)
def add(
    upload_id: str,
    body: AddFiles,
    identity: Uploader,
    services: Collaborators,
    idempotency_key: IdempotencyKey = None,
) -> ReservedUpload:
    """Announce more files of the same upload, which may hold up to 99,999."""
    placement = reservations.add_files(services, identity, upload_id, body.files, idempotency_key=idempotency_key)
    return visibility.show_reserved_upload(placement)


@router.get(
    "/{upload_id}",
    summary="Follow an upload",
    response_model=UploadView,
    responses=problem_responses("not-found", "invalid-cursor", "invalid-request"),
)
def read(  # noqa: PLR0917 - FastAPI calls it by keyword.
    upload_id: str,
    identity: Reader,
    services: Collaborators,
    cursor: PageCursor,
    limit: Limit = 100,
    fields: Fields = None,
) -> BaseModel | Response:
    """Follow an upload: its counts by state, and its files page by page."""
    upload = visibility.read_upload(services, identity, upload_id)
    page = visibility.list_files_of_upload(services, identity, upload_id, cursor, limit)
    return select_fields(visibility.show_upload(upload, page), fields)


@router.get(
    "/{upload_id}/receipt",
    summary="Get an upload's receipt",
    response_model=Receipt,
    responses={
        200: {"content": {"text/csv": {"schema": {"type": "string"}, "example": "File,State\r\n"}}},
        **problem_responses("not-found", "invalid-cursor", "invalid-request", "message-too-large"),
    },
)
def receipt(  # noqa: PLR0917 - FastAPI calls it by keyword.
    upload_id: str,
    request: Request,
    identity: Reader,
    services: Collaborators,
    cursor: PageCursor,
    limit: Annotated[int, Query(ge=1, le=250, description="Files of a page.")] = 100,
) -> BaseModel | Response:
    """Get what became of each file of an upload, to keep: page by page, or all of it to `Accept: text/csv`."""
    if "text/csv" in request.headers.get("accept", ""):
        return send_table(request, receipt_csv.write_receipt(services, identity, upload_id), f"receipt-{upload_id}.csv")
    upload = visibility.read_upload(services, identity, upload_id)
    return visibility.show_receipt(
        upload, visibility.list_files_of_upload(services, identity, upload_id, cursor, limit)
    )


@router.post(
    "/{upload_id}/content",
    summary="Take out an upload",
    responses=problem_responses("not-found", "invalid-cursor", "invalid-request"),
)
def content(upload_id: str, identity: Taker, services: Collaborators, cursor: PageCursor) -> ContentPage:
    """Return where the accepted files of an upload are had: a page of them, in the order of announcement.

    The first page is noted in the audit log; `next` and `here` belong to it, and are good for a day.
    """
    return open_upload(services, identity, upload_id, cursor)


@router.get(
    "",
    summary="List uploads",
    response_model=UploadList,
    responses=problem_responses("invalid-cursor", "invalid-request"),
)
def index(
    identity: Reader, services: Collaborators, cursor: PageCursor, limit: Limit = 50, fields: Fields = None
) -> BaseModel | Response:
    """List your clinic's uploads, newest first."""
    page = visibility.list_uploads(services, identity, cursor, limit)
    return select_fields(
        UploadList(uploads=[visibility.show_upload_row(one) for one in page.rows], next=page.next), fields
    )
