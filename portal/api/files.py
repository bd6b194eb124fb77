"""`/api/v1/files`: follow a file, send it, get it back."""

import re
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator

from intake.files.states import State
from intake.search.ports import FileQuery
from portal.api.dependencies import Limit, Reader, Uploader
from portal.api.problem_responses import problem_responses
from portal.http.messages import Fields, select_fields
from portal.http.sessions.dependencies import Collaborators, PageCursor
from portal.presentation.formatting import clamp_moment
from portal.retrieval.previews import Edge, choose_caching, sign_picture
from portal.uploads import signing, visibility, withdrawals
from portal.uploads.requests import UPLOAD_ID, Sign, Withdraw
from portal.uploads.responses import Download, FileList, FileView, Withdrawn, WithdrawnList
from portal.uploads.signed_requests import PartList, PartPuts, Reserved

_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")


def _moment(text: str) -> str:
    """Dates are written as RFC 3339 says; pydantic would also take a number for seconds since 1970."""
    if not _RFC_3339.fullmatch(text):
        raise ValueError("must be a moment such as 2026-01-31T09:30:00Z")
    return text


Moment = Annotated[AwareDatetime, BeforeValidator(_moment), AfterValidator(clamp_moment)]

router = APIRouter(prefix="/api/v1/files", tags=["files"])


@router.get(
    "",
    summary="List files",
    response_model=FileList,
    responses=problem_responses("invalid-cursor", "invalid-request"),
)
def index(  # noqa: PLR0917 - FastAPI calls it by keyword.
    identity: Reader,
    services: Collaborators,
    cursor: PageCursor,
    state: State | None = None,
    since: Annotated[
        Moment | None,
        Query(description="Files announced at or after this moment (RFC 3339).", examples=["2026-01-31T00:00:00Z"]),
    ] = None,
    until: Annotated[
        Moment | None, Query(description="And before this moment (RFC 3339).", examples=["2026-02-01T00:00:00Z"])
    ] = None,
    upload_id: Annotated[str, Query(pattern=r"^[0-9a-z]{0,26}$", examples=[UPLOAD_ID])] = "",
    study_uid: Annotated[str, Query(pattern=r"^[0-9.]{0,64}$", examples=["1.2.840.113619.2.55"])] = "",
    modality: Annotated[str, Query(pattern=r"^[A-Za-z0-9 _]{0,16}$", examples=["CT"])] = "",
    limit: Limit = 50,
    fields: Fields = None,
) -> BaseModel | Response:
    """List files, newest first; those of an upload or a study in its own order.

    With `upload_id`, `study_uid` or `modality`, a page may be short, or empty, and still have a `next`.
    """
    if upload_id or study_uid or modality:
        wanted = FileQuery(
            clinic_id=identity.own_clinic(),
            upload_id=upload_id,
            study_id=services.ids.study(identity.own_clinic(), study_uid) if study_uid else "",
            modality=modality,
            state=state,
            since=since,
            until=until,
        )
        return select_fields(
            visibility.show_file_list(visibility.search_files(services, identity, wanted, cursor, limit)), fields
        )
    page = visibility.list_files(services, identity, state=state, since=since, until=until, cursor=cursor, limit=limit)
    return select_fields(visibility.show_file_list(page), fields)


@router.post(
    "/withdraw",
    summary="Give up files",
    responses=problem_responses("not-found", "invalid-request", "malformed-body", "body-too-large"),
)
def withdraw(body: Withdraw, identity: Uploader, services: Collaborators) -> WithdrawnList:
    """Give up files that were announced and are not going to be sent, so that nobody waits for them.

    Nothing is taken from what has arrived, or has its verdict. A file that arrives afterwards is judged all the same.
    """
    records = withdrawals.withdraw(services, identity, body.file_ids)
    return WithdrawnList(files=[Withdrawn(file_id=record.file_id, state=record.state) for record in records])


@router.get(
    "/{file_id}",
    summary="Read a file",
    response_model=FileView,
    responses=problem_responses("not-found", "invalid-request"),
)
def read(file_id: str, identity: Reader, services: Collaborators, fields: Fields = None) -> BaseModel | Response:
    """Read a file: its state, what the judge found, its metadata and its story."""
    return select_fields(visibility.show_file(visibility.read_file(services, identity, file_id)), fields)


@router.post(
    "/{file_id}/sign",
    summary="Sign again, or sign parts",
    responses=problem_responses("not-found", "not-awaited", "no-such-part", "invalid-request", "malformed-body"),
)
def sign(file_id: str, identity: Uploader, services: Collaborators, body: Sign | None = None) -> Reserved | PartPuts:
    """Sign a file again, or parts of a large one.

    Without `parts`, the answer is how to send what is missing, and the file is awaited for another 24 hours. With
    `parts`, it is a request for each of them.
    """
    if body is None or not body.parts:
        return visibility.show_reserved(signing.sign(services, identity, file_id))
    wanted = {part.number: part.sha256 for part in body.parts}
    return visibility.show_part_puts(signing.sign_numbered(services, identity, file_id, wanted))


@router.get(
    "/{file_id}/parts",
    summary="List the parts that S3 holds",
    responses=problem_responses("not-found", "not-awaited", "no-such-part"),
)
def parts(file_id: str, identity: Uploader, services: Collaborators) -> PartList:
    """List the parts of a large file that S3 holds: what need not be sent again."""
    return visibility.show_part_list(*signing.list_parts(services, identity, file_id))


@router.post(
    "/{file_id}/complete",
    summary="Join the parts",
    responses=problem_responses("not-found", "parts-missing", "no-such-part", "conflict"),
)
def complete(file_id: str, identity: Uploader, services: Collaborators) -> FileView:
    """Have S3 join the parts of a large file. The verdict follows within seconds."""
    return visibility.show_file(signing.complete(services, identity, file_id))


@router.get(
    "/{file_id}/content",
    summary="Download an accepted file",
    response_model=Download,
    responses={307: {"description": "Leads to the download at S3."}, **problem_responses("not-found", "not-accepted")},
)
def content(file_id: str, request: Request, identity: Reader, services: Collaborators) -> Response:
    """Download an accepted file: exactly the version that was judged.

    Answers with a redirect to S3, or, to `Accept: application/json`, with the address to go to.
    """
    presigned = visibility.sign_download(services, identity, file_id)
    if "application/json" in request.headers.get("accept", ""):
        return JSONResponse(visibility.show_download(presigned).model_dump(mode="json"))
    return RedirectResponse(presigned.url, 307)


@router.get(
    "/{file_id}/preview/{edge}",
    summary="Look at a file",
    status_code=307,
    responses={
        307: {"description": "Leads to the picture at S3, a WebP, for five minutes."},
        **problem_responses("not-found", "no-preview", "not-accepted", "invalid-request", "throttled"),
    },
    response_class=RedirectResponse,
)
def preview(file_id: str, edge: Edge, identity: Reader, services: Collaborators) -> Response:
    """Look at a picture of an accepted file: its longer side has 128 or 768 pixels. It is not for diagnosis.

    Where none is kept it is made first, which takes some seconds.
    """
    address = sign_picture(services, identity, file_id, edge)
    return RedirectResponse(address, 307, {"Cache-Control": choose_caching(identity)})
