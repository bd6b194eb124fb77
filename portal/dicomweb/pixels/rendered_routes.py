"""`/dicomweb`: pictures of studies, series, instances and frames (WADO-RS, PS3.18 10.4.1.1.3 and 10.4.1.1.4)."""

from dataclasses import replace
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Path, Query
from fastapi.responses import Response

from intake.errors import NotFoundError
from intake.files.model import FileRecord
from portal.api.dependencies import Reader
from portal.auth.identity import Identity
from portal.dicomweb import wado
from portal.dicomweb.documented import PICTURE
from portal.dicomweb.instances import find_instance
from portal.dicomweb.pixels.rendering import THUMBNAIL, Wish, draw_picture
from portal.dicomweb.routes import PREFIX, Uid
from portal.http.sessions.dependencies import Collaborators
from portal.services import Services

router = APIRouter(prefix=PREFIX, tags=["dicomweb"])
pictures = partial(router.get, response_class=Response, responses=PICTURE)

SERIES = "/studies/{study_uid}/series/{series_uid}"
INSTANCE = f"{SERIES}/instances/{{instance_uid}}"
FRAME = f"{INSTANCE}/frames/{{number}}"

_parameter = partial(Query, max_length=64)

Number = Annotated[int, Path(ge=1, le=999_999_999, description="The number of a frame, from 1 on.")]


def _read_wish(  # noqa: PLR0917 - FastAPI calls it by keyword.
    viewport: Annotated[str, _parameter(description="Width and height to fit.", examples=["512,512"])] = "",
    window: Annotated[str, _parameter(description="Center, width, `linear`.", examples=["40,400,linear"])] = "",
    quality: Annotated[str, _parameter(description="Told as not done.")] = "",
    annotation: Annotated[str, _parameter(description="Told as not done.")] = "",
    iccprofile: Annotated[str, _parameter(description="Told as not done.")] = "",
    accept: Annotated[str, Query(max_length=256, description="A media type, instead of the header.")] = "",
    accept_header: Annotated[str, Header(alias="accept", include_in_schema=False)] = "",
) -> Wish:
    return Wish(
        viewport=viewport,
        window=window,
        quality=quality,
        annotation=annotation,
        profile=iccprofile,
        accept=accept or accept_header,
    )


Wished = Annotated[Wish, Depends(_read_wish)]


@pictures("/studies/{study_uid}/rendered", summary="See a study (WADO-RS)")
def rendered_study(identity: Reader, services: Collaborators, study_uid: Uid, wish: Wished) -> Response:
    """See one image of a study: its first one, or of that the middle frame. JPEG, PNG or WebP; not for diagnosis."""
    return _send_rendered(services, identity, _find_first(services, identity, study_uid), wish)


@pictures(f"{SERIES}/rendered", summary="See a series (WADO-RS)")
def rendered_series(
    identity: Reader, services: Collaborators, study_uid: Uid, series_uid: Uid, wish: Wished
) -> Response:
    """See one image of a series: its first one, or of that the middle frame. JPEG, PNG or WebP; not for diagnosis."""
    return _send_rendered(services, identity, _find_first(services, identity, study_uid, series_uid), wish)


@pictures(f"{INSTANCE}/rendered", summary="See an instance (WADO-RS)")
def rendered_instance(  # noqa: PLR0917 - FastAPI calls it by keyword.
    identity: Reader, services: Collaborators, study_uid: Uid, series_uid: Uid, instance_uid: Uid, wish: Wished
) -> Response:
    """See an instance: of several frames the middle one. JPEG, PNG or WebP; not for diagnosis."""
    return _send_rendered(
        services, identity, find_instance(services, identity, study_uid, series_uid, instance_uid), wish
    )


@pictures(f"{FRAME}/rendered", summary="See a frame (WADO-RS)")
def rendered_frame(  # noqa: PLR0917 - FastAPI calls it by keyword.
    identity: Reader,
    services: Collaborators,
    study_uid: Uid,
    series_uid: Uid,
    instance_uid: Uid,
    number: Number,
    wish: Wished,
) -> Response:
    """See a frame. JPEG, PNG or WebP; not for diagnosis."""
    record = find_instance(services, identity, study_uid, series_uid, instance_uid)
    return _send_rendered(services, identity, record, replace(wish, frame=number))


@pictures("/studies/{study_uid}/thumbnail", summary="Recognise a study (WADO-RS)")
def study_thumbnail(identity: Reader, services: Collaborators, study_uid: Uid, wish: Wished) -> Response:
    """Get a small picture of a study's first image: 128 pixels where no `viewport` says otherwise."""
    return _send_picture(services, identity, _find_first(services, identity, study_uid), wish, THUMBNAIL)


@pictures(f"{SERIES}/thumbnail", summary="Recognise a series (WADO-RS)")
def series_thumbnail(
    identity: Reader, services: Collaborators, study_uid: Uid, series_uid: Uid, wish: Wished
) -> Response:
    """Get a small picture of a series' first image: 128 pixels where no `viewport` says otherwise."""
    return _send_picture(services, identity, _find_first(services, identity, study_uid, series_uid), wish, THUMBNAIL)


@pictures(f"{INSTANCE}/thumbnail", summary="Recognise an instance (WADO-RS)")
def instance_thumbnail(  # noqa: PLR0917 - FastAPI calls it by keyword.
    identity: Reader, services: Collaborators, study_uid: Uid, series_uid: Uid, instance_uid: Uid, wish: Wished
) -> Response:
    """Get a small picture of an instance: 128 pixels where no `viewport` says otherwise."""
    record = find_instance(services, identity, study_uid, series_uid, instance_uid)
    return _send_picture(services, identity, record, wish, THUMBNAIL)


@pictures(f"{FRAME}/thumbnail", summary="Recognise a frame (WADO-RS)")
def frame_thumbnail(  # noqa: PLR0917 - FastAPI calls it by keyword.
    identity: Reader,
    services: Collaborators,
    study_uid: Uid,
    series_uid: Uid,
    instance_uid: Uid,
    number: Number,
    wish: Wished,
) -> Response:
    """Get a small picture of a frame: 128 pixels where no `viewport` says otherwise."""
    record = find_instance(services, identity, study_uid, series_uid, instance_uid)
    return _send_picture(services, identity, record, replace(wish, frame=number), THUMBNAIL)


def _find_first(services: Services, identity: Identity, study_uid: str, series_uid: str = "") -> FileRecord:
    record = wado.find_first(services, identity, study_uid, series_uid)
    if record is None:
        raise NotFoundError("there is no such study or series")
    return record


def _send_rendered(services: Services, identity: Identity, record: FileRecord, wish: Wish) -> Response:
    """Answer a picture in which all may be seen that the image shows: noted as taking the file out is."""
    wado.note_download(services, identity, record)
    return _send_picture(services, identity, record, wish)


def _send_picture(
    services: Services, identity: Identity, record: FileRecord, wish: Wish, edge: int | None = None
) -> Response:
    image, media_type = draw_picture(services, identity, record, wish, edge=edge)
    headers = {"Content-Type": media_type}
    if wish.ignored:
        headers["Warning"] = f'299 silent-scalper "not done: {", ".join(wish.ignored)}"'
    return Response(image, headers=headers)
