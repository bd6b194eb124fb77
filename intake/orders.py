"""Orders in the table, behind the `Orders` port.

An order's files are counted in a few sums instead of one, so that workers that answer at the same time seldom meet.
"""

import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from intake.aws_errors import code_of, standing_item
from intake.cursors import check_position
from intake.errors import NotFoundError
from intake.expressions import addition, creation
from intake.items import Item, expiry, moment, plain, prefixed, wire
from intake.keys import is_upload_id
from intake.ownership import account
from intake.ports import Answer, Answered, Order, OrderBatch, Page, Selection, Task
from intake.record import timestamp
from intake.states import State
from intake.transactions import write_each_once

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

SHARDS = 8
ANSWERS_PER_TRANSACTION = 50
_ANSWER = "ANSWER#"
"""Not as records of files begin, which the projector follows."""
_SUM = "SUM#"


class DynamoOrders:
    """Keeps orders, what they are about, and what became of it."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._dynamodb = client
        self._table = table

    def place(self, order: Order) -> Order:
        try:
            self._dynamodb.put_item(**creation(self._table, _order_item(order), account(order.owner)))
        except ClientError as error:
            if code_of(error) != "ConditionalCheckFailedException":
                raise
            return _order(plain(standing_item(error)), [])
        return order

    def order(self, owner: str, order_id: str) -> Order:
        if not is_upload_id(order_id):
            raise NotFoundError("there is no such order")
        answer = self._dynamodb.get_item(
            TableName=self._table, Key=wire(_order_key(owner, order_id)), ConsistentRead=True
        )
        if "Item" not in answer:
            raise NotFoundError("there is no such order")
        return _order(plain(answer["Item"]), self._rows(owner, order_id, _SUM, None, SHARDS))

    def recent(self, owner: str, limit: int) -> tuple[Order, ...]:
        answer = self._dynamodb.query(
            TableName=self._table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues=wire({":pk": _order_key(owner, "")["pk"]}),
            ScanIndexForward=False,
            Limit=limit,
        )
        return tuple(_order(plain(item), []) for item in answer["Items"])

    def portion(self, owner: str, order_id: str, number: int) -> OrderBatch | None:
        key = wire(_portion_key(owner, order_id, number))
        answer = self._dynamodb.get_item(TableName=self._table, Key=key, ConsistentRead=True)
        return _portion(plain(answer["Item"])) if "Item" in answer else None

    def add_portion(self, owner: str, order_id: str, number: int, portion: OrderBatch) -> OrderBatch:
        found = {"file_ids": list(portion.file_ids), "next": portion.next}
        counted: Any = addition(
            self._table,
            _order_key(owner, order_id),
            Counter(total=len(portion.file_ids)),
            account(owner),
            sets={"listed": portion.next is None},
        )
        item = {**_portion_key(owner, order_id, number), **found, "expires": expiry()}
        new: Any = creation(self._table, item, account(owner))
        try:
            self._dynamodb.transact_write_items(TransactItems=[{"Put": new}, {"Update": counted}])
        except ClientError as error:
            standing = self.portion(owner, order_id, number)
            if code_of(error) != "TransactionCanceledException" or standing is None:
                raise
            return standing
        return portion

    def answer(self, owner: str, order_id: str, answers: Sequence[Answered]) -> None:
        for start in range(0, len(answers), ANSWERS_PER_TRANSACTION):
            rows = answers[start : start + ANSWERS_PER_TRANSACTION]
            write_each_once(self._dynamodb, rows, partial(self._transaction, owner, order_id), "order")

    def answers(self, owner: str, order_id: str, after: str | None, limit: int) -> Page[Answered]:
        if after is not None:
            after = check_position(after, _ANSWER, f"{_ANSWER}z")
        rows = self._rows(owner, order_id, _ANSWER, after, limit + 1)
        page = rows[:limit]
        return Page(tuple(map(_answered, page)), page[-1]["sk"] if len(rows) > limit else None)

    def _transaction(self, owner: str, order_id: str, answers: list[Answered]) -> list[Any]:
        sums: dict[int, Counter[str]] = {}
        for row in answers:
            names = [f"n_{row.answer}", *(f"code_{code}" for code in row.codes)]
            sums.setdefault(zlib.crc32(row.file_id.encode()) % SHARDS, Counter()).update(names)
        mine = account(owner)
        puts = [{"Put": creation(self._table, _answer_item(owner, order_id, row), mine)} for row in answers]
        updates = [
            addition(self._table, _key(owner, order_id, f"{_SUM}{shard}"), counts, mine, sets={"expires": expiry()})
            for shard, counts in sums.items()
        ]
        return [*puts, *({"Update": update} for update in updates)]

    def _rows(self, owner: str, order_id: str, prefix: str, after: str | None, limit: int) -> list[Item]:
        answer = self._dynamodb.query(
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND sk BETWEEN :first AND :last",
            ExpressionAttributeValues=wire(
                # The space sorts directly behind the key itself.
                {
                    ":pk": _key(owner, order_id, "")["pk"],
                    ":first": f"{after} " if after else prefix,
                    ":last": f"{prefix}~",
                }
            ),
            Limit=limit,
            ConsistentRead=True,
        )
        return [plain(item) for item in answer["Items"]]


def _order_key(owner: str, order_id: str) -> Item:
    return {"pk": f"ORDERS#{owner}", "sk": order_id}


def _key(owner: str, order_id: str, sort: str) -> Item:
    # Senders choose the ids of their orders: under another owner, the same one is another order.
    return {"pk": f"ORDER#{owner}#{order_id}", "sk": sort}


def _portion_key(owner: str, order_id: str, number: int) -> Item:
    return _key(owner, order_id, f"PORTION#{number:07d}")


def _order_item(order: Order) -> Item:
    chosen = asdict(order.selection)
    moments = {name: timestamp(chosen[name]) if chosen[name] else None for name in ("since", "until")}
    return {
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


def _order(item: Item, sums: Sequence[Item]) -> Order:
    answers: Counter[str] = Counter()
    codes: Counter[str] = Counter()
    for row in sums:
        answers.update(prefixed(row, "n_"))
        codes.update(prefixed(row, "code_"))
    return Order(
        order_id=item["sk"],
        owner=item["owner"],
        task=Task(item["task"]),
        selection=_selection(item["selection"]),
        actor=item["actor"],
        placed_at=moment(item["placed_at"]),
        listed=item["listed"],
        total=item.get("total", 0),
        answers={Answer(name): amount for name, amount in answers.items()},
        codes=dict(codes),
    )


def _selection(row: Item) -> Selection:
    return Selection(
        file_ids=tuple(row["file_ids"]),
        state=State(row["state"]) if row["state"] else None,
        clinic_id=row["clinic_id"],
        upload_id=row["upload_id"],
        code=row["code"],
        kind=row["kind"],
        since=moment(row["since"]) if row["since"] else None,
        until=moment(row["until"]) if row["until"] else None,
    )


def _portion(item: Item) -> OrderBatch:
    return OrderBatch(tuple(item["file_ids"]), item.get("next"))


def _answer_item(owner: str, order_id: str, row: Answered) -> Item:
    return {
        **_key(owner, order_id, f"{_ANSWER}{row.file_id}"),
        "clinic_id": row.clinic_id,
        "answer": row.answer.value,
        "codes": list(row.codes),
        "expires": expiry(),
    }


def _answered(item: Item) -> Answered:
    return Answered(
        file_id=item["sk"].removeprefix(_ANSWER),
        clinic_id=item["clinic_id"],
        answer=Answer(item["answer"]),
        codes=tuple(item["codes"]),
    )
