"""Files that wait for us and not for their sender: arrived and not judged, or failed on our side."""

from datetime import timedelta

from intake.files.model import FileSummary
from intake.files.outcomes import Page
from intake.files.states import State
from intake.operations.model import StuckFile
from intake.orders.model import Order, Selection, Task
from portal.auth.identity import Identity
from portal.cursors import Cursor
from portal.quarantine import orders
from portal.services import Services
from portal.uploads import visibility

SEEN_WITHIN = timedelta(minutes=12)
"""The sweep looks every five minutes: what it did not see stuck twice in a row is no longer so."""

SHOWN = 500


def list_stuck(services: Services) -> tuple[StuckFile, ...]:
    """Return files that arrived and have no verdict, those first that have waited longest."""
    seen = services.stuck_files.list_seen(services.clock() - SEEN_WITHIN, SHOWN)
    records = services.records.get_many([file.file_id for file in seen])
    still = {file_id for file_id, record in records.items() if record.state is State.AWAITING_UPLOAD}
    return tuple(file for file in seen if file.file_id in still)


def list_failed(services: Services, identity: Identity, cursor: Cursor, limit: int) -> Page[FileSummary]:
    """Return files that failed on our side, newest first. Raises InvalidCursorError."""
    return visibility.list_files(services, identity, state=State.FAILED, since=None, cursor=cursor, limit=limit)


def check(services: Services, identity: Identity, state: State, file_ids: tuple[str, ...], *, order_id: str) -> Order:
    """Have files judged: those named, or all that are in such a state."""
    named = file_ids
    if not named and state is State.AWAITING_UPLOAD:
        # Most of those that are awaited have not arrived; only the ones that the sweep saw are meant.
        named = tuple(file.file_id for file in list_stuck(services))
    chosen = Selection(file_ids=named, state=state)
    return orders.place(services, identity, Task.REPROCESS, chosen, order_id=order_id)
