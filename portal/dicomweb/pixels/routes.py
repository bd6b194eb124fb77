"""`/dicomweb`: frames and bulk data of an instance (WADO-RS, PS3.18 10.4)."""

import secrets
from collections.abc import Sequence
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import RedirectResponse, Response

from portal.api.dependencies import Reader
from portal.dicomweb import wado
from portal.dicomweb.documented import FRAMES, LEADS, RELATED, DicomMessage
from portal.dicomweb.instances import find_instance
from portal.dicomweb.pixels.bulkdata import PATH, read_bulk_data
from portal.dicomweb.pixels.frames import MOST_FRAMES, offer_image, open_image, read_frames, share_frame
from portal.dicomweb.pixels.negotiation import Form, choose_form
from portal.dicomweb.routes import PREFIX, Uid
from portal.http.sessions.dependencies import Collaborators

router = APIRouter(prefix=PREFIX, tags=["dicomweb"])
messages = partial(router.get, response_class=DicomMessage)

INSTANCE = "/studies/{study_uid}/series/{series_uid}/instances/{instance_uid}"

Numbers = Annotated[
    str,
    Path(
        pattern=rf"^[1-9][0-9]{{0,8}}(,[1-9][0-9]{{0,8}}){{0,{MOST_FRAMES - 1}}}$",
        description=f"Numbers of frames from 1 on, separated by commas: {MOST_FRAMES} at the most.",
        examples=["1,2"],
    ),
]
ElementPath = Annotated[
    str,
    Path(pattern=PATH, max_length=1200, description="As `BulkDataURI` in the metadata has it.", examples=["7FE00010"]),
]


@messages(f"{INSTANCE}/frames/{{numbers}}", summary="Fetch frames (WADO-RS)", responses={**FRAMES, **LEADS})
def frames(  # noqa: PLR0917 - FastAPI calls it by keyword.
    request: Request,
    identity: Reader,
    services: Collaborators,
    study_uid: Uid,
    series_uid: Uid,
    instance_uid: Uid,
    numbers: Numbers,
) -> Response:
    """Fetch frames of an image as they are stored, up to 4 MiB: each a part, or one by itself; a larger one from S3.

    Native pixels are `application/octet-stream` in little endian words. Compressed ones keep their form: JPEG,
    JPEG-LS, JPEG 2000, RLE. `transfer-syntax` in `Accept` names the stored one, or `*`.
    """
    wanted = [int(number) for number in dict.fromkeys(numbers.split(","))]
    record = find_instance(services, identity, study_uid, series_uid, instance_uid)
    pixels = open_image(services, record)
    form = choose_form(request.headers.get("accept", ""), offer_image(pixels), parts=len(wanted))
    wado.note_download(services, identity, record)
    if len(wanted) == 1 and (address := share_frame(services, record, pixels, wanted[0])):
        return RedirectResponse(address, 307)
    base = wado.build_address(record, PREFIX)
    parts = read_frames(services, record, pixels, wanted)
    return _send_parts(form, parts, [f"{base}/frames/{number}" for number in wanted])


@messages(f"{INSTANCE}/bulkdata/{{element}}", summary="Fetch a value (WADO-RS)", responses=FRAMES)
def bulk_data(  # noqa: PLR0917 - FastAPI calls it by keyword.
    request: Request,
    identity: Reader,
    services: Collaborators,
    study_uid: Uid,
    series_uid: Uid,
    instance_uid: Uid,
    element: ElementPath,
) -> Response:
    """Fetch a value that metadata leave out, up to 4 MiB: pixel data, or a binary value above 1 KiB."""
    record = find_instance(services, identity, study_uid, series_uid, instance_uid)
    wado.note_download(services, identity, record)
    found = read_bulk_data(services, record, element)
    form = choose_form(request.headers.get("accept", ""), found.offer, parts=len(found.parts))
    address = f"{wado.build_address(record, PREFIX)}/bulkdata/{element}"
    return _send_parts(form, found.parts, [address] * len(found.parts))


def _send_parts(form: Form, parts: Sequence[bytes], addresses: Sequence[str]) -> Response:
    """Answer one part by itself, or parts in a message (PS3.18 8.6.1)."""
    full_type = form.offer.full_type
    if not form.multipart:
        return Response(parts[0], headers={"Content-Type": full_type, "Content-Location": addresses[0]})
    boundary = secrets.token_hex(16)
    heads = [
        f"--{boundary}\r\nContent-Type: {full_type}\r\nContent-Location: {address}\r\n\r\n".encode()
        for address in addresses
    ]
    body = b"".join(piece for head, part in zip(heads, parts, strict=True) for piece in (head, part, b"\r\n"))
    related = f'{RELATED}; type="{form.offer.media_type}"; transfer-syntax={form.offer.transfer_syntax}'
    return Response(body + f"--{boundary}--\r\n".encode(), headers={"Content-Type": f"{related}; boundary={boundary}"})
