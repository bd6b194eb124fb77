"""When an upload's page looks again by itself, and when it offers to go on with what was interrupted."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from intake.files.model import FileRecord, Source, Upload
from intake.files.states import State
from intake.files.upload_state import UploadState, find_upload_state
from intake.orders.model import Order

FRESH = timedelta(minutes=15)
"""How long after its start an upload is looked at often."""

SETTLING = timedelta(seconds=30)
"""How long after the last change of its files an upload's figures may still follow: what was sent in place of a file
is found once it is counted."""

IDLE = timedelta(minutes=2)
"""How long nothing has come of an upload that files are awaited of, until its receipt offers to go on with it."""

OFTEN, SELDOM = 2, 15
"""Seconds between two looks."""


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
