"""A client of DynamoDB whose calls are throttled, in every form in which DynamoDB tells that."""

from collections.abc import Callable, Iterator
from itertools import cycle
from typing import Any

from botocore.exceptions import ClientError

CALLS = frozenset({"get_item", "batch_get_item", "query", "put_item", "update_item", "transact_write_items"})
CODES = ("ThrottlingException", "ProvisionedThroughputExceededException", "RequestLimitExceeded")
REASONS = ("ThrottlingError", "ProvisionedThroughputExceeded")


def refusals(call: str, writes: int = 1) -> list[ClientError]:
    """Return all forms in which a call may be throttled; of a transaction, also by any one of its writes."""
    if call in {"put_item", "update_item"}:
        return [_refuse(code) for code in (*CODES, "TransactionConflictException")]
    if call != "transact_write_items":
        return [_refuse(code) for code in CODES]
    places = sorted({0, writes // 2, writes - 1})
    return [_refuse(code) for code in CODES] + [
        _cancel(reason, place, writes, other) for reason in REASONS for place in places for other in _OTHERS
    ]


_OTHERS = ("None", "TransactionConflict", "ConditionalCheckFailed")
"""What is told of the other writes. Neither may be believed: another attempt tells."""


def _cancel(reason: str, place: int, writes: int, other: str) -> ClientError:
    reasons = [{"Code": reason if number == place else other} for number in range(writes)]
    return _refuse("TransactionCanceledException", CancellationReasons=reasons)


def _refuse(code: str, **facts: Any) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "of a key"}, **facts}, "Call")


class ThrottledClient:
    """Hands calls on to a client. `throttles` says of each, by its number from 0, whether it is throttled instead."""

    def __init__(self, client: Any, throttles: Callable[[int], bool]) -> None:
        self._client = client
        self._throttles = throttles
        self._forms: dict[tuple[str, int], Iterator[ClientError]] = {}
        self.calls = 0

    def __getattr__(self, name: str) -> Any:
        if name not in CALLS:
            return getattr(self._client, name)

        def call(**request: Any) -> Any:
            number, self.calls = self.calls, self.calls + 1
            if self._throttles(number):
                writes = len(request.get("TransactItems", "1"))
                raise next(self._forms.setdefault((name, writes), cycle(refusals(name, writes))))
            return getattr(self._client, name)(**request)

        return call


def every_other(number: int) -> bool:
    """Throttle the first attempt of each call, so that the second one is made."""
    return number % 2 == 0
