"""Access that was ended, remembered for a moment: a page's dozen requests look it up once."""

import time
from collections.abc import Callable
from datetime import datetime

from intake.tenants.model import Revoked
from intake.tenants.ports import Revocations
from portal.ttl_cache import TtlCache

LIFETIME = 10
"""Seconds for which an answer is remembered. What was ended ends within 20 s everywhere: that is what pages promise, so
a request that began before then has as long again."""

ENDS_WITHIN = 20
"""Seconds, as the pages say."""


class KnownRevocations:
    """Asks the table which sessions have been ended, by sign-out or by an admin. Threads share it."""

    def __init__(self, store: Revocations, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._cache = TtlCache(self._find, seconds=LIFETIME, clock=clock)

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
