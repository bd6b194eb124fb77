"""Each upload's page, which is its receipt: live, printable, downloadable; what failed is a click from another try."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response

from intake.errors import NotFoundError
from intake.files.dealing import OF_FILES, OF_UPLOADS
from intake.files.keys import upload_of
from intake.files.model import FileRecord, Source, Upload
from intake.files.states import State
from intake.files.upload_state import UploadState, count_lost, count_missing, count_troubled, find_upload_state
from intake.orders.model import Order
from intake.studies.media_directory import Contents, is_media_directory
from portal import cursors
from portal.auth.identity import Identity
from portal.http.pages.downloads import send_table
from portal.http.pages.rendering import render
from portal.http.sessions.dependencies import Collaborators, PageCursor
from portal.presentation import labels
from portal.quarantine import orders
from portal.search.media_directories import compare_contents
from portal.services import Services
from portal.uploads import receipt_csv
from portal.uploads import visibility as seen
from portal.web.layout import receipts
from portal.web.layout.pages import Staff, build_address, build_page_links, see_other
from portal.web.layout.pictures import choose_by_study

router = APIRouter()

Asked = Annotated[str | None, Query(max_length=40)]
Said = Annotated[int, Query(ge=0, le=99_999_999_999)]
"""When somebody has said something of the upload's files, in seconds since 1970; 0 where nobody has."""

FRESH = timedelta(minutes=15)
"""How long after its start an upload is looked at often."""

SETTLING = timedelta(seconds=30)
"""How long after the last change of its files an upload's figures may still follow: what was sent in place of a file
is found once it is counted."""

IDLE = timedelta(minutes=2)
"""How long nothing has come of an upload that files are awaited of, until its receipt offers to go on with it."""

OFTEN, SELDOM = 2, 15
"""Seconds between two looks."""


@router.get("/uploads/{upload_id}")
def upload_receipt(
    request: Request,
    identity: Staff,
    services: Collaborators,
    *,
    upload_id: str,
    cursor: PageCursor,
    asked: Asked = None,
    said: Said = 0,
) -> Response:
    upload = seen.read_upload(services, identity, upload_id)
    order = _find_order(services, identity, upload_id, asked)
    shown = _build_view(services, identity, upload, cursor, order, said=said)
    return render(request, "receipt.html", sources=labels.SOURCES, **shown)


@router.get("/uploads/{upload_id}/_receipt")
def upload_receipt_again(
    request: Request,
    identity: Staff,
    services: Collaborators,
    *,
    upload_id: str,
    cursor: PageCursor,
    asked: Asked = None,
    said: Said = 0,
    unchanged: str | None = None,
) -> Response:
    """Render the receipt's body, or answer 204 while it would look as it did: most looks cost one read."""
    upload = seen.read_upload(services, identity, upload_id)
    order = _find_order(services, identity, upload_id, asked)
    at = services.clock()
    going_on = upload.waiting or (order and not order.complete) or is_fresh(upload, at, said)
    looked = receipts.fingerprint_receipt(upload, order, interrupted=is_interrupted(upload, at))
    if unchanged == looked and going_on:
        return Response(status_code=204)
    return render(request, "_receipt.html", **_build_view(services, identity, upload, cursor, order, said=said))


@router.get("/uploads/{upload_id}/trouble")
def trouble(
    request: Request,
    identity: Staff,
    services: Collaborators,
    *,
    upload_id: str,
    cause: Annotated[str, Query(pattern=r"^[0-3]#[a-z0-9-]{0,80}$")],
    cursor: PageCursor,
) -> Response:
    """List all files with one cause of trouble. Raises NotFoundError, InvalidCursorError."""
    upload = seen.read_upload(services, identity, upload_id)
    read = partial(services.troubles.files, upload_id, f"{cause}#", limit=receipts.PAGE)
    page = cursors.seal_page(services, identity, cursor, read, cause=cause)
    files = [seen.redact(identity, record) for record in page.rows]
    return render(
        request,
        "trouble.html",
        upload=upload,
        cause=receipts.build_cause(upload, cause, files) if files else None,
        files=files,
        order_id=orders.new_order_id(),
        **build_page_links(f"/uploads/{upload_id}/trouble", cursor, page.next, cause=cause),
    )


@router.get("/uploads/{upload_id}/receipt.csv")
def receipt_table(request: Request, identity: Staff, services: Collaborators, upload_id: str) -> Response:
    """Send the receipt as CSV, whose file name tells nothing but the upload's id. Raises NotFoundError."""
    return send_table(request, receipt_csv.write_receipt(services, identity, upload_id), f"receipt-{upload_id}.csv")


