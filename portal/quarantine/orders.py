"""Has files looked at again: one, those of a page, or all that match, however many.

A request only writes an order down and asks the processor to carry it out; the files are found there. Asking twice
with the same order id is one order.
"""

from collections.abc import Sequence

from intake.errors import ConflictError, NotFoundError
from intake.files.keys import is_upload_id, new_upload_id
from intake.files.states import State
from intake.orders.commands import FindFiles
from intake.orders.model import Order, Selection, Task
from portal.audit import note
from portal.auth.identity import UPLOAD, Identity
from portal.errors import OrderError
from portal.services import Services
from portal.uploads import visibility

MOST_NAMED = 500
"""Files that an order may name; more are found by what they have in common."""

ACTIONS = {
    Task.REPROCESS: "file.reprocess",
    Task.TRY: "file.dry-run",
    Task.ACCEPT: "file.accept",
    Task.DELETE: "file.delete",
}
"""What the audit log calls each task."""


def new_order_id() -> str:
    """Return an id for a form to carry, so that sending it twice asks once."""
    return new_upload_id()


def retry(services: Services, identity: Identity, file_ids: Sequence[str], *, order_id: str) -> Order:
    """Have a clinic's own failed files checked again. Raises NotFoundError when one is not the clinic's."""
    identity.require(UPLOAD)
    for file_id in file_ids:
        visibility.read_file(services, identity, file_id)
    chosen = Selection(file_ids=tuple(file_ids), state=State.FAILED, clinic_id=identity.own_clinic())
    return place(services, identity, Task.REPROCESS, chosen, order_id=order_id)


def retry_failed(services: Services, identity: Identity, upload_id: str, *, order_id: str) -> Order:
    """Have all failed files of a clinic's own upload checked again. Raises NotFoundError."""
    identity.require(UPLOAD)
    visibility.read_upload(services, identity, upload_id)
    chosen = Selection(upload_id=upload_id, state=State.FAILED, clinic_id=identity.own_clinic())
    return place(services, identity, Task.REPROCESS, chosen, order_id=order_id)


def find_order(services: Services, identity: Identity, order_id: str) -> Order:
    """Return how far an order has come. Raises NotFoundError, also for another owner's."""
    return services.orders.order(identity.clinic_id or "", order_id)


def place(
    services: Services, identity: Identity, task: Task, selection: Selection, *, order_id: str, reason: str = ""
) -> Order:
    """Note, keep and send an order. Raises OrderError for one that names nothing, too much or no proper id."""
    if not is_upload_id(order_id) or len(selection.file_ids) > MOST_NAMED or selection.state is None:
        raise OrderError("The order cannot be carried out.")
    order = Order(
        order_id=order_id,
        owner=identity.clinic_id or "",
        task=task,
        selection=selection,
        actor=identity.subject,
        placed_at=services.clock(),
    )
    try:
        standing = services.orders.order(order.owner, order_id)
    except NotFoundError:
        _note(services, identity, order, reason)
        standing = services.orders.place(order)
    if (standing.task, standing.selection, standing.actor) != (task, selection, identity.subject):
        raise ConflictError("the order's id was used for another")
    # Sent also where the order stood already: the one who placed it may have fallen before sending.
    services.queue.send([FindFiles(owner=order.owner, order_id=order_id).message()])
    return standing


def _note(services: Services, identity: Identity, order: Order, reason: str) -> None:
    chosen = order.selection
    told = {
        "order": order.order_id,
        "files": str(len(chosen.file_ids)) if chosen.file_ids else "all that match",
        "state": chosen.state or "",
        "upload": chosen.upload_id,
        "code": chosen.code,
        "kind": chosen.kind,
        "device": chosen.device,
        "since": f"{chosen.since:%Y-%m-%d %H:%M}" if chosen.since else "",
        "until": f"{chosen.until:%Y-%m-%d %H:%M}" if chosen.until else "",
    }
    note(
        services,
        identity,
        ACTIONS[order.task],
        clinic_id=chosen.clinic_id,
        subject=chosen.file_ids[0] if len(chosen.file_ids) == 1 else chosen.upload_id or order.order_id,
        reason=reason,
        **{name: value for name, value in told.items() if value},
    )
