"""Orders as people place them: noted, kept and sent, once however often they are asked for."""

import pytest

from intake.errors import ConflictError, NotFoundError
from intake.files.states import State
from intake.orders.commands import FindFiles, parse_command
from intake.orders.model import Selection, Task
from portal.auth.identity import Identity
from portal.errors import ClinicError, OrderError, ScopeError
from portal.quarantine import orders
from tests.records import a_file, an_upload

STAFF = Identity("user-1", "northside", False, frozenset({"scalper/upload", "scalper/read"}), "Nora North")
OTHERS = Identity("user-2", "lakeview", False, frozenset({"scalper/upload", "scalper/read"}), "Lea Lake")
AN_ORDER = "01m8k4hcp9437tkt0nbpnkx5nq"
ADMIN = Identity("admin-1", None, True, frozenset({"scalper/read"}), "Robin Vale")


@pytest.fixture
def failed(portal):
    portal.records.create_upload(an_upload())
    rows = [a_file(number, state=State.FAILED) for number in range(3)]
    portal.records.add_files(an_upload(), rows)
    return rows


def sent(portal):
    return [parse_command(message.body) for message in portal.queue.messages]


def test_all_failed_files_of_an_upload_are_one_order_and_one_message(portal, failed):
    order_id = orders.new_order_id()

    order = orders.retry_failed(portal.services, STAFF, failed[0].upload_id, order_id=order_id)

    assert order.selection == Selection(upload_id=failed[0].upload_id, state=State.FAILED, clinic_id="northside")
    assert sent(portal) == [FindFiles(owner="northside", order_id=order_id)]
    assert orders.find_order(portal.services, STAFF, order_id) == order


def test_what_is_asked_is_noted_with_who_and_what(portal, failed):
    orders.retry(portal.services, STAFF, [failed[0].file_id], order_id=orders.new_order_id())

    (entry,) = portal.audit.written
    assert (entry.action, entry.actor, entry.clinic_id) == ("file.reprocess", "user-1", "northside")
    assert (entry.subject, entry.detail["files"]) == (failed[0].file_id, "1")


def test_a_form_that_is_sent_twice_is_one_order_and_one_note(portal, failed):
    order_id = orders.new_order_id()
    for _ in range(2):
        orders.retry_failed(portal.services, STAFF, failed[0].upload_id, order_id=order_id)

    assert len(portal.orders.placed) == len(portal.audit.written) == 1


def test_an_order_that_was_kept_and_never_sent_is_sent_by_asking_again(portal, failed):
    order_id = orders.new_order_id()
    orders.retry_failed(portal.services, STAFF, failed[0].upload_id, order_id=order_id)
    portal.queue.messages.clear()

    orders.retry_failed(portal.services, STAFF, failed[0].upload_id, order_id=order_id)

    assert sent(portal) == [FindFiles(owner="northside", order_id=order_id)]


def test_another_clinics_files_uploads_and_orders_are_not_there(portal, failed):
    order = orders.retry_failed(portal.services, STAFF, failed[0].upload_id, order_id=orders.new_order_id())
    for asking in (
        lambda: orders.retry(portal.services, OTHERS, [failed[0].file_id], order_id=order.order_id),
        lambda: orders.retry_failed(portal.services, OTHERS, failed[0].upload_id, order_id=order.order_id),
        lambda: orders.find_order(portal.services, OTHERS, order.order_id),
    ):
        with pytest.raises(NotFoundError):
            asking()
    assert len(portal.audit.written) == 1


def test_an_id_cannot_be_used_for_another_order(portal, failed):
    order_id = orders.new_order_id()
    orders.retry(portal.services, STAFF, [failed[0].file_id], order_id=order_id)
    with pytest.raises(ConflictError):
        orders.retry(portal.services, STAFF, [failed[1].file_id], order_id=order_id)


def test_who_may_not_upload_may_not_retry(portal, failed):
    reader = Identity("partner-1", "northside", False, frozenset({"scalper/read"}), "A reader")
    with pytest.raises(ScopeError):
        orders.retry_failed(portal.services, reader, failed[0].upload_id, order_id=orders.new_order_id())
    with pytest.raises((ScopeError, ClinicError)):
        orders.retry(portal.services, ADMIN, [failed[0].file_id], order_id=orders.new_order_id())


@pytest.mark.parametrize(
    ("order_id", "selection"),
    [
        ("not an id", Selection(state=State.REJECTED)),
        (AN_ORDER, Selection()),
        (AN_ORDER, Selection(state=State.REJECTED, file_ids=("x",) * 501)),
    ],
)
def test_an_order_needs_a_proper_id_a_state_and_a_bearable_number_of_names(portal, order_id, selection):
    with pytest.raises(OrderError):
        orders.place(portal.services, ADMIN, Task.DELETE, selection, order_id=order_id)
    assert not portal.audit.written
