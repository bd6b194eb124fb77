"""What is looked up to know who asks, and remembered for a while: signing keys, partners, access that was ended."""

import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Generic, TypeVar

from intake.files.model import now
from intake.tenants.model import Partner, Revoked
from intake.tenants.ports import Directory, Revocations
from portal.errors import UserPoolUnavailableError

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


PARTNER_SECONDS = 20
"""Seconds. A partner who was revoked is refused after this long at the latest."""


class KnownPartners:
    """Looks partners up by their client id, and knows those only that work."""

    def __init__(
        self,
        directory: Directory,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = now,
    ) -> None:
        self._now = now
        self._cache = TtlCache(directory.partner, seconds=PARTNER_SECONDS, clock=clock)

    def find(self, client_id: str) -> Partner | None:
        partner = self._cache.get(client_id)
        return partner if partner is not None and partner.works_at(self._now()) else None


REVOCATION_SECONDS = 10
"""Seconds for which an answer is remembered. What was ended ends within 20 s everywhere: that is what pages promise, so
a request that began before then has as long again."""

ENDS_WITHIN = 20
"""Seconds, as the pages say."""


class KnownRevocations:
    """Asks the table which sessions have been ended, by sign-out or by an admin. Threads share it."""

    def __init__(self, store: Revocations, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._cache = TtlCache(self._find, seconds=REVOCATION_SECONDS, clock=clock)

    def has_ended(self, session_id: str, subject: str, signed_in_at: int) -> bool:
        """Say whether a token's session has been ended. Raises RevocationsUnknownError."""
        revoked = self._cache.get(f"{session_id} {subject}")
        return revoked.session or signed_in_at <= revoked.sign_ins_until

    def end_session(self, session_id: str, at: datetime) -> None:
        """Raises RevocationsUnknownError."""
        self._store.revoke_session(session_id, at)
        self._cache.forget()

    def end_sign_ins(self, subject: str, at: datetime) -> None:
        """End every session that somebody began up to `at`. Raises RevocationsUnknownError."""
        self._store.revoke_sign_ins(subject, at)
        self._cache.forget()

    def _find(self, key: str) -> Revoked:
        session_id, _, subject = key.partition(" ")
        return self._store.find(session_id, subject)


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
            is_new = kid not in self._keys and kid not in self._unknown
            if is_new and self._refresh() and kid not in self._keys and len(self._unknown) < MAX_UNKNOWN:
                self._unknown.add(kid)
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


def _sort_keys(key_set: Mapping[str, Any]) -> dict[str, list[Jwk]]:
    keys: dict[str, list[Jwk]] = {}
    for key in key_set.get("keys", ()):
        signs = key.get("use", "sig") == "sig" and key.get("alg", "RS256") == "RS256"
        if signs and key.get("kty") == "RSA" and isinstance(key.get("kid"), str):
            keys.setdefault(key["kid"], []).append(key)
    return keys
