"""`/dicomweb/wado`: an instance by the parameters of a query (WADO-URI, PS3.18 9)."""

from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from fastapi.responses import RedirectResponse, Response

from portal.api.dependencies import Reader
from portal.dicomweb import wado
from portal.dicomweb.documented import BY_QUERY, DICOM
from portal.dicomweb.instances import find_instance
from portal.dicomweb.pixels.rendering import LARGEST, TYPES, Wish, draw_picture
from portal.dicomweb.routes import PREFIX, UID
from portal.errors import DicomWebQueryError, NotAcceptableError
from portal.http.messages import parse_accept
from portal.http.sessions.dependencies import Collaborators

router = APIRouter(prefix=PREFIX, tags=["dicomweb"])

_uid = partial(Query, pattern=UID, description="A UID.", examples=["1.2.840.113619.2.55"])
_side = partial(Query, ge=1, le=LARGEST, description="Of the picture, in pixels, at the most.")
_number = partial(Query, max_length=32)


@router.get("/wado", summary="Fetch an instance (WADO-URI)", response_class=Response, responses=BY_QUERY)
def by_query(  # noqa: PLR0917 - FastAPI calls it by keyword.
    identity: Reader,
    services: Collaborators,
    request_type: Annotated[Literal["WADO"], Query(alias="requestType")],  # noqa: ARG001 - It is checked by its type.
    study_uid: Annotated[str, _uid(alias="studyUID")],
    series_uid: Annotated[str, _uid(alias="seriesUID")],
    instance_uid: Annotated[str, _uid(alias="objectUID")],
    content_type: Annotated[str, Query(alias="contentType", max_length=256)] = DICOM,
    frame: Annotated[int | None, Query(alias="frameNumber", ge=1, le=999_999_999)] = None,
    columns: Annotated[int | None, _side()] = None,
    rows: Annotated[int | None, _side()] = None,
    center: Annotated[str, _number(alias="windowCenter")] = "",
    width: Annotated[str, _number(alias="windowWidth")] = "",
    quality: Annotated[str, _number(alias="imageQuality", description="Not done.")] = "",  # noqa: ARG001 - So it is.
    anonymize: Annotated[str, Query(max_length=8, description="Refused: nothing is anonymized.")] = "",
    transfer_syntax: Annotated[str, Query(alias="transferSyntax", max_length=64, description="Refused.")] = "",
) -> Response:
    """Fetch an instance: as it is stored, of any size, from S3; or, as a picture's media type, a picture of it."""
    if anonymize or transfer_syntax:
        raise DicomWebQueryError("Instances are given as they are stored: neither anonymized nor transcoded.")
    wanted = parse_accept(content_type)
    is_picture = next((each.startswith("image/") for each in wanted if each in {DICOM, "application/*", "*/*"}
                       or each.startswith("image/")), None)  # fmt: skip
    if is_picture is None:
        raise NotAcceptableError(DICOM, *TYPES)
    record = find_instance(services, identity, study_uid, series_uid, instance_uid)
    if not is_picture:
        return RedirectResponse(wado.sign_download(services, identity, record).url, 307)
    wish = Wish(
        frame=frame,
        viewport=f"{columns or LARGEST},{rows or LARGEST}" if columns or rows else "",
        window=f"{center},{width}" if center or width else "",
        accept=content_type,
    )
    wado.note_download(services, identity, record)
    image, media_type = draw_picture(services, identity, record, wish)
    return Response(image, headers={"Content-Type": media_type})
