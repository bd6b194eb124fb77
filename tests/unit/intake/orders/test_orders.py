"""Orders in a table: placed once, found portion by portion, each file counted once."""

from datetime import timedelta

import pytest

from intake.errors import NotFoundError
from intake.files import keys
from intake.files.states import State
from intake.orders.model import Answer, Answered, Order, OrderBatch, Selection, Task
from intake.orders.orders import DynamoOrders
from intake.table.table import Table
from tests.records import NOON, UPLOAD_ID
from tests.unit.intake.conftest import TABLE

ORDER_ID = "01kanqzzzz0000000000000001"


def an_order(**changes):
    members = {
        "order_id": ORDER_ID,
        "owner": "",
        "task": Task.TRY,
        "selection": Selection(state=State.REJECTED, code="truncated", since=NOON, until=NOON + timedelta(days=1)),
        "actor": "admin-1",
        "placed_at": NOON,
    }
    return Order(**{**members, **changes})


def an_answer(number, answer=Answer.ACCEPTED, codes=()):
    return Answered(file_id=keys.file_id(UPLOAD_ID, number), clinic_id="northside", answer=answer, codes=codes)


@pytest.fixture
def orders(dynamodb):
    return DynamoOrders(Table(dynamodb, TABLE))


def test_an_order_is_read_as_it_was_placed(orders):
    order = an_order(selection=Selection(file_ids=(keys.file_id(UPLOAD_ID, 1),), state=State.FAILED))
    assert orders.place(order) == order
    assert orders.order("", ORDER_ID) == order
    assert orders.recent("", 5) == (order,)


def test_placing_twice_returns_the_first(orders):
    first = orders.place(an_order())
    assert orders.place(an_order(task=Task.DELETE, actor="somebody")) == first


@pytest.mark.parametrize("owner", ["northside", "lakeview"])
def test_an_order_of_another_owner_is_not_there(orders, owner):
    orders.place(an_order())
    for order_id in (ORDER_ID, "nonsense", ""):
        with pytest.raises(NotFoundError):
            orders.order(owner, order_id)


def test_a_portion_counts_once_and_stays_as_it_was_first_found(orders):
    orders.place(an_order())
    found = OrderBatch(("a", "b"), "next")
    assert orders.portion("", ORDER_ID, 0) is None
    assert orders.add_portion("", ORDER_ID, 0, found) == found
    assert orders.add_portion("", ORDER_ID, 0, OrderBatch(("a",), None)) == found

    standing = orders.order("", ORDER_ID)
    assert (standing.total, standing.listed) == (2, False)

    orders.add_portion("", ORDER_ID, 1, OrderBatch(("c",), None))
    standing = orders.order("", ORDER_ID)
    assert (standing.total, standing.listed, standing.complete) == (3, True, False)


def test_each_file_counts_once_with_what_was_noted_first(orders):
    orders.place(an_order())
    orders.add_portion("", ORDER_ID, 0, OrderBatch(("a", "b", "c"), None))
    orders.answer("", ORDER_ID, [an_answer(0), an_answer(1, Answer.REJECTED, ("truncated", "odd"))])
    orders.answer("", ORDER_ID, [an_answer(1, Answer.ACCEPTED), an_answer(2, Answer.REJECTED, ("truncated",))])

    order = orders.order("", ORDER_ID)
    assert order.answers == {Answer.ACCEPTED: 1, Answer.REJECTED: 2}
    assert order.codes == {"truncated": 2, "odd": 1}
    assert order.complete


def test_answers_are_listed_page_by_page(orders):
    orders.answer("", ORDER_ID, [an_answer(number) for number in range(60)])
    first = orders.answers("", ORDER_ID, None, 40)
    rest = orders.answers("", ORDER_ID, first.next, 40)
    assert [*first.rows, *rest.rows] == [an_answer(number) for number in range(60)]
    assert rest.next is None


def test_orders_of_two_owners_share_nothing_though_their_ids_are_the_same(orders):
    for owner in ("northside", "lakeview"):
        orders.place(an_order(owner=owner))
    orders.add_portion("northside", ORDER_ID, 0, OrderBatch((keys.file_id(UPLOAD_ID, 0),), None))
    orders.answer("northside", ORDER_ID, [an_answer(0)])

    assert orders.portion("lakeview", ORDER_ID, 0) is None
    assert orders.answers("lakeview", ORDER_ID, None, 40).rows == ()
    assert orders.order("lakeview", ORDER_ID) == an_order(owner="lakeview")
    assert orders.order("northside", ORDER_ID).answers == {Answer.ACCEPTED: 1}


def test_nothing_that_an_order_keeps_looks_like_a_files_record_to_the_projector(orders, dynamodb):
    orders.place(an_order())
    orders.add_portion("", ORDER_ID, 0, OrderBatch((an_answer(0).file_id,), None))
    orders.answer("", ORDER_ID, [an_answer(0)])
    items = dynamodb.scan(TableName=TABLE)["Items"]
    assert len(items) == 4
    assert not [item for item in items if item["sk"]["S"].startswith("FILE#")]
