"""Writing many things once, in a transaction (Amazon DynamoDB API Reference, TransactWriteItems)."""

import random
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, cast

from botocore.exceptions import ClientError

from intake.aws_errors import code_of
from intake.errors import ContentionError

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

Row = TypeVar("Row")

ATTEMPTS = 16
_LONGEST_PAUSE_S = 1.0
_REFUSED = "ConditionalCheckFailed"


def write_anew(client: "DynamoDBClient", transaction: Callable[[], list[Any]], what: str) -> None:
    """Write what `transaction` reads and makes, and have it read and make anew when others came in between.

    Every item that must not be written twice carries a condition. Raises ContentionError, naming `what`.
    """
    for attempt in range(ATTEMPTS):
        items = transaction()
        if not items:
            return
        try:
            client.transact_write_items(TransactItems=items)
        except ClientError as error:
            if code_of(error) != "TransactionCanceledException":
                raise
            _pause(attempt)
        else:
            return
    raise ContentionError(f"others keep writing the same {what}")


def write_each_once(
    client: "DynamoDBClient", rows: Sequence[Row], transaction: Callable[[list[Row]], list[Any]], what: str
) -> None:
    """Write rows, without those that were written before.

    `transaction` returns the items for some rows: first one for each, on the condition that it is new, then what else
    belongs to them. Raises ContentionError, naming `what`, when others keep writing the same items.
    """
    missing = list(rows)
    for attempt in range(ATTEMPTS):
        if not missing:
            return
        try:
            client.transact_write_items(TransactItems=transaction(missing))
        except ClientError as error:
            if code_of(error) != "TransactionCanceledException":
                raise
            reasons = cast("list[dict[str, Any]]", error.response["CancellationReasons"])
            fresh = [row for row, reason in zip(missing, reasons, strict=False) if reason["Code"] != _REFUSED]
            if len(fresh) == len(missing):
                _pause(attempt)
            missing = fresh
        else:
            return
    raise ContentionError(f"others keep writing the same {what}")


def _pause(attempt: int) -> None:
    # Full jitter; all workers on a clinic's files meet at its change feed, and each round lets one pass.
    time.sleep(random.uniform(0, min(_LONGEST_PAUSE_S, 0.05 * 2**attempt)))  # noqa: S311
