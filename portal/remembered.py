"""What was looked up a moment ago need not be looked up again."""

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

V = TypeVar("V")

MAX_ENTRIES = 1024


class Remembered(Generic[V]):
    """Answers of `ask` by key, each kept for `seconds`; that there is none is remembered as well. Threads share it."""

    def __init__(self, ask: Callable[[str], V], *, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._ask = ask
        self._seconds = seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._entries: dict[str, tuple[float, V]] = {}

    def of(self, key: str) -> V:
        with self._lock:
            entry = self._entries.get(key)
        if entry is not None and entry[0] > self._clock():
            return entry[1]
        answer = self._ask(key)
        with self._lock:
            if len(self._entries) >= MAX_ENTRIES:
                self._entries.clear()
            self._entries[key] = (self._clock() + self._seconds, answer)
        return answer
