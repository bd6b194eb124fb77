"""The upload page, the list of uploads, and each upload's page, which is its receipt."""

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, Response

from intake.record import Upload
from intake.states import State
from portal import files as seen
from portal import words
from portal.identity import Identity
from portal.pages import render
from portal.services import Services, services_of
from portal.session import staff
from portal.shapes import NewUpload
from portal.web import receipts

router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)

Staff = Annotated[Identity, Depends(staff)]
Collaborators = Annotated[Services, Depends(services_of)]

LIST = 50
"""Uploads a page."""

LIMITS = {
    name: next(limit.max_length for limit in NewUpload.model_fields[name].metadata if hasattr(limit, "max_length"))
    for name in ("reference", "note")
}
"""Characters that the form's fields take."""


@router.get("/upload")
def upload_page(request: Request, identity: Staff) -> Response:
    """Raises ClinicError for admins, who upload for none."""
    identity.own_clinic()
    return render(request, "upload.html", limits=LIMITS)


@router.get("/uploads")
def uploads_page(request: Request, identity: Staff, services: Collaborators, cursor: str | None = None) -> Response:
    page = seen.uploads(services, identity, cursor, LIST)
    return render(
        request,
        "uploads.html",
        uploads=page.rows,
        sources=words.SOURCES,
        newest="/uploads" if cursor else None,
        following=f"/uploads?{urlencode({'cursor': page.next})}" if page.next else None,
    )


@router.get("/uploads/{upload_id}")
def upload_receipt(
    request: Request, identity: Staff, services: Collaborators, upload_id: str, cursor: str | None = None
) -> Response:
    upload = seen.upload(services, identity, upload_id)
    shown = _receipt(services, identity, upload, cursor)
    return render(request, "receipt.html", sources=words.SOURCES, **shown)


@router.get("/uploads/{upload_id}/_receipt")
def upload_receipt_again(
    request: Request,
    identity: Staff,
    services: Collaborators,
    *,
    upload_id: str,
    cursor: str | None = None,
    unchanged: str | None = None,
) -> Response:
    """Render the receipt's body, or answer 204 while it would look as it did: most looks cost one read."""
    upload = seen.upload(services, identity, upload_id)
    if unchanged == receipts.fingerprint(upload) and words.waiting(upload):
        return Response(status_code=204)
    return render(request, "_receipt.html", **_receipt(services, identity, upload, cursor))


def _receipt(services: Services, identity: Identity, upload: Upload, cursor: str | None) -> dict[str, Any]:
    searched = receipts.searched(services, identity, upload.upload_id)
    page = seen.files_of(services, identity, upload.upload_id, cursor, receipts.PAGE)
    path = f"/uploads/{upload.upload_id}"
    again = {"unchanged": receipts.fingerprint(upload)} | ({"cursor": cursor} if cursor else {})
    return {
        "upload": upload,
        "tiles": receipts.tiles(upload),
        "bar": receipts.bar(upload),
        "causes": receipts.causes(searched) if _may_have_causes(upload) else [],
        "causes_cut": receipts.SEARCHED if upload.declared > receipts.SEARCHED else 0,
        "files": page.rows,
        "seconds": receipts.seconds_to_next_look(upload, page.rows, services.clock()),
        "again": f"{path}/_receipt?{urlencode(again)}",
        "newest": path if cursor else None,
        "following": f"{path}?{urlencode({'cursor': page.next})}" if page.next else None,
    }


def _may_have_causes(upload: Upload) -> bool:
    """Say whether looking for causes can find any."""
    troubled = (State.REJECTED, State.FAILED, State.EXPIRED)
    return bool(upload.warnings) or any(upload.counts.get(state) for state in troubled)
