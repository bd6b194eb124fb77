"""What admins have ordered and proposed, for looking at the work lists."""

from datetime import timedelta

from intake import keys
from intake.ports import Answer, Answered, Order, Portion, Review, Selection, Task
from intake.record import now
from intake.states import State
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
    return _order(portal, Task.REPROCESS, upload_id, 230, 84), _order(portal, Task.TRY, upload_id, 230, 230)


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
    portal.orders.add_portion("", order.order_id, 0, Portion(ids, None))
    portal.orders.answer(order.order_id, [_answer(file_id, place) for place, file_id in enumerate(ids[:answered])])
    return order.order_id


def _answer(file_id: str, place: int) -> Answered:
    answer = (Answer.ACCEPTED, Answer.ACCEPTED, Answer.WARNED, Answer.REJECTED, Answer.ACCEPTED)[place % 5]
    answer = Answer.GONE if place == 40 else answer
    codes = ("truncated",) if answer is Answer.REJECTED else ()
    return Answered(file_id=file_id, clinic_id="northside", answer=answer, codes=codes)
