"""`/dicomweb`: QIDO-RS and WADO-RS for a clinic's own studies (PS3.18 chapter 10)."""

import json
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import RedirectResponse, Response

from intake.files.model import FileRecord
from portal.api.dependencies import Reader
from portal.auth.identity import Identity
from portal.dicomweb import wado
from portal.dicomweb.documented import (
    CONTENT,
    DICOM,
    JSON,
    METADATA,
    RELATED,
    SEARCHES,
    DicomJson,
    DicomMessage,
)
from portal.dicomweb.instances import find_instance
from portal.dicomweb.json_model.attributes import Level
from portal.dicomweb.qido import Results, Searcher
from portal.dicomweb.queries import Search, parse_search
from portal.dicomweb.wado import require_instances
from portal.errors import NotAcceptableError
from portal.http.messages import parse_accept, write_message
from portal.http.sessions.dependencies import Collaborators
from portal.services import Services

PREFIX = "/dicomweb"

router = APIRouter(prefix=PREFIX, tags=["dicomweb"])

MORE = "There are additional results that can be requested"
"""PS3.18 8.3.4.4, which also has how many, where that is known."""

UID = r"^[0-9A-Za-z.-]{1,128}$"
Uid = Annotated[str, Path(pattern=UID, description="A UID.", examples=["1.2.840.113619.2.55"])]

json_answers = partial(router.get, response_class=DicomJson)
messages = partial(router.get, response_class=DicomMessage)


@json_answers("/studies", summary="Search for studies (QIDO-RS)", responses=SEARCHES)
def studies(request: Request, identity: Reader, services: Collaborators) -> Response:
    """Search the studies of your clinic, by the standard's parameters; the newest first. 204 where none match."""
    search, searcher = _begin_search(request, services, identity, Level.STUDY)
    return _send_results(request, search, searcher.studies(search))


@json_answers("/series", summary="Search for series (QIDO-RS)", responses=SEARCHES)
def all_series(request: Request, identity: Reader, services: Collaborators) -> Response:
    """Search the series of all studies that match."""
    search, searcher = _begin_search(request, services, identity, Level.SERIES)
    return _send_results(request, search, searcher.series(search))


@json_answers("/instances", summary="Search for instances (QIDO-RS)", responses=SEARCHES)
def all_instances(request: Request, identity: Reader, services: Collaborators) -> Response:
    """Search the instances of all studies that match."""
    search, searcher = _begin_search(request, services, identity, Level.INSTANCE)
    return _send_results(request, search, searcher.instances(search))


@json_answers("/studies/{study_uid}/series", summary="Search for a study's series (QIDO-RS)", responses=SEARCHES)
def series(request: Request, identity: Reader, services: Collaborators, study_uid: Uid) -> Response:
    """Search the series of one study."""
    search, searcher = _begin_search(request, services, identity, Level.SERIES, Level.SERIES)
    return _send_results(request, search, searcher.series(search, study_uid))


@json_answers("/studies/{study_uid}/instances", summary="Search for a study's instances (QIDO-RS)", responses=SEARCHES)
def study_instances(request: Request, identity: Reader, services: Collaborators, study_uid: Uid) -> Response:
    """Search the instances of one study."""
    search, searcher = _begin_search(request, services, identity, Level.INSTANCE, Level.SERIES)
    return _send_results(request, search, searcher.instances(search, study_uid))


@json_answers(
    "/studies/{study_uid}/series/{series_uid}/instances",
    summary="Search for a series' instances (QIDO-RS)",
    responses=SEARCHES,
)
def series_instances(
    request: Request, identity: Reader, services: Collaborators, study_uid: Uid, series_uid: Uid
) -> Response:
    """Search the instances of one series."""
    search, searcher = _begin_search(request, services, identity, Level.INSTANCE, Level.INSTANCE)
    return _send_results(request, search, searcher.instances(search, study_uid, series_uid))


@json_answers("/studies/{study_uid}/metadata", summary="Read a study's metadata (WADO-RS)", responses=METADATA)
def study_metadata(request: Request, identity: Reader, services: Collaborators, study_uid: Uid) -> Response:
    """Read the attributes of each instance of a study, with the addresses of pixel data and of large binary values."""
    return _send_metadata(request, services, require_instances(services, identity, study_uid))


