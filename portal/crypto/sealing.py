"""Seals what a client keeps for us: it can neither be read nor changed, and is of no use in another place.

AES-256 in Galois/counter mode (NIST SP 800-38D) under a subkey of the deployment's key. A nonce of 96 random bits is
good for 2^32 messages of one key, and the key is rotated (docs/runbook.md).
"""

import base64
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from portal.crypto.deployment_secrets import DeploymentKey

_NONCE = 12
_TAG = 16


class Sealer:
    """Seals for one purpose. `bound_to` is what a sealed text belongs to; with anything else it does not open."""

    def __init__(self, key: DeploymentKey, purpose: str) -> None:
        self._key = key
        self._purpose = purpose

    def seal(self, content: bytes, bound_to: bytes = b"") -> str:
        """Return URL-safe text. Raises KeyUnknownError."""
        current, *_ = self._key.derive(self._purpose)
        nonce = secrets.token_bytes(_NONCE)
        return encode_base64url(nonce + AESGCM(current).encrypt(nonce, content, bound_to))

    def unseal(self, text: str, bound_to: bytes = b"") -> bytes | None:
        """Return what was sealed, or None for everything that this deployment did not write. Raises KeyUnknownError."""
        try:
            sealed = decode_base64url(text)
        except ValueError:
            return None
        if len(sealed) < _NONCE + _TAG:
            return None
        content = self._decrypt(sealed, bound_to)
        if content is None and self._key.look_again():
            content = self._decrypt(sealed, bound_to)
        return content

    def _decrypt(self, sealed: bytes, bound_to: bytes) -> bytes | None:
        for key in self._key.derive(self._purpose):
            try:
                return AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], bound_to)
            except InvalidTag:
                continue
        return None


def encode_base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def decode_base64url(text: str) -> bytes:
    """Raises ValueError for any text but the one that `encode` writes: stray bits would give data many names."""
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if encode_base64url(data) != text:
        raise ValueError("not the one spelling of base64url")
    return data
