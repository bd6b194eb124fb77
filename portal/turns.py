"""Work that needs much memory, a few requests at a time: those that wait are few as well, and not for ever."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

from portal.errors import TooManyRequestsError


class Turns:
    """Lets `at_once` threads work and `waiting` wait for up to `patience_s` seconds. Threads share it.

    A request holds one of the server's threads while it waits, and others than these must go on being served.
    """

    def __init__(self, *, at_once: int, waiting: int, patience_s: float) -> None:
        self._within = BoundedSemaphore(at_once + waiting)
        self._working = BoundedSemaphore(at_once)
        self._patience_s = patience_s

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for a turn, and hold it. Raises TooManyRequestsError where it would take too long."""
        if not self._within.acquire(blocking=False):
            raise TooManyRequestsError(retry_after=5)
        try:
            if not self._working.acquire(timeout=self._patience_s):
                raise TooManyRequestsError(retry_after=5)
            try:
                yield
            finally:
                self._working.release()
        finally:
            self._within.release()
