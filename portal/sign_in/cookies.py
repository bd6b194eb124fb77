"""The cookies of a session: HttpOnly, SameSite=Lax, and bound to this host (RFC 6265bis, `__Host-`).

Each is sealed with a key of the deployment (docs/adr/0033): a browser keeps what it can neither read nor change, and
the parts of two sessions do not fit together.
"""

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from portal.auth.tokens import AccessClaims
from portal.crypto.deployment_secrets import DeploymentKey
from portal.crypto.sealing import Sealer
from portal.errors import SignInError

MAX_COOKIE = 4096
"""Bytes of name and value that browsers keep at the least."""

ATTEMPT_SECONDS = 600
"""For how long a sign-in may take."""

IDLE_SECONDS = 15 * 60
"""After how long without a request a session ends."""

SESSION_SECONDS = 12 * 3600
"""After how long a session ends in any case; the pool's refresh tokens live no longer."""

CLOCK_SKEW = 60
"""Seconds by which workers' clocks may differ."""

MAX_NAME = 120


@dataclass(frozen=True, slots=True)
class Session:
    """What a signed-in browser keeps. The access token says who it is; the rest serves it."""

    secret: str
    """Random; it holds the session's cookies together, and the CSRF token is derived from it."""
    subject: str
    session_id: str
    """Of the sign-in, as its tokens name it; by this it is ended."""
    display_name: str
    """As the ID token of the sign-in says."""
    began: int
    """When it was opened, in seconds since 1970."""
    seen: int
    """When the user last did something, likewise."""
    access_token: str
    refresh_token: str

    @classmethod
    def new(cls, claims: AccessClaims, *, now: int, display_name: str, access_token: str, refresh_token: str) -> Self:
        """Open a session for whom the access token's `claims` name."""
        return cls(
            secret=secrets.token_urlsafe(32),
            subject=claims.subject,
            session_id=claims.session_id,
            display_name=display_name[:MAX_NAME],
            began=now,
            seen=now,
            access_token=access_token,
            refresh_token=refresh_token,
        )

    @property
    def csrf_token(self) -> str:
        return hmac.new(self.secret.encode(), b"csrf", hashlib.sha256).hexdigest()

    def seconds_left(self, now: int) -> int:
        """Return for how long it lives on where nobody does anything; negative once it has ended."""
        return min(self.seen + IDLE_SECONDS, self.began + SESSION_SECONDS) - now

    def lives(self, now: int) -> bool:
        """Say whether it was used lately, is not too old, and is not from a future that no worker's clock knows."""
        return self.seconds_left(now) >= 0 and max(self.seen, self.began) <= now + CLOCK_SKEW

    def renew(self, claims: AccessClaims, access_token: str, refresh_token: str | None) -> Self:
        """Return the session with the tokens that replace its own."""
        return replace(
            self,
            session_id=claims.session_id,
            access_token=access_token,
            refresh_token=refresh_token or self.refresh_token,
        )


class Cookies:
    """Reads and writes a portal's cookies. Everything that seals or unseals may raise KeyUnknownError.

    On http://localhost, where no browser takes `__Host-` cookies, they are called `scalper-session`,
    `scalper-access`, `scalper-refresh` and `scalper-attempt`, and lack Secure.
    """

    def __init__(self, key: DeploymentKey, *, secure: bool) -> None:
        self._secure = secure
        self._sealers = {role: Sealer(key, f"cookie {role}") for role in ("session", "access", "refresh", "attempt")}

    def name(self, role: str) -> str:
        return f"{'__Host-' if self._secure else ''}scalper-{role}"

    def read(self, jar: Mapping[str, str]) -> Session | None:
        """Return the session of a request, or None where a part of it is missing, or not of this session."""
        content = self._unseal(jar, "session")
        facts: dict[str, Any] = json.loads(content) if content else {}
        if facts.keys() != set(_FACTS):
            return None
        bound_to = str(facts["secret"]).encode()
        tokens = [self._unseal(jar, role, bound_to) for role in ("access", "refresh")]
        access, refresh = (token.decode() if token else "" for token in tokens)
        return Session(**facts, access_token=access, refresh_token=refresh) if access and refresh else None

    def attempt(self, jar: Mapping[str, str]) -> bytes | None:
        """Return what `write_attempt` was given, or None."""
        return self._unseal(jar, "attempt")

    def write(self, session: Session) -> list[str]:
        """Return the Set-Cookie values that keep a session. Raises SignInError when one does not fit."""
        bound_to = session.secret.encode()
        access = self._sealers["access"].seal(session.access_token.encode(), bound_to)
        refresh = self._sealers["refresh"].seal(session.refresh_token.encode(), bound_to)
        return [
            self.touch(session),
            self._set("access", access, SESSION_SECONDS),
            self._set("refresh", refresh, SESSION_SECONDS),
        ]

    def touch(self, session: Session) -> str:
        """Return the one Set-Cookie value that keeps a session from going idle."""
        facts = {name: getattr(session, name) for name in _FACTS}
        # It is kept for longer than it lives, so that what an idle session leaves behind can be revoked.
        return self._set("session", self._sealers["session"].seal(json.dumps(facts).encode()), SESSION_SECONDS)

    def write_attempt(self, packed: bytes) -> str:
        return self._set("attempt", self._sealers["attempt"].seal(packed), ATTEMPT_SECONDS)

    def clear(self) -> list[str]:
        return [self._set(role, "", 0) for role in self._sealers]

    def clear_attempt(self) -> str:
        return self._set("attempt", "", 0)

    def _unseal(self, jar: Mapping[str, str], role: str, bound_to: bytes = b"") -> bytes | None:
        return self._sealers[role].unseal(jar.get(self.name(role), ""), bound_to)

    def _set(self, role: str, value: str, max_age: int) -> str:
        name = self.name(role)
        if len(name) + len(value) > MAX_COOKIE:
            raise SignInError("The session does not fit into a cookie.")
        return f"{name}={value}; Path=/; Max-Age={max_age}; HttpOnly; SameSite=Lax{'; Secure' if self._secure else ''}"


_FACTS = ("secret", "subject", "session_id", "display_name", "began", "seen")
"""What the session's own cookie holds, in this version."""