@json_answers(
    "/studies/{study_uid}/series/{series_uid}/metadata",
    summary="Read a series' metadata (WADO-RS)",
    responses=METADATA,
)
def series_metadata(
    request: Request, identity: Reader, services: Collaborators, study_uid: Uid, series_uid: Uid
) -> Response:
    """Read the attributes of each instance of a series, with the addresses of pixel data and of large binary values."""
    return _send_metadata(request, services, require_instances(services, identity, study_uid, series_uid))


@json_answers(
    "/studies/{study_uid}/series/{series_uid}/instances/{instance_uid}/metadata",
    summary="Read an instance's metadata (WADO-RS)",
    responses=METADATA,
)
def instance_metadata(  # noqa: PLR0917 - FastAPI calls it by keyword.
    request: Request, identity: Reader, services: Collaborators, study_uid: Uid, series_uid: Uid, instance_uid: Uid
) -> Response:
    """Read the attributes of an instance, with the addresses of pixel data and of large binary values."""
    record = find_instance(services, identity, study_uid, series_uid, instance_uid)
    return _send_metadata(request, services, [record])


@messages("/studies/{study_uid}", summary="Fetch a small study (WADO-RS)", responses=CONTENT)
def study(request: Request, identity: Reader, services: Collaborators, study_uid: Uid) -> Response:
    """Fetch all instances of a study in one message of at most 4 MiB."""
    _choose_form(request, RELATED)
    return _send_contents(services, identity, require_instances(services, identity, study_uid))


@messages("/studies/{study_uid}/series/{series_uid}", summary="Fetch a small series (WADO-RS)", responses=CONTENT)
def one_series(
    request: Request, identity: Reader, services: Collaborators, study_uid: Uid, series_uid: Uid
) -> Response:
    """Fetch all instances of a series in one message of at most 4 MiB."""
    _choose_form(request, RELATED)
    return _send_contents(services, identity, require_instances(services, identity, study_uid, series_uid))


@messages(
    "/studies/{study_uid}/series/{series_uid}/instances/{instance_uid}",
    summary="Fetch an instance (WADO-RS)",
    responses={307: {"description": "Leads to the download at S3."}, **CONTENT},
)
def one_instance(  # noqa: PLR0917 - FastAPI calls it by keyword.
    request: Request, identity: Reader, services: Collaborators, study_uid: Uid, series_uid: Uid, instance_uid: Uid
) -> Response:
    """Fetch an instance: of any size from S3 with `Accept: application/dicom`, or in a message of at most 4 MiB."""
    form = _choose_form(request, DICOM, RELATED)
    record = find_instance(services, identity, study_uid, series_uid, instance_uid)
    if form == DICOM:
        return RedirectResponse(wado.sign_download(services, identity, record).url, 307)
    return _send_contents(services, identity, [record])


def _begin_search(
    request: Request, services: Services, identity: Identity, level: Level, implied: Level = Level.STUDY
) -> tuple[Search, Searcher]:
    search = parse_search(level, request.query_params.multi_items(), implied)
    return search, Searcher(services, identity, build_base(request))


def _send_results(request: Request, search: Search, results: Results) -> Response:
    _choose_form(request, "application/json", JSON)
    headers = write_warning([*search.warnings, *([MORE] if results.more else [])])
    if results.total is not None:
        headers["X-Total-Count"] = str(results.total)
    if not results.rows:
        return Response(status_code=204, headers=headers)
    return DicomJson(json.dumps(results.rows, separators=(",", ":")), headers=headers)


def write_warning(texts: Sequence[str]) -> dict[str, str]:
    """Return the header that tells what was not done (PS3.18 8.6.3)."""
    return {"Warning": f'299 silent-scalper "{"; ".join(texts)}"'} if texts else {}


def _send_metadata(request: Request, services: Services, records: Iterable[FileRecord]) -> Response:
    _choose_form(request, "application/json", JSON)
    return DicomJson(wado.describe_instances(services, records, build_base(request)))


def _send_contents(services: Services, identity: Identity, records: Iterable[FileRecord]) -> Response:
    body, content_type = write_message(wado.read_contents(services, identity, records), DICOM)
    return Response(body, headers={"Content-Type": content_type})


def build_base(request: Request) -> str:
    """Return the address of the DICOMweb service."""
    return f"{request.app.state.services.settings.portal_origin}{PREFIX}"


def _choose_form(request: Request, *forms: str) -> str:
    """Return the first form that the client takes. Raises NotAcceptableError."""
    wanted = parse_accept(request.headers.get("accept") or "*/*")
    for form in wanted:
        if form in forms:
            return form
    if {"*/*", "application/*"} & set(wanted):
        return forms[-1]
    raise NotAcceptableError(*forms)
