"""Lambda functions that are started, behind the `Worker` port.

Source: AWS Lambda API Reference, Invoke.
"""

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types_boto3_lambda import LambdaClient


class LambdaWorker:
    """Starts one function, and does not wait for what it does."""

    def __init__(self, connect: "Callable[[], LambdaClient]", function: str) -> None:
        """`connect` makes a client, once somebody is woken: most cold starts need none."""
        self._connect = connect
        self._function = function

    @cached_property
    def _client(self) -> "LambdaClient":
        return self._connect()

    def wake(self) -> None:
        # Where it cannot run just now, Lambda tries again for some hours.
        self._client.invoke(FunctionName=self._function, InvocationType="Event", Payload=b"{}")
