"""One table of DynamoDB: reads and writes of plain items, and what it answers to a condition that does not hold.

It knows neither files nor uploads. What a write is, and whose, is said in `intake/table/expressions.py`; what a query
is, in `intake/table/queries.py`. Source: Amazon DynamoDB API Reference.
"""

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING, Any, cast

from boto3.dynamodb.types import TypeSerializer
from botocore.exceptions import ClientError

from intake.aws_errors import read_error_code
from intake.errors import ContentionError, ScalperError
from intake.table.expressions import SYSTEM, Owner, Write, creation, replacement
from intake.table.items import Item, WireItem, read_value, unpack
from intake.table.queries import Query, Rows
from intake.table.throttling import PATIENCE_S, call_patiently, list_pauses, wait

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

KEYS_PER_CALL = 100
"""DynamoDB takes no more for one BatchGetItem."""

_ITEMS = frozenset({"ExclusiveStartKey", "ExpressionAttributeValues", "Item", "Key"})
"""Members of requests that are items, or maps of values like these."""

_SECRET_KEY = {"pk": "SECRET#PATIENTS", "sk": "#SECRET"}
"""Named after what it was first made for."""

_serialize = TypeSerializer().serialize

_CONFLICT = "TransactionConflict"
"""The reason of a cancelled transaction that others stood in the way of; it says nothing of its conditions."""


def serialize(item: Mapping[str, Any]) -> WireItem:
    """Write an item as DynamoDB takes it, leaving out what is None."""
    return {name: _serialize(value) for name, value in item.items() if value is not None}


def deserialize(item: Mapping[str, Any]) -> Item:
    """Read DynamoDB's form of an item; numbers become int, and what was packed is unpacked."""
    return {name: unpack(value["B"]) if "B" in value else read_value(value) for name, value in item.items()}


class ConditionFailedError(ScalperError):
    """Raised when the condition of a write does not hold: that of its caller, or that the item is its owner's."""

    def __init__(self, item: WireItem) -> None:
        super().__init__("the condition of a write does not hold")
        self._item = item

    @property
    def standing(self) -> Item:
        """The item that stands in the way, empty for none."""
        return deserialize(self._item)


class TransactionConflictError(ContentionError):
    """Raised when a transaction was cancelled because others were writing its items."""

    def __init__(self, refused: dict[int, Item]) -> None:
        super().__init__("others are writing the same items")
        self.refused = refused
        """The writes whose conditions do not hold either, as `Table.transact` returns them."""


