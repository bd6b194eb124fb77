"""Orders on their way: from a selection to portions of files, from a portion to one message per file.

The files of an order are found by as many messages as there are portions, so no request waits and no function runs
long. A portion is written down before anything is asked of its files: found again, it would lack those already moved.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from intake.errors import NotFoundError
from intake.files.model import FileRecord, FileSummary
from intake.files.ports import Records
from intake.messaging.ports import Queue
from intake.orders.commands import DoTask, FindFiles
from intake.orders.model import Answered, Order, OrderBatch, Selection
from intake.orders.ports import Orders
from intake.projections.model import device

PORTION = 100
"""Files that are looked at for one message."""

_LAST = 100_000
"""Portions of an order at the most; more would be a circle."""


@dataclass(frozen=True, slots=True)
class Found:
    """What became of one portion, for logs and metrics."""

    order_id: str
    files: int
    complete: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderDispatcher:
    """Finds the files of orders, and has each of them dealt with."""

    orders: Orders
    records: Records
    queue: Queue
    do: Callable[[DoTask], Answered]

    def find(self, command: FindFiles) -> Found:
        """Raises NotFoundError for an order that nobody placed, or that has lapsed."""
        order = self.orders.order(command.owner, command.order_id)
        portion = self.orders.portion(order.owner, order.order_id, command.number)
        if portion is None:
            rows, behind = self._list_rows(order.selection, self._find_position(order, command.number))
            chosen = tuple(row.file_id for row in rows if order.may_choose(row))
            batch = OrderBatch(self._keep_device(order.selection.device, chosen), behind)
            portion = self.orders.add_portion(order.owner, order.order_id, command.number, batch)
        tasks = [
            DoTask(owner=order.owner, order_id=order.order_id, task=order.task, file_id=file_id, actor=order.actor)
            for file_id in portion.file_ids
        ]
        self.queue.send([task.message() for task in tasks])
        if portion.next is not None and command.number < _LAST:
            following = FindFiles(owner=order.owner, order_id=order.order_id, number=command.number + 1)
            self.queue.send([following.message()])
        return Found(order.order_id, len(portion.file_ids), portion.next is None)

    def _keep_device(self, wanted: str, file_ids: tuple[str, ...]) -> tuple[str, ...]:
        if not wanted:
            return file_ids
        records = self.records.get_many(file_ids)
        named = {file_id: device(record.clinic_id, record.metadata) for file_id, record in records.items()}
        return tuple(file_id for file_id in file_ids if (made_by := named.get(file_id)) and made_by.key == wanted)

    def carry_out(self, command: DoTask) -> Answered:
        answered = self.do(command)
        self.orders.answer(command.owner, command.order_id, [answered])
        return answered

    def _find_position(self, order: Order, number: int) -> str | None:
        """Return where a portion begins. Raises NotFoundError when the one before was never found."""
        if number == 0:
            return None
        previous = self.orders.portion(order.owner, order.order_id, number - 1)
        if previous is None or previous.next is None:
            raise NotFoundError("the order has no such portion")
        return previous.next

    def _list_rows(self, chosen: Selection, after: str | None) -> tuple[Iterable[FileSummary | FileRecord], str | None]:
        if chosen.file_ids:
            return self.records.get_many(chosen.file_ids).values(), None
        if chosen.upload_id:
            of_upload = self.records.files_of(chosen.upload_id, after, PORTION)
            return [record for record in of_upload.rows if not record.is_handled], of_upload.next
        page = self.records.files(chosen.clinic_id or None, chosen.state, chosen.since, after, PORTION)
        # The lists leave out what its clinic has replaced or dealt with, so "all that match" does not mean it either.
        records = self.records.get_many([row.file_id for row in page.rows if chosen.matches(row)])
        return [record for record in records.values() if not record.is_handled], page.next
