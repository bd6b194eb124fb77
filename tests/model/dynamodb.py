"""A table of DynamoDB in memory, as a client of boto3's answers, and quick: a model makes a million calls.

Its items are those that travel, so whoever reads and writes them is the product's own code. Each write leaves a record
of the table's stream. `tests/model/test_dynamodb.py` holds it against moto.
"""

from collections import defaultdict
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from tests.model.expressions import Given, WireItem, plain, read_condition, update

INDEXES = {
    "by_clinic": ("clinic_key", "created_key"),
    "by_clinic_state": ("clinic_state", "created_key"),
    "by_state": ("state_shard", "created_key"),
    "by_trouble": ("trouble_of", "trouble"),
    "by_name": ("name_of", "name_key"),
    "by_patient": ("patient_key", "created_key"),
    "by_study": ("study_of", "study_place"),
}
_TABLE = ("pk", "sk")


class InMemoryDynamoDB:
    """One table. `before` is told of each call, and may raise in its place; `after` may do so when it has been done."""

    def __init__(self) -> None:
        self.items: dict[str, dict[str, WireItem]] = defaultdict(dict)
        self.stream: list[dict[str, Any]] = []
        self.before: Callable[[str], None] = lambda operation: None
        self.after: Callable[[str], None] = lambda operation: None

    def get_item(self, *, Key: WireItem, **_: Any) -> dict[str, Any]:
        self.before("GetItem")
        found = self._find(Key)
        return {"Item": found} if found else {}

    def batch_get_item(self, *, RequestItems: dict[str, Any]) -> dict[str, Any]:
        self.before("BatchGetItem")
        answer = {}
        for table, wanted in RequestItems.items():
            names = set(wanted.get("ExpressionAttributeNames", {}).values())
            found = [item for key in wanted["Keys"] if (item := self._find(key))]
            answer[table] = [
                {name: value for name, value in item.items() if name in names} if names else item for item in found
            ]
        return {"Responses": answer, "UnprocessedKeys": {}}

    def query(
        self,
        *,
        KeyConditionExpression: str,
        ExpressionAttributeValues: WireItem,
        ExpressionAttributeNames: dict[str, str] | None = None,
        IndexName: str | None = None,
        FilterExpression: str = "",
        Limit: int = 0,
        ScanIndexForward: bool = True,
        ExclusiveStartKey: WireItem | None = None,
        **_: Any,
    ) -> dict[str, Any]:
        self.before("Query")
        names = ExpressionAttributeNames or {}
        partition, sort = INDEXES[IndexName] if IndexName else _TABLE
        fits = read_condition(KeyConditionExpression)
        rows = [
            item
            for item in self._list_rows(partition, sort, ExpressionAttributeValues[":partition"]["S"])
            if fits(Given(item, names, ExpressionAttributeValues))
        ]
        rows.sort(key=lambda item: _place(item, sort), reverse=not ScanIndexForward)
        if ExclusiveStartKey:
            start = _place(ExclusiveStartKey, sort)
            rows = [
                item
                for item in rows
                if _place(item, sort) != start and (_place(item, sort) > start) is ScanIndexForward
            ]
        reached = rows[Limit - 1] if Limit and len(rows) >= Limit else None
        looked_at = rows[:Limit] if Limit else rows
        where = read_condition(FilterExpression) if FilterExpression else None
        found = [item for item in looked_at if not where or where(Given(item, names, ExpressionAttributeValues))]
        keys = {*_TABLE, partition, sort}
        last = {"LastEvaluatedKey": {name: reached[name] for name in keys}} if reached else {}
        return {"Items": found, **last}

    def put_item(self, *, Item: WireItem, **request: Any) -> dict[str, Any]:
        return self._write_one("PutItem", {"Put": {"Item": Item, **request}})

    def update_item(self, **request: Any) -> dict[str, Any]:
        return self._write_one("UpdateItem", {"Update": request})

    def transact_write_items(self, *, TransactItems: list[dict[str, Any]]) -> dict[str, Any]:
        self.before("TransactWriteItems")
        places = [_key(_read_operation(one)[1]) for one in TransactItems]
        assert len(set(places)) == len(places) <= 100, "a transaction takes an item once, and a hundred of them"
        reasons = [self._refuse(*_read_operation(one)) for one in TransactItems]
        if any(reasons):
            told = [reason or {"Code": "None"} for reason in reasons]
            raise _build_error("TransactionCanceledException", "TransactWriteItems", {"CancellationReasons": told})
        for one in TransactItems:
            self._apply(*_read_operation(one))
        self.after("TransactWriteItems")
        return {}

    def remove(self, pk: str, sk: str) -> None:
        """Remove an item, as DynamoDB does when its time is over."""
        self.items[pk].pop(sk, None)

    def _write_one(self, operation: str, one: dict[str, Any]) -> dict[str, Any]:
        self.before(operation)
        action, request = _read_operation(one)
        if reason := self._refuse(action, request):
            told = {"Item": reason["Item"]} if "Item" in reason else {}
            raise _build_error("ConditionalCheckFailedException", operation, told)
        item = self._apply(action, request)
        self.after(operation)
        return {"Attributes": item} if request.get("ReturnValues") == "ALL_NEW" else {}

    def _refuse(self, action: str, request: dict[str, Any]) -> dict[str, Any] | None:
        """Return the reason why a write's condition does not hold, None where it does."""
        standing = self._find(request.get("Key") or request["Item"]) or {}
        condition = request.get("ConditionExpression")
        if not condition or read_condition(condition)(_given(standing, request)):
            return None
        told = request.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD" and standing
        return {"Code": "ConditionalCheckFailed", **({"Item": standing} if told else {})}

    def _apply(self, action: str, request: dict[str, Any]) -> WireItem:
        key = request.get("Key") or {name: request["Item"][name] for name in _TABLE}
        standing = self._find(key)
        if action == "Put":
            item = dict(request["Item"])
        else:
            given = _given(standing or dict(key), request)
            item = update(given.item, request["UpdateExpression"], given.names, given.values)
        self.items[key["pk"]["S"]][key["sk"]["S"]] = item
        if item != standing:
            images = {"NewImage": item, **({"OldImage": standing} if standing else {})}
            self.stream.append({"eventSource": "aws:dynamodb", "dynamodb": {"Keys": key, **images}})
        return item

    def _list_rows(self, partition: str, sort: str, value: str) -> list[WireItem]:
        if partition == "pk":
            return list(self.items.get(value, {}).values())
        every = (item for items in self.items.values() for item in items.values())
        return [item for item in every if item.get(partition) == {"S": value} and sort in item]

    def _find(self, key: WireItem) -> WireItem | None:
        return self.items.get(key["pk"]["S"], {}).get(key["sk"]["S"])


def _read_operation(one: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    ((action, request),) = one.items()
    return action, request


def _given(item: WireItem, request: dict[str, Any]) -> Given:
    return Given(item, request.get("ExpressionAttributeNames") or {}, request.get("ExpressionAttributeValues") or {})


def _key(request: dict[str, Any]) -> tuple[str, str]:
    key = request.get("Key") or request["Item"]
    return key["pk"]["S"], key["sk"]["S"]


def _place(item: WireItem, sort: str) -> tuple[Any, ...]:
    return plain(item[sort]), item["pk"]["S"], item["sk"]["S"]


def _build_error(code: str, operation: str, told: dict[str, Any]) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": code}, **told}, operation)  # type: ignore[arg-type]
