"""Orders in the table, behind the `Orders` port.

An order's files are counted in a few sums instead of one, so that workers that answer at the same time seldom meet.
"""

import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial

from intake.errors import NotFoundError
from intake.files.keys import is_upload_id
from intake.files.model import timestamp
from intake.files.outcomes import Page
from intake.files.states import State
from intake.orders.model import Answer, Answered, Order, OrderBatch, Selection, Task
from intake.table.expressions import Write, account, addition, creation
from intake.table.items import Item, collect_sums, expiry, moment
from intake.table.queries import Query, check_position
from intake.table.table import ConditionFailedError, Table
from intake.table.transactions import transact_patiently, write_each_once

SHARDS = 8
ANSWERS_PER_TRANSACTION = 50
_ANSWER = "ANSWER#"
"""Not as records of files begin, which the projector follows."""
_SUM = "SUM#"


class DynamoOrders:
    """Keeps orders, what they are about, and what became of it."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def place(self, order: Order) -> Order:
        chosen = asdict(order.selection)
        moments = {name: timestamp(chosen[name]) if chosen[name] else None for name in ("since", "until")}
        item = {
            **_order_key(order.owner, order.order_id),
            "owner": order.owner,
            "task": order.task.value,
            "selection": {**chosen, **moments, "file_ids": list(order.selection.file_ids)},
            "actor": order.actor,
            "placed_at": timestamp(order.placed_at),
            "listed": order.listed,
            "total": order.total,
            "expires": expiry(),
        }
        try:
            self._table.write(creation(item, account(order.owner)))
        except ConditionFailedError as refused:
            return _order(refused.standing, [])
        return order

    def order(self, owner: str, order_id: str) -> Order:
        item = self._table.get(_order_key(owner, order_id)) if is_upload_id(order_id) else None
        if item is None:
            raise NotFoundError("there is no such order")
        return _order(item, self._rows(owner, order_id, _SUM, None, SHARDS))

    def recent(self, owner: str, limit: int) -> tuple[Order, ...]:
        latest = self._table.query(Query(_order_key(owner, "")["pk"], newest_first=True, limit=limit))
        return tuple(_order(item, []) for item in latest.rows)

    def portion(self, owner: str, order_id: str, number: int) -> OrderBatch | None:
        item = self._table.get(_portion_key(owner, order_id, number))
        return _portion(item) if item else None

    def add_portion(self, owner: str, order_id: str, number: int, portion: OrderBatch) -> OrderBatch:
        found = {"file_ids": list(portion.file_ids), "next": portion.next}
        mine, total = account(owner), Counter(total=len(portion.file_ids))
        counted = addition(_order_key(owner, order_id), total, mine, sets={"listed": portion.next is None})
        item = {**_portion_key(owner, order_id, number), **found, "expires": expiry()}
        refused = transact_patiently(self._table, [creation(item, mine), counted], "order")
        return _portion(refused[0]) if refused else portion

    def answer(self, owner: str, order_id: str, answers: Sequence[Answered]) -> None:
        for start in range(0, len(answers), ANSWERS_PER_TRANSACTION):
            rows = answers[start : start + ANSWERS_PER_TRANSACTION]
            write_each_once(self._table, rows, partial(_answer_writes, owner, order_id), "order")

    def answers(self, owner: str, order_id: str, after: str | None, limit: int) -> Page[Answered]:
        if after is not None:
            after = check_position(after, _ANSWER, f"{_ANSWER}z")
        rows = self._rows(owner, order_id, _ANSWER, after, limit + 1)
        page = rows[:limit]
        return Page(tuple(map(_read_answer, page)), page[-1]["sk"] if len(rows) > limit else None)

    def _rows(self, owner: str, order_id: str, prefix: str, after: str | None, limit: int) -> list[Item]:
        # The space sorts directly behind the key itself.
        stretch = (f"{after} " if after else prefix, f"{prefix}~")
        query = Query(_key(owner, order_id, "")["pk"], between=stretch, limit=limit, consistent=True)
        return self._table.query(query).rows


def _order_key(owner: str, order_id: str) -> Item:
    return {"pk": f"ORDERS#{owner}", "sk": order_id}


def _key(owner: str, order_id: str, sort: str) -> Item:
    # Senders choose the ids of their orders: under another owner, the same one is another order.
    return {"pk": f"ORDER#{owner}#{order_id}", "sk": sort}


def _portion_key(owner: str, order_id: str, number: int) -> Item:
    return _key(owner, order_id, f"PORTION#{number:07d}")


def _order(item: Item, sums: Sequence[Item]) -> Order:
    answers: Counter[str] = Counter()
    codes: Counter[str] = Counter()
    for row in sums:
        answers.update(collect_sums(row, "n_"))
        codes.update(collect_sums(row, "code_"))
    chosen = item["selection"]
    return Order(
        order_id=item["sk"],
        owner=item["owner"],
        task=Task(item["task"]),
        selection=Selection(
            file_ids=tuple(chosen["file_ids"]),
            state=State(chosen["state"]) if chosen["state"] else None,
            clinic_id=chosen["clinic_id"],
            upload_id=chosen["upload_id"],
            code=chosen["code"],
            kind=chosen["kind"],
            device=chosen.get("device", ""),
            since=moment(chosen["since"]) if chosen["since"] else None,
            until=moment(chosen["until"]) if chosen["until"] else None,
        ),
        actor=item["actor"],
        placed_at=moment(item["placed_at"]),
        listed=item["listed"],
        total=item.get("total", 0),
        answers={Answer(name): amount for name, amount in answers.items()},
        codes=dict(codes),
    )


def _portion(item: Item) -> OrderBatch:
    return OrderBatch(tuple(item["file_ids"]), item.get("next"))


def _answer_writes(owner: str, order_id: str, answers: list[Answered]) -> list[Write]:
    mine = account(owner)
    puts: list[Write] = []
    sums: dict[int, Counter[str]] = {}
    for row in answers:
        item = {
            **_key(owner, order_id, f"{_ANSWER}{row.file_id}"),
            "clinic_id": row.clinic_id,
            "answer": row.answer.value,
            "codes": list(row.codes),
            "expires": expiry(),
        }
        puts.append(creation(item, mine))
        names = [f"n_{row.answer}", *(f"code_{code}" for code in row.codes)]
        sums.setdefault(zlib.crc32(row.file_id.encode()) % SHARDS, Counter()).update(names)
    updates = [
        addition(_key(owner, order_id, f"{_SUM}{shard}"), counts, mine, sets={"expires": expiry()})
        for shard, counts in sums.items()
    ]
    return [*puts, *updates]


def _read_answer(item: Item) -> Answered:
    return Answered(
        file_id=item["sk"].removeprefix(_ANSWER),
        clinic_id=item["clinic_id"],
        answer=Answer(item["answer"]),
        codes=tuple(item["codes"]),
    )
