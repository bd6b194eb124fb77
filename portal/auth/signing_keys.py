"""The user pool's public keys, fetched rarely and kept through an outage."""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from portal.errors import UserPoolUnavailableError

Jwk = Mapping[str, Any]

FRESH = 3600
"""Seconds after which the keys are fetched anew."""

STALE = 24 * 3600
"""Seconds for which keys still serve while the pool cannot be reached."""

PAUSE = 30
"""Seconds between two fetches at the least, whatever key ids forged tokens invent."""

MAX_UNKNOWN = 256


class SigningKeys:
    """Finds a key by its id. Threads share it."""

    def __init__(self, fetch: Callable[[], Mapping[str, Any]], clock: Callable[[], float] = time.monotonic) -> None:
        """`fetch` returns a JWK set (RFC 7517, section 5) or raises UserPoolUnavailableError."""
        self._fetch = fetch
        self._clock = clock
        self._lock = threading.Lock()
        self._keys: dict[str, list[Jwk]] = {}
        self._unknown: set[str] = set()
        self._fetched: float | None = None
        self._tried: float | None = None

    def find(self, kid: str) -> Jwk | None:
        """Return the one RSA signing key with this id, or None. Raises UserPoolUnavailableError."""
        with self._lock:
            if self._older_than(FRESH):
                self._refresh()
            if kid not in self._keys and kid not in self._unknown and self._refresh():
                self._remember_unknown(kid)
            if self._older_than(STALE):
                raise UserPoolUnavailableError("The user pool's signing keys cannot be fetched.")
            candidates = self._keys.get(kid, [])
            return candidates[0] if len(candidates) == 1 else None

    def _older_than(self, seconds: float) -> bool:
        return self._fetched is None or self._clock() - self._fetched >= seconds

    def _refresh(self) -> bool:
        """Fetch the keys unless that was tried a moment ago; say whether they are new now."""
        if self._tried is not None and self._clock() - self._tried < PAUSE:
            return False
        self._tried = self._clock()
        try:
            fetched = self._fetch()
        except UserPoolUnavailableError:
            return False
        self._keys = _sort_keys(fetched)
        self._fetched = self._tried
        self._unknown.clear()
        return True

    def _remember_unknown(self, kid: str) -> None:
        if kid not in self._keys and len(self._unknown) < MAX_UNKNOWN:
            self._unknown.add(kid)


def _sort_keys(key_set: Mapping[str, Any]) -> dict[str, list[Jwk]]:
    keys: dict[str, list[Jwk]] = {}
    for key in key_set.get("keys", ()):
        if _signs(key):
            keys.setdefault(key["kid"], []).append(key)
    return keys


def _signs(key: Jwk) -> bool:
    return (
        key.get("kty") == "RSA"
        and key.get("use", "sig") == "sig"
        and key.get("alg", "RS256") == "RS256"
        and isinstance(key.get("kid"), str)
    )
