"""Waiting for conditions, so that no test sleeps for a guess."""

import time
from collections.abc import Callable
from typing import TypeVar

Answer = TypeVar("Answer")

_INTERVAL = 0.05


def until(condition: Callable[[], Answer | None], what: str, timeout: float = 30) -> Answer:
    """Return the first true answer of `condition`, asked again and again for up to `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout:g} s in vain for {what}")
        time.sleep(_INTERVAL)
