"""A secret's versions as Secrets Manager has them now: read rarely, followed when it is rotated."""

import threading
import time
from collections.abc import Callable

from portal.errors import SecretUnknownError

CURRENT = "AWSCURRENT"
PREVIOUS = "AWSPREVIOUS"
"""While a secret is rotated, what was made with the old one is still about."""

FRESH = 3600
"""Seconds after which a secret is read anew: for so long at the most, a version that was retired still counts."""

PAUSE = 10
"""Seconds between two readings at the least, whatever is shown to us."""

RETRY = 5
"""Seconds after which a reading that failed is tried again."""


class SecretVersions:
    """The current version and the one before it. Threads share them.

    Nothing that was learned is forgotten while Secrets Manager cannot be asked.
    """

    def __init__(self, read: Callable[[str], str | None], clock: Callable[[], float] = time.monotonic) -> None:
        """`read` returns the version at a stage, None where there is none, or raises SecretUnknownError."""
        self._read = read
        self._clock = clock
        self._lock = threading.Lock()
        self._known: tuple[bytes, ...] = ()
        self._sound = False
        self._fresh_until = self._pause_until = float("-inf")

    @property
    def sound(self) -> bool:
        """Whether the last reading succeeded."""
        return self._sound

    def read_known(self) -> tuple[bytes, ...]:
        """Return the versions, the current one first; nothing before a first reading succeeds."""
        with self._lock:
            if self._clock() >= self._fresh_until:
                self._learn()
            return self._known

    def look_again(self) -> bool:
        """Read the secret, which may have been rotated, unless that was done a moment ago; say whether it was."""
        with self._lock:
            return self._learn()

    def _learn(self) -> bool:
        if self._clock() < self._pause_until:
            return False
        try:
            versions = (self._read(CURRENT), self._read(PREVIOUS))
        except SecretUnknownError:
            self._sound = False
            self._pause_until = self._clock() + RETRY
            return False
        self._known = tuple(version.encode() for version in versions if version)
        self._sound = True
        self._fresh_until, self._pause_until = self._clock() + FRESH, self._clock() + PAUSE
        return True
