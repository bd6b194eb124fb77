"""Orders on their way to single files: found portion by portion, each file asked for, each counted once."""

from dataclasses import replace

import pytest

from intake.errors import NotFoundError
from intake.files.states import State
from intake.orders.commands import DoTask, FindFiles, parse_command
from intake.orders.model import Answer, Answered, Order, Selection, Task
from intake.projections.model import device
from processor.orders.dispatch import PORTION, OrderDispatcher
from tests.fakes import FakeOrders, FakeQueue, FakeRecords, FakeTable
from tests.records import NOON, REFUSAL, UPLOAD_ID, a_file, an_upload

ORDER_ID = "01kanqzzzz0000000000000009"


class Counter:
    """An order desk between fakes, and the queue that brings its messages back to it."""

    def __init__(self):
        self.table = FakeTable()
        self.orders, self.queue, self.records = FakeOrders(), FakeQueue(), FakeRecords(self.table)
        self.done = []
        self.dispatcher = OrderDispatcher(orders=self.orders, records=self.records, queue=self.queue, do=self.do)

    def do(self, command):
        self.done.append(command.file_id)
        return Answered(file_id=command.file_id, clinic_id="northside", answer=Answer.ACCEPTED)

    def fill(self, count, **changes):
        self.records.create_upload(an_upload())
        members = {"state": State.REJECTED, "findings": (REFUSAL,), **changes}
        files = [a_file(number, **members) for number in range(count)]
        self.records.add_files(an_upload(), files)
        return files

    def place(self, owner="", **selection):
        order = Order(
            order_id=ORDER_ID,
            owner=owner,
            task=Task.REPROCESS,
            selection=Selection(**{"state": State.REJECTED, **selection}),
            actor="admin-1",
            placed_at=NOON,
        )
        self.orders.place(order)
        self.queue.send([FindFiles(owner=owner, order_id=ORDER_ID).message()])

    def run(self, times=1):
        """Deliver every message, and what follows from it, so many times."""
        while self.queue.messages:
            command = parse_command(self.queue.messages.pop(0).body)
            for _ in range(times):
                self.dispatcher.find(command) if isinstance(command, FindFiles) else self.dispatcher.carry_out(command)

    @property
    def order(self):
        (owner,) = [owner for owner, _ in self.orders.placed]
        return self.orders.order(owner, ORDER_ID)


@pytest.fixture
def counter():
    return Counter()


def test_all_files_that_match_are_dealt_with_however_many_pages_there_are(counter):
    files = counter.fill(2 * PORTION + 30)
    counter.place()
    counter.run()
    assert sorted(counter.done) == sorted(file.file_id for file in files)
    assert (counter.order.total, counter.order.complete) == (230, True)
    assert counter.order.answers == {Answer.ACCEPTED: 230}


def test_every_message_may_come_twice_and_each_file_counts_once(counter):
    counter.fill(PORTION + 5)
    counter.place()
    counter.run(times=2)
    assert (counter.order.total, counter.order.answered, counter.order.complete) == (105, 105, True)


def test_a_portion_that_was_found_stays_as_it_was_though_its_files_move(counter):
    files = counter.fill(5)
    counter.place()
    find = FindFiles(owner="", order_id=ORDER_ID)
    counter.dispatcher.find(find)
    counter.table.files.pop(files[0].file_id)
    counter.queue.messages.clear()

    counter.dispatcher.find(find)

    assert len(counter.queue.messages) == 5
    assert counter.order.total == 5


@pytest.mark.parametrize(
    "selection",
    [
        {"code": "another"},
        {"kind": "pdf"},
        {"clinic_id": "lakeview"},
        {"until": NOON},
        {"state": State.FAILED},
        {"upload_id": UPLOAD_ID, "state": State.FAILED},
    ],
)
def test_what_does_not_match_is_left_alone(counter, selection):
    counter.fill(3)
    counter.place(**selection)
    counter.run()
    assert counter.done == []
    assert counter.order.complete


@pytest.mark.parametrize("selection", [{"code": REFUSAL.code, "since": NOON}, {"upload_id": UPLOAD_ID}])
def test_what_matches_is_found_by_code_time_and_upload(counter, selection):
    counter.fill(3)
    counter.place(**selection)
    counter.run()
    assert len(counter.done) == 3


@pytest.mark.parametrize("more", [{}, {"upload_id": UPLOAD_ID}, {"code": REFUSAL.code}])
def test_a_devices_files_are_found_by_what_their_records_say(counter, more):
    first, *_ = counter.fill(3)
    counter.table.files[first.file_id] = replace(first, metadata={"manufacturer": "ACME"})
    counter.place(device=device("northside", {"manufacturer": "ACME"}).key, **more)
    counter.run()
    assert (counter.done, counter.order.total) == ([first.file_id], 1)


def test_named_files_are_taken_once_and_only_those_that_are_there_and_match(counter):
    first, second, _ = counter.fill(3)
    counter.place(file_ids=(second.file_id, first.file_id, first.file_id, f"{UPLOAD_ID}-00099"))
    counter.run()
    assert sorted(counter.done) == [first.file_id, second.file_id]


def test_a_clinics_order_finds_no_other_clinics_files(counter):
    files = counter.fill(2)
    counter.place(owner="lakeview", clinic_id="lakeview", file_ids=(files[0].file_id,))
    counter.run()
    assert counter.done == []


def test_tasks_carry_who_asked_and_for_whom(counter):
    (file,) = counter.fill(1)
    counter.place()
    counter.dispatcher.find(FindFiles(owner="", order_id=ORDER_ID))
    assert parse_command(counter.queue.messages[-1].body) == DoTask(
        owner="", order_id=ORDER_ID, task=Task.REPROCESS, file_id=file.file_id, actor="admin-1"
    )


@pytest.mark.parametrize(("owner", "number"), [("", 3), ("northside", 0)])
def test_an_order_that_nobody_placed_is_trouble_for_a_person_to_look_at(counter, owner, number):
    counter.fill(1)
    counter.place()
    with pytest.raises(NotFoundError):
        counter.dispatcher.find(FindFiles(owner=owner, order_id=ORDER_ID, number=number))


def test_all_that_match_does_not_mean_what_its_clinic_has_replaced_already(counter):
    first, second, third = counter.fill(3)
    counter.table.save(second, replaced_by=third.file_id)
    counter.place()
    counter.run()
    assert sorted(counter.done) == [first.file_id, third.file_id]
