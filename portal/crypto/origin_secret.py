"""The secret by which the edge is known: CloudFront sends it with every request, and nobody else has it."""

import hmac
import time
from collections.abc import Callable

from portal.crypto.secret_versions import SecretVersions
from portal.errors import EdgeUnknownError

HEADER = "x-origin-verify"
"""The header that carries it. CloudFront overwrites one that a viewer sends."""


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
