"""The secret by which the edge is known: CloudFront sends it with every request, and nobody else has it."""

import hmac
import threading
import time
from collections.abc import Callable

from portal.errors import EdgeUnknownError

HEADER = "x-origin-verify"
"""The header that carries it. CloudFront overwrites one that a viewer sends."""

CURRENT = "AWSCURRENT"
PREVIOUS = "AWSPREVIOUS"
"""While the secret is rotated, the edge sends the old one until it is deployed."""

FRESH = 3600
"""Seconds after which the secret is read anew: for so long at the most, one that was retired is still admitted."""

PAUSE = 10
"""Seconds between two readings at the least, whatever is shown to us. CloudFront takes minutes to send another secret,
so none is refused for a reading before it was rotated; the gateway would keep that refusal for an hour."""

RETRY = 5
"""Seconds after which a reading that failed is tried again."""


class OriginSecret:
    """The secret as Secrets Manager has it now, and the one before it. Threads share it.

    Nothing that was learned is forgotten while Secrets Manager cannot be asked; what nobody knows is never admitted.
    """

    def __init__(self, read: Callable[[str], str | None], clock: Callable[[], float] = time.monotonic) -> None:
        """`read` returns the version at a stage, None where there is none, or raises EdgeUnknownError."""
        self._read = read
        self._clock = clock
        self._lock = threading.Lock()
        self._known: tuple[bytes, ...] = ()
        self._sound = False
        self._fresh_until = self._pause_until = float("-inf")

    def admits(self, shown: bytes) -> bool:
        """Say whether this is the secret. Raises EdgeUnknownError when it might be, and nobody can say."""
        with self._lock:
            if self._clock() >= self._fresh_until:
                self._learn()
            if self._matches(shown):
                return True
            # It may have been rotated since.
            if self._learn() and self._matches(shown):
                return True
            if not self._sound:
                raise EdgeUnknownError("The origin's secret cannot be read.")
            return False

    def _matches(self, shown: bytes) -> bool:
        # Each is compared, and in constant time: how long it takes tells nothing.
        matches = [hmac.compare_digest(shown, secret) for secret in self._known]
        return any(matches)

    def _learn(self) -> bool:
        """Read the secret unless that was done a moment ago; say whether it was."""
        if self._clock() < self._pause_until:
            return False
        try:
            versions = (self._read(CURRENT), self._read(PREVIOUS))
        except EdgeUnknownError:
            self._sound = False
            self._pause_until = self._clock() + RETRY
            return False
        self._known = tuple(version.encode() for version in versions if version)
        self._sound = True
        self._fresh_until, self._pause_until = self._clock() + FRESH, self._clock() + PAUSE
        return True
