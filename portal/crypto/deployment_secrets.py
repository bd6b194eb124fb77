"""The deployment's secrets, read rarely and followed when they are rotated: its key, and that of the edge.

Of the key, subkeys are made by purpose (HKDF with SHA-256, RFC 5869), so that what is written for one is nothing to
another: nobody else can write what the portal hands out and takes back. By the edge's secret requests are known that
came by it: CloudFront sends it with every request, and nobody else has it.
"""

import hashlib
import hmac
import threading
import time
from collections.abc import Callable

from portal.errors import EdgeUnknownError, KeyUnknownError, SecretUnknownError

CURRENT = "AWSCURRENT"
PREVIOUS = "AWSPREVIOUS"
"""While a secret is rotated, what was made with the old one is still about."""

FRESH = 3600
"""Seconds after which a secret is read anew: for so long at the most, a version that was retired still counts."""

PAUSE = 10
"""Seconds between two readings at the least, whatever is shown to us."""

RETRY = 5
"""Seconds after which a reading that failed is tried again."""


ORIGIN_HEADER = "x-origin-verify"
"""The header that carries the edge's secret. CloudFront overwrites one that a viewer sends."""

_SALT = b"silent-scalper"


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


class DeploymentKey:
    """The portal's secret, by its versions. Threads share it."""

    def __init__(self, read: Callable[[str], str | None], clock: Callable[[], float] = time.monotonic) -> None:
        """`read` as in SecretVersions."""
        self._versions = SecretVersions(read, clock)

    def derive(self, purpose: str) -> tuple[bytes, ...]:
        """Return the subkeys of 32 bytes for a purpose: the current one, then the one before it while there is one.

        Raises KeyUnknownError while the secret was never read.
        """
        versions = self._versions.read_known()
        if not versions:
            raise KeyUnknownError("The deployment's key cannot be read.")
        # Extract and expand to one block (RFC 5869, 2.2 and 2.3).
        extracted = (hmac.digest(_SALT, version, hashlib.sha256) for version in versions)
        return tuple(hmac.digest(key, purpose.encode() + b"\x01", hashlib.sha256) for key in extracted)

    def look_again(self) -> bool:
        """Read the secret anew: another worker may have used a version that is not known here.

        Say whether that was done; it is not when it was a moment ago.
        """
        return self._versions.look_again()


class OriginSecret:
    """Knows the edge by the secret's versions. What nobody knows is never admitted.

    CloudFront takes minutes to send another secret, so none is refused for a reading before it was rotated; the
    gateway would keep that refusal for an hour.
    """

    def __init__(self, read: Callable[[str], str | None], clock: Callable[[], float] = time.monotonic) -> None:
        """`read` as in SecretVersions."""
        self._versions = SecretVersions(read, clock)

    def admits(self, shown: bytes) -> bool:
        """Say whether this is the secret. Raises EdgeUnknownError when it might be, and nobody can say."""
        if _matches(shown, self._versions.read_known()):
            return True
        # It may have been rotated since.
        if self._versions.look_again() and _matches(shown, self._versions.read_known()):
            return True
        if not self._versions.sound:
            raise EdgeUnknownError("The origin's secret cannot be read.")
        return False


def _matches(shown: bytes, versions: tuple[bytes, ...]) -> bool:
    # Each is compared, and in constant time: how long it takes tells nothing.
    matches = [hmac.compare_digest(shown, version) for version in versions]
    return any(matches)
