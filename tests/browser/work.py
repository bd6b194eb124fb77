"""What admins have ordered and proposed, for looking at the work lists."""

from datetime import timedelta

from intake.files import keys
from intake.files.model import now
from intake.files.states import State
from intake.messaging.events import Arrival, notification
from intake.messaging.model import QueuedMessage
from intake.operations.model import LastError, StuckFile
from intake.orders.commands import DoTask
from intake.orders.model import Answer, Answered, Order, OrderBatch, Review, Selection, Task
from tests.browser.portal_server import PortalServer
from tests.browser.sample import STAFF


def work(portal: PortalServer, upload_id: str) -> tuple[str, str]:
    """Place a running order and a finished dry run, and propose one file. Return the orders' ids."""
    rejected = [file for file in portal.table.files.values() if file.state is State.REJECTED]
    portal.reviews.propose(
        Review(
            file_id=rejected[-1].file_id,
            clinic_id=rejected[-1].clinic_id,
            codes=rejected[-1].codes,
            reason="The referral is needed with this study; the clinic's scanner cannot export it otherwise.",
            proposed_by="another-admin",
            proposed_by_name="Sasha Lind",
            proposed_at=now() - timedelta(hours=3),
        )
    )
    _letters(portal, rejected[0].file_id)
    _stuck(portal)
    return _order(portal, Task.REPROCESS, upload_id, 230, 84), _order(portal, Task.TRY, upload_id, 230, 230)


def _letters(portal: PortalServer, file_id: str) -> None:
    sent = now() - timedelta(hours=2)
    order = DoTask(owner="", order_id=keys.upload_of(file_id), task=Task.REPROCESS, file_id=file_id, actor=STAFF)
    arrived = notification(Arrival(portal.table.files[file_id].incoming, sent))
    lost = {"streamArn": "arn", "shardId": "s", "startSequenceNumber": "1", "endSequenceNumber": "9", "batchSize": 42}
    portal.dead_letters.messages += [
        QueuedMessage("letter-1", arrived, 6, sent),
        QueuedMessage("letter-2", order.message(), 5, sent),
        QueuedMessage("letter-3", {}, 7, sent - timedelta(days=3)),
    ]
    portal.projection_failures.messages += [
        QueuedMessage("letter-4", {"DDBStreamBatchInfo": lost}, 1, sent),
        QueuedMessage("letter-5", {"DDBStreamBatchInfo": lost}, 1, sent - timedelta(days=3)),
    ]
    portal.last_errors.note(LastError("letter-1", "ClientError AccessDenied", sent))
    portal.last_errors.note(LastError("letter-2", "ContentionError", sent))


def _stuck(portal: PortalServer) -> None:
    waiting = [file for file in portal.table.files.values() if file.state is State.AWAITING_UPLOAD]
    at = now()
    portal.stuck_files.note(
        [
            StuckFile(file.file_id, file.clinic_id, at - timedelta(minutes=17 * place + 12), at)
            for place, file in enumerate(waiting)
        ]
    )


def _order(portal: PortalServer, task: Task, upload_id: str, files: int, answered: int) -> str:
    order = Order(
        order_id=keys.new_upload_id(),
        owner="",
        task=task,
        selection=Selection(state=State.REJECTED, code="truncated"),
        actor=STAFF,
        placed_at=now() - timedelta(minutes=2),
    )
    portal.orders.place(order)
    ids = tuple(keys.file_id(upload_id, number) for number in range(files))
    portal.orders.add_portion("", order.order_id, 0, OrderBatch(ids, None))
    portal.orders.answer("", order.order_id, [_answer(file_id, place) for place, file_id in enumerate(ids[:answered])])
    return order.order_id


def _answer(file_id: str, place: int) -> Answered:
    answer = (Answer.ACCEPTED, Answer.ACCEPTED, Answer.WARNED, Answer.REJECTED, Answer.ACCEPTED)[place % 5]
    answer = Answer.GONE if place == 40 else answer
    codes = ("truncated",) if answer is Answer.REJECTED else ()
    return Answered(file_id=file_id, clinic_id="northside", answer=answer, codes=codes)
