"""A boto3 session whose clients write down what each of their calls would be billed for."""

import time
from collections import Counter
from collections.abc import Iterator
from threading import Lock
from typing import Any

import boto3

from tests.metering.units import Index, item_size, read_units, table_units

_S3 = {
    "PutObject": "s3 put",
    "CopyObject": "s3 copy",
    "GetObject": "s3 get",
    "HeadObject": "s3 get",
    "ListObjectsV2": "s3 list",
    "ListObjectVersions": "s3 list",
    "DeleteObject": "s3 delete",
}
_SESSION = boto3.Session
"""As it is before any function's place is taken: their ledgers must not nest."""
_READS = frozenset({"GetItem", "Query", "BatchGetItem"})
_WRITES = {"PutItem": "Item", "UpdateItem": "Key", "DeleteItem": "Key"}


class Ledger:
    """What was billed so far, by what it is billed as; `seconds` of CPU went into keeping it."""

    def __init__(self, table: Any, name: str) -> None:
        self.entries: Counter[str] = Counter()
        self.seconds = 0.0
        self._lock = Lock()
        self._table = table
        description = table.describe_table(TableName=name)["Table"]
        self._keys = tuple(key["AttributeName"] for key in description["KeySchema"])
        self._indexes = [Index.from_description(index, self._keys) for index in description["GlobalSecondaryIndexes"]]

    def before(self, params: dict[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
        started = time.thread_time()
        if model.service_model.service_name == "dynamodb":
            context["written"] = [(name, key, self._item(name, key)) for name, key in self._written(model.name, params)]
        context["params"] = params
        with self._lock:
            self.seconds += time.thread_time() - started

    def after(self, parsed: dict[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
        started = time.thread_time()
        with self._lock:
            self._enter(parsed, model, context)
            self.seconds += time.thread_time() - started

    def _enter(self, parsed: dict[str, Any], model: Any, context: dict[str, Any]) -> None:
        service = model.service_model.service_name
        if service == "dynamodb":
            self._dynamodb(model.name, context["params"], parsed, context["written"])
        elif service == "s3":
            self.entries[_S3[model.name]] += 1
        else:
            self.entries[f"{service} requests"] += 1
        self.entries[f"call {service} {model.name}"] += 1

    def _dynamodb(self, operation: str, params: dict[str, Any], parsed: dict[str, Any], written: list[Any]) -> None:
        for name, key, old in written:
            new = self._item(name, key)
            place = _place(key)
            transactional = operation == "TransactWriteItems"
            self.entries[f"write units, {place}"] += table_units(old, new, transactional=transactional)
            for index in self._indexes:
                if units := index.units(old, new):
                    self.entries[f"write units, {place}, {index.name}"] += units
                    self.entries[f"bytes, {place}, {index.name}"] += item_size(index.entry(new) or {})
            self.entries[f"bytes, {place}"] += item_size(new or {})
            self.entries[f"items, {place}"] += 1
        if operation in _READS:
            self.entries["read units"] += self._read(operation, params, parsed)

    def _written(self, operation: str, params: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
        if operation in _WRITES:
            yield params["TableName"], self._key(params[_WRITES[operation]])
        for row in params.get("TransactItems", ()):
            ((verb, body),) = row.items()
            yield body["TableName"], self._key(body["Item" if verb == "Put" else "Key"])

    def _read(self, operation: str, params: dict[str, Any], parsed: dict[str, Any]) -> float:
        if operation == "GetItem":
            return read_units(item_size(parsed.get("Item", {})), consistent=params.get("ConsistentRead", False))
        if operation == "Query":
            # What a filter takes away is read and paid for all the same.
            if "FilterExpression" in params:
                parsed = self._table.query(**_unfiltered(params))
            return read_units(sum(map(item_size, parsed["Items"])), consistent=params.get("ConsistentRead", False))
        return sum(
            read_units(item_size(self._item(name, key) or {}), consistent=wanted.get("ConsistentRead", False))
            for name, wanted in params["RequestItems"].items()
            for key in wanted["Keys"]
        )

    def _key(self, item: dict[str, Any]) -> dict[str, Any]:
        return {name: item[name] for name in self._keys}

    def _item(self, table: str, key: dict[str, Any]) -> dict[str, Any] | None:
        return self._table.get_item(TableName=table, Key=key, ConsistentRead=True).get("Item")


def _unfiltered(params: dict[str, Any]) -> dict[str, Any]:
    """Return a query without its filter, and without the names and values that only the filter uses."""
    kept = {name: value for name, value in params.items() if name != "FilterExpression"}
    for name in ("ExpressionAttributeValues", "ExpressionAttributeNames"):
        used = {key: value for key, value in kept.pop(name, {}).items() if key in params["KeyConditionExpression"]}
        kept |= {name: used} if used else {}
    return kept


def _place(key: dict[str, Any]) -> str:
    """Name what lies at a key by the words that it begins with."""
    partition, sort = key["pk"]["S"].partition("#")[0], key["sk"]["S"]
    return f"{partition} {sort.partition('#')[0] or sort}" if partition == "UPLOAD" else partition


def metered_session(ledger: Ledger) -> type[boto3.Session]:
    """Return a kind of session whose every client is entered in the ledger."""

    class Metered(_SESSION):  # type: ignore[misc, valid-type]
        def client(self, *args: Any, **kwargs: Any) -> Any:
            client = super().client(*args, **kwargs)
            client.meta.events.register("provide-client-params.*.*", ledger.before)
            client.meta.events.register("after-call.*.*", ledger.after)
            return client

    return Metered
