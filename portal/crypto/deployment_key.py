"""The key of a deployment: nobody else can write what the portal hands out and takes back.

Subkeys are made of it by purpose (HKDF with SHA-256, RFC 5869), so that what is written for one is nothing to another.
"""

import hashlib
import hmac
import time
from collections.abc import Callable

from portal.crypto.secret_versions import SecretVersions
from portal.errors import KeyUnknownError

_SALT = b"silent-scalper"


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
        return tuple(_derive_subkey(version, purpose.encode()) for version in versions)

    def look_again(self) -> bool:
        """Read the secret anew: another worker may have used a version that is not known here.

        Say whether that was done; it is not when it was a moment ago.
        """
        return self._versions.look_again()


def _derive_subkey(secret: bytes, purpose: bytes) -> bytes:
    """Extract and expand to one block (RFC 5869, 2.2 and 2.3)."""
    extracted = hmac.digest(_SALT, secret, hashlib.sha256)
    return hmac.digest(extracted, purpose + b"\x01", hashlib.sha256)
