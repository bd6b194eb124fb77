"""Writing many things once, in a transaction (Amazon DynamoDB API Reference, TransactWriteItems)."""

import random
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeVar

from intake.errors import ContentionError
from intake.table.expressions import Write
from intake.table.items import Item
from intake.table.table import Table, TransactionConflictError

Row = TypeVar("Row")

ATTEMPTS = 16
_LONGEST_PAUSE_S = 1.0


def transact_patiently(table: Table, writes: Sequence[Write], what: str, attempts: int = ATTEMPTS) -> dict[int, Item]:
    """Write all or nothing, also where others write the same items at that moment; return what `transact` does.

    Raises ContentionError, naming `what`.
    """
    for attempt in range(attempts):
        with suppress(TransactionConflictError):
            return table.transact(writes)
        _pause(attempt)
    raise ContentionError(f"others keep writing the same {what}")


def write_anew(table: Table, transaction: Callable[[], list[Write]], what: str) -> None:
    """Write what `transaction` reads and makes, and have it read and make anew when others came in between.

    Every item that must not be written twice carries a condition. Raises ContentionError, naming `what`.
    """
    for attempt in range(ATTEMPTS):
        writes = transaction()
        with suppress(TransactionConflictError):
            if not writes or not table.transact(writes):
                return
        _pause(attempt)
    raise ContentionError(f"others keep writing the same {what}")


def write_each_once(
    table: Table, rows: Sequence[Row], transaction: Callable[[list[Row]], list[Write]], what: str
) -> None:
    """Write rows, without those that were written before.

    `transaction` returns the writes for some rows: first one for each, on the condition that it is new, then what else
    belongs to them. Raises ContentionError, naming `what`, when others keep writing the same items.
    """
    missing = list(rows)
    for attempt in range(ATTEMPTS):
        if not missing:
            return
        try:
            refused = table.transact(transaction(missing))
        except TransactionConflictError as conflict:
            refused = conflict.refused
        else:
            if not refused:
                return
        fresh = [row for place, row in enumerate(missing) if place not in refused]
        if len(fresh) == len(missing):
            _pause(attempt)
        missing = fresh
    raise ContentionError(f"others keep writing the same {what}")


def _pause(attempt: int) -> None:
    # Full jitter; all workers on a clinic's files meet at its change feed, and each round lets one pass.
    time.sleep(random.uniform(0, min(_LONGEST_PAUSE_S, 0.05 * 2**attempt)))  # noqa: S311
