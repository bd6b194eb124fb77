"""`/dicomweb`: STOW-RS for a clinic's own studies (PS3.18 10.5)."""

import json
from collections.abc import Sequence

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from portal.api.dependencies import Uploader
from portal.auth.identity import Identity
from portal.dicomweb import stow
from portal.dicomweb.documented import MESSAGE, STORED, DicomJson
from portal.dicomweb.routes import PREFIX, Uid, build_base, write_warning
from portal.dicomweb.stow_messages import Refused, read_instances, split_by_study
from portal.http.sessions.dependencies import Collaborators
from portal.services import Services

router = APIRouter(prefix=PREFIX, tags=["dicomweb"])


@router.post(
    "/studies",
    summary="Store small instances (STOW-RS)",
    response_class=DicomJson,
    openapi_extra=MESSAGE,
    responses=STORED,
)
async def store(request: Request, identity: Uploader, services: Collaborators) -> Response:
    """Store instances that come in one message of at most 4 MiB; larger ones are uploaded by `POST /api/v1/uploads`."""
    bodies = await _read_instances(request)
    return await run_in_threadpool(_store, request, services, identity, bodies)


@router.post(
    "/studies/{study_uid}",
    summary="Store small instances of one study (STOW-RS)",
    response_class=DicomJson,
    openapi_extra=MESSAGE,
    responses=STORED,
)
async def store_in_study(request: Request, identity: Uploader, services: Collaborators, study_uid: Uid) -> Response:
    """Store instances of one study, as `POST /dicomweb/studies` does. Those of another study fail, each by itself."""
    bodies, refused = await run_in_threadpool(split_by_study, await _read_instances(request), study_uid)
    return await run_in_threadpool(_store, request, services, identity, bodies, refused)


async def _read_instances(request: Request) -> list[bytes]:
    content_type = request.headers.get("content-type", "")
    return await run_in_threadpool(read_instances, content_type, await request.body())


def _store(
    request: Request, services: Services, identity: Identity, bodies: Sequence[bytes], refused: Sequence[Refused] = ()
) -> Response:
    stored = stow.store(services, identity, bodies, request.state.begun_at, refused)
    answer = json.dumps(stow.write_response(stored, build_base(request))).encode()
    # Where nothing was sent there is no upload to follow.
    location = {"Location": f"/api/v1/uploads/{stored.upload_id}"} if stored.upload_id else {}
    return DicomJson(answer, stored.status, {**location, **write_warning(stored.warnings)})
