"""Orders, in memory."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from intake.errors import NotFoundError
from intake.files.outcomes import Page
from intake.orders.model import Answered, Order, OrderBatch
from tests.fakes.table import page_of


@dataclass
class FakeOrders:
    """Keeps orders for good."""

    placed: dict[tuple[str, str], Order] = field(default_factory=dict)
    portions: dict[tuple[str, str, int], OrderBatch] = field(default_factory=dict)
    answered: dict[tuple[str, str], dict[str, Answered]] = field(default_factory=dict)

    def place(self, order: Order) -> Order:
        return self.placed.setdefault((order.owner, order.order_id), order)

    def order(self, owner: str, order_id: str) -> Order:
        if (owner, order_id) not in self.placed:
            raise NotFoundError(order_id)
        rows = self.answered.get((owner, order_id), {}).values()
        return replace(
            self.placed[owner, order_id],
            answers=dict(Counter(row.answer for row in rows)),
            codes=dict(Counter(code for row in rows for code in row.codes)),
        )

    def recent(self, owner: str, limit: int) -> tuple[Order, ...]:
        mine = [order for (whose, _), order in self.placed.items() if whose == owner]
        return tuple(sorted(mine, key=lambda order: order.order_id, reverse=True)[:limit])

    def portion(self, owner: str, order_id: str, number: int) -> OrderBatch | None:
        return self.portions.get((owner, order_id, number))

    def add_portion(self, owner: str, order_id: str, number: int, portion: OrderBatch) -> OrderBatch:
        standing = self.portions.get((owner, order_id, number))
        if standing:
            return standing
        self.portions[owner, order_id, number] = portion
        order = self.placed[owner, order_id]
        total = order.total + len(portion.file_ids)
        self.placed[owner, order_id] = replace(order, total=total, listed=portion.next is None)
        return portion

    def answer(self, owner: str, order_id: str, answers: Sequence[Answered]) -> None:
        for row in answers:
            self.answered.setdefault((owner, order_id), {}).setdefault(row.file_id, row)

    def answers(self, owner: str, order_id: str, after: str | None, limit: int) -> Page[Answered]:
        rows = sorted(self.answered.get((owner, order_id), {}).values(), key=lambda row: row.file_id)
        return page_of(rows, f"answers {owner} {order_id}", after, limit)