class Table:
    """Reads and writes one table. Each method makes a call again for `patience_s` seconds while it is throttled.

    All of them raise ThrottledError when that was in vain. Any other error of DynamoDB's that tells of no condition is
    raised as it is.
    """

    def __init__(self, client: "DynamoDBClient", name: str, patience_s: float = PATIENCE_S) -> None:
        self._client = client
        self._name = name
        self._patience_s = patience_s

    def get(self, key: Item, *, owner: Owner | None = None, consistent: bool = True) -> Item | None:
        """Return the item at a key, or None; with `owner`, also where it is another's.

        Another's item is not even unpacked: how long that takes would tell that there is one.
        """
        request = self._build_request({"Key": key, "ConsistentRead": consistent})
        found: WireItem = self._call(self._client.get_item, request).get("Item", {})
        if not found or (owner and found.get(owner.attribute) != {"S": owner.name}):
            return None
        return deserialize(found)

    def batch_get(self, keys: Sequence[Item], *attributes: str, consistent: bool = True) -> list[Item | None]:
        """Return the items at `keys` in their order, each whole or its keys and those attributes; None for none."""
        wanted = list(dict.fromkeys((key["pk"], key["sk"]) for key in keys))
        parts = (wanted[start : start + KEYS_PER_CALL] for start in range(0, len(wanted), KEYS_PER_CALL))
        read = (item for part in parts for item in self._read_batch(part, attributes, consistent=consistent))
        found = {(item["pk"], item["sk"]): item for item in read}
        return [found.get((key["pk"], key["sk"])) for key in keys]

    def query(self, query: Query) -> Rows:
        """Return what DynamoDB reads at once: up to a megabyte of rows, or to the query's limit."""
        answer = self._call(self._client.query, self._build_request(query.request()))
        reached = answer.get("LastEvaluatedKey")
        return Rows([*map(deserialize, answer["Items"])], None if reached is None else deserialize(reached))

    def pages(self, query: Query) -> Iterator[list[Item]]:
        """Yield all rows, a page of DynamoDB's at a time; the first one also where it is empty."""
        rows, reached = self.query(query)
        yield rows
        while reached:
            rows, reached = self.query(replace(query, start=reached))
            yield rows

    def items(self, query: Query) -> Iterator[Item]:
        """Yield all rows."""
        for page in self.pages(query):
            yield from page

    def create(self, item: Item, owner: Owner) -> bool:
        """Write an item where there is none of its keys, and say whether there was none."""
        return self.write_if(creation(item, owner))

    def put(self, item: Item, owner: Owner) -> None:
        """Write an item over its owner's, or where there is none. Raises ConditionFailedError for another's."""
        self.write(replacement(item, owner))

    def write(self, write: Write) -> None:
        """Raises ConditionFailedError."""
        self._send(write)

    def write_if(self, write: Write) -> bool:
        """Write on the write's condition, and say whether it held."""
        try:
            self._send(write)
        except ConditionFailedError:
            return False
        return True

    def update_and_get(self, update: Write) -> Item:
        """Update an item, and return all of it as it is then. Raises ConditionFailedError."""
        return deserialize(self._send(update, ReturnValues="ALL_NEW"))

    def transact(self, writes: Sequence[Write]) -> dict[int, Item]:
        """Write all or nothing. Return nothing for all, or else the writes whose conditions do not hold.

        Those are told by their places, with the items that stand there (empty for none). Raises
        TransactionConflictError where it can be tried again.
        """
        items: Any = [{write.action: self._build_request(write.request)} for write in writes]
        try:
            self._call(self._client.transact_write_items, {"TransactItems": items})
        except ClientError as error:
            if read_error_code(error) != "TransactionCanceledException":
                raise
            reasons = cast("list[dict[str, Any]]", error.response["CancellationReasons"])
            refused = {
                place: deserialize(reason.get("Item", {}))
                for place, reason in enumerate(reasons)
                if reason.get("Code") == "ConditionalCheckFailed"
            }
            if any(reason.get("Code") == _CONFLICT for reason in reasons):
                raise TransactionConflictError(refused) from error
            if not refused:
                raise
            return refused
        return {}

    def _read_batch(
        self, keys: list[tuple[str, str]], attributes: Sequence[str], *, consistent: bool
    ) -> Iterator[Item]:
        wanted: dict[str, Any] = {
            "Keys": [serialize({"pk": pk, "sk": sk}) for pk, sk in keys],
            "ConsistentRead": consistent,
        }
        if attributes:
            # Names such as `state` are reserved words, so all of them go by placeholders.
            names = {f"#{name}": name for name in ("pk", "sk", *attributes)}
            wanted |= {"ProjectionExpression": ", ".join(names), "ExpressionAttributeNames": names}
        request: dict[str, Any] = {self._name: wanted}
        pauses = list_pauses(self._patience_s)
        while request:
            answer = self._call(self._client.batch_get_item, {"RequestItems": request})
            found = answer["Responses"].get(self._name, ())
            yield from map(deserialize, found)
            request = answer.get("UnprocessedKeys", {})
            if request:
                # As long as some items come, patience begins anew.
                pauses = list_pauses(self._patience_s) if found else pauses
                wait(pauses)

    def _send(self, write: Write, **options: str) -> WireItem:
        """Return the attributes that the options ask for."""
        request = {**self._build_request(write.request), **options}
        try:
            if write.action == "Update":
                return dict(self._call(self._client.update_item, request).get("Attributes", {}))
            self._call(self._client.put_item, request)
        except ClientError as error:
            if read_error_code(error) == "ConditionalCheckFailedException":
                raise ConditionFailedError(cast("dict[str, Any]", error.response).get("Item", {})) from error
            raise
        return {}

    def _call(self, call: Callable[..., Any], request: dict[str, Any]) -> dict[str, Any]:
        return call_patiently(call, request, self._patience_s)

    def _build_request(self, request: Mapping[str, Any]) -> dict[str, Any]:
        wire = {name: serialize(value) if name in _ITEMS else value for name, value in request.items()}
        return {"TableName": self._name, **wire}


class TableSecret:
    """The secret that the ids of outside facts are keyed with (`intake/files/keys.py`).

    Read once per process, when it is first needed; the first of all to need it makes it.
    """

    def __init__(self, table: Table) -> None:
        self._table = table
        self._secret: bytes | None = None
        self._lock = Lock()

    def read(self) -> bytes:
        with self._lock:
            if self._secret is None:
                item = self._table.get(_SECRET_KEY)
                if item is None:
                    item = {**_SECRET_KEY, "secret": secrets.token_hex(32)}
                    try:
                        self._table.write(creation(item, SYSTEM))
                    except ConditionFailedError as refused:
                        item = refused.standing
                self._secret = bytes.fromhex(item["secret"])
            return self._secret