@router.post("/uploads/{upload_id}/retry")
def retry(
    identity: Staff,
    services: Collaborators,
    upload_id: str,
    order_id: Annotated[str, Form(max_length=40)],
    file_id: Annotated[str | None, Form(max_length=80)] = None,
) -> Response:
    """Have one failed file checked again, or all of the upload. Sending the form twice asks once.

    Raises NotFoundError, OrderError, ConflictError, ScopeError, ClinicError.
    """
    if file_id:
        orders.retry(services, identity, [file_id], order_id=order_id)
    else:
        orders.retry_failed(services, identity, upload_id, order_id=order_id)
    return see_other(build_address(f"/uploads/{upload_id}", {"asked": order_id}))


def _find_order(services: Services, identity: Identity, upload_id: str, asked: str | None) -> Order | None:
    """Return what was asked for of this upload, while it is known."""
    if not asked:
        return None
    try:
        order = orders.find_order(services, identity, asked)
    except NotFoundError:
        return None
    about = {order.selection.upload_id, *map(upload_of, order.selection.file_ids)}
    return order if upload_id in about else None


def _compare_first(services: Services, upload: Upload, files: Iterable[FileRecord]) -> Contents | None:
    """Return what the first DICOMDIR of a page lists, once nothing is waited for: one lookup a receipt."""
    found = (record for record in files if record.state is State.ACCEPTED and is_media_directory(record.metadata))
    directory = None if upload.waiting else next(found, None)
    return compare_contents(services, directory) if directory else None


def _build_view(
    services: Services, identity: Identity, upload: Upload, cursor: cursors.Cursor, order: Order | None, *, said: int
) -> dict[str, Any]:
    page = seen.page_files(services, identity, upload, cursor, receipts.PAGE)
    studies = services.troubles.studies(upload.upload_id, receipts.STUDIES)
    path = f"/uploads/{upload.upload_id}"
    at = services.clock()
    interrupted = is_interrupted(upload, at)
    looked = receipts.fingerprint_receipt(upload, order, interrupted=interrupted)
    again = {"unchanged": looked, "cursor": cursor.text, "said": said}
    return {
        "upload": upload,
        "tiles": receipts.list_tiles(upload),
        "bar": receipts.build_bar(upload),
        "causes": receipts.list_causes(services, identity, upload) if upload.causes else [],
        "shares": receipts.list_shares(upload, studies.rows),
        # Once nothing is waited for: until then, which image is in the middle changes with every look.
        "pictures": {} if upload.waiting else choose_by_study(services, identity, page.rows),
        "more_studies": studies.next is not None,
        "may_recur": bool(count_troubled(upload) or count_lost(upload)),
        "files": page.rows,
        "reasons_of_files": OF_FILES,
        "reasons_of_uploads": OF_UPLOADS,
        "contents": _compare_first(services, upload, page.rows),
        "order": order,
        "order_id": orders.new_order_id(),
        # It may still look again for a while: what was sent in place of a file is found once that is counted.
        "judged": upload.settled and all(file.state is not State.AWAITING_UPLOAD for file in page.rows),
        "interrupted": interrupted,
        "closable": not upload.closed and upload.settled and bool(count_missing(upload)),
        "seconds": choose_next_look(upload, page.rows, at, order, said),
        "again": build_address(f"{path}/_receipt", {**again, "asked": order.order_id if order else ""}),
        **build_page_links(path, cursor, page.next),
    }


def choose_next_look(
    upload: Upload, files: Sequence[FileRecord], at: datetime, order: Order | None = None, said: int = 0
) -> int | None:
    """Return when a page should look again, or None when nothing is going to change.

    The counts follow the records, so a row that still waits keeps the page looking although the counts are complete.
    """
    if order and not order.complete and at - order.placed_at < FRESH:
        return OFTEN
    if is_fresh(upload, at, said):
        return OFTEN
    done = not upload.waiting and all(file.state is not State.AWAITING_UPLOAD for file in files)
    if done or upload.source is Source.DIRECT:
        return None
    return OFTEN if at - upload.created_at < FRESH else SELDOM


def is_fresh(upload: Upload, at: datetime, said: int = 0) -> bool:
    """Say whether an upload in trouble may get out of it by itself, since its figures have just changed, or somebody
    has `said` something at that time, in seconds since 1970."""
    if find_upload_state(upload) not in {UploadState.MISSING, UploadState.NEEDS_ATTENTION}:
        return False
    is_changed = upload.changed_at is not None and at - upload.changed_at < SETTLING
    return is_changed or 0 <= at.timestamp() - said < SETTLING.total_seconds()


def is_interrupted(upload: Upload, at: datetime) -> bool:
    """Say whether files are awaited of an upload that nothing has come of for a while."""
    last = max(upload.created_at, upload.announced_at or upload.created_at, upload.changed_at or upload.created_at)
    return upload.source is not Source.DIRECT and upload.waiting > 0 and at - last > IDLE
