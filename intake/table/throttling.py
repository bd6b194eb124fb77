"""Calling DynamoDB while it is throttled: again for some seconds, with pauses, and then an error that says so.

What is throttled did nothing, and says nothing of any condition. DynamoDB tells it in three ways: by an error's code;
by a reason among those of a cancelled transaction, which no SDK tries again; and by keys of a batch that it left
unprocessed. Sources: Amazon DynamoDB Developer Guide, "Diagnosing throttling", "Error handling with DynamoDB", and API
Reference, TransactWriteItems (cancellation reasons) and BatchGetItem.
"""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnectionError

from intake.aws_errors import list_cancellation_codes, read_error_code
from intake.errors import ContentionError, ScalperError, ThrottledError

PATIENCE_S = 3.0
"""For how long a call is made again. What then is still throttled is for the queue, or for whoever asked the portal:
what waits in a worker keeps it from files that nothing holds up (docs/adr/0058-hot-partitions.md)."""

THROTTLED = frozenset({"ProvisionedThroughputExceededException", "RequestLimitExceeded", "ThrottlingException"})
"""Codes of calls, and then reasons of cancelled transactions, that were throttled: by a partition of the table or of an
index, by the table, or by the account."""
THROTTLED_REASONS = frozenset({"ProvisionedThroughputExceeded", "ThrottlingError"})
IN_THE_WAY = "TransactionConflictException"
"""Told to a single write while a transaction writes its item."""
UNFINISHED = "TransactionInProgressException"
"""The SDK's own repetition of a transaction met the first one, of which nobody knows yet how it ends."""

_SHORTEST_PAUSE_S, _LONGEST_PAUSE_S = 0.05, 1.0


def is_throttled(error: ClientError) -> bool:
    """Say whether DynamoDB did nothing because too much was asked of it, or because a transaction stood in the way."""
    code = read_error_code(error)
    return code in THROTTLED or code == IN_THE_WAY or not THROTTLED_REASONS.isdisjoint(list_cancellation_codes(error))


def call_patiently(call: Callable[..., Any], request: dict[str, Any], longest_s: float) -> dict[str, Any]:
    """Return a call's answer. Raises ThrottledError, ContentionError and, as it is, any other error of DynamoDB's."""
    pauses = list_pauses(longest_s)
    while True:
        try:
            answer: dict[str, Any] = call(**request)
        except ClientError as error:
            if read_error_code(error) == UNFINISHED:
                raise ContentionError("an earlier attempt to write this is still going on") from error
            if not is_throttled(error):
                raise
            wait(pauses, error)
        else:
            return answer


def list_pauses(
    longest_s: float,
    clock: Callable[[], float] = time.monotonic,
    chance: Callable[[float, float], float] = random.uniform,
) -> Iterator[float]:
    """Return how many seconds to wait before each repetition, until `longest_s` from now are over.

    Each pause is up to twice the one before, and half of it is left to chance, so that workers who were throttled
    together do not come back together. What the SDK itself waits in a call counts as well.
    """
    started = clock()

    def grow() -> Iterator[float]:
        paused, step = 0.0, _SHORTEST_PAUSE_S
        while max(paused, clock() - started) < longest_s:
            pause = step * chance(0.5, 1)
            paused, step = paused + pause, min(_LONGEST_PAUSE_S, 2 * step)
            yield pause

    return grow()


def wait(pauses: Iterator[float], cause: ClientError | None = None) -> None:
    """Wait for the next pause. Raises ThrottledError, or ContentionError, when there is none left."""
    pause = next(pauses, None)
    if pause is not None:
        time.sleep(pause)
    elif cause and read_error_code(cause) == IN_THE_WAY:
        raise ContentionError("others keep writing the same item") from cause
    else:
        raise ThrottledError("more is asked of the table than it serves at once") from cause


@contextmanager
def unavailable_as(error: type[ScalperError]) -> Iterator[None]:
    """Raise `error` where a table cannot be asked: it is busy, or out of reach. Anything else is raised as it is."""
    try:
        yield
    except ThrottledError as throttled:
        raise error("The table is busy.") from throttled
    except ClientError as refused:
        if read_error_code(refused) == "InternalServerError":
            raise error("The table is out of order.") from refused
        raise
    except (HTTPClientError, NoConnectionError) as failed:
        raise error("The table cannot be reached.") from failed
