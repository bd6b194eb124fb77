"""What was looked up a moment ago need not be looked up again."""

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

V = TypeVar("V")

MAX_ENTRIES = 1024


class TtlCache(Generic[V]):
    """Answers of `ask` by key, each kept for `seconds` from when it was asked for. Threads share it.

    That there is none is remembered as well.
    """

    def __init__(self, ask: Callable[[str], V], *, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._ask = ask
        self._seconds = seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._entries: dict[str, tuple[float, V]] = {}
        self._forgotten = 0

    def get(self, key: str) -> V:
        with self._lock:
            entry, forgotten = self._entries.get(key), self._forgotten
        if entry is not None and entry[0] > self._clock():
            return entry[1]
        asked_at, answer = self._clock(), self._ask(key)
        with self._lock:
            if self._forgotten != forgotten:
                # It was asked for before something changed.
                return answer
            if len(self._entries) >= MAX_ENTRIES:
                self._entries.clear()
            self._entries[key] = (asked_at + self._seconds, answer)
        return answer

    def forget(self) -> None:
        """Look everything up anew."""
        with self._lock:
            self._forgotten += 1
            self._entries.clear()
