"""The cookies of a session: HttpOnly, SameSite=Lax, and bound to this host (RFC 6265bis, `__Host-`)."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from portal.errors import SignInError
from portal.settings import Settings

MAX_COOKIE = 4096
"""Bytes of name and value that browsers keep at the least."""

ATTEMPT_SECONDS = 600
"""For how long a sign-in may take."""

IDLE_SECONDS = 15 * 60
"""After how long without a request a session ends."""

SESSION_SECONDS = 12 * 3600
"""After how long a session ends in any case; the pool's refresh tokens live no longer."""

MAX_NAME = 120


@dataclass(frozen=True, slots=True)
class Session:
    """What a signed-in browser keeps. The access token says who it is; the rest serves it."""

    secret: str
    """Random; the CSRF token is derived from it."""
    seen: int
    """When the user last did something, in seconds since 1970."""
    display_name: str
    access_token: str
    refresh_token: str

    @classmethod
    def new(cls, *, seen: int, display_name: str, access_token: str, refresh_token: str) -> Self:
        return cls(secrets.token_urlsafe(32), seen, display_name[:MAX_NAME], access_token, refresh_token)

    @property
    def csrf_token(self) -> str:
        return hmac.new(self.secret.encode(), b"csrf", hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class Cookies:
    """Reads and writes a portal's cookies.

    On http://localhost, where no browser takes `__Host-` cookies, they are called `scalper-session`,
    `scalper-access`, `scalper-refresh` and `scalper-attempt`, and lack Secure.
    """

    secure: bool

    @classmethod
    def of(cls, settings: Settings) -> Self:
        return cls(settings.secure)

    def name(self, role: str) -> str:
        return f"{'__Host-' if self.secure else ''}scalper-{role}"

    def read(self, jar: Mapping[str, str]) -> Session | None:
        """Return the session of a request, or None where a part of it is missing or garbled."""
        secret, seen, packed = [*jar.get(self.name("session"), "").split("."), "", "", ""][:3]
        access, refresh = jar.get(self.name("access"), ""), jar.get(self.name("refresh"), "")
        if not (len(secret) >= 32 and seen.isdecimal() and len(seen) < 12 and refresh):
            return None
        return Session(secret, int(seen), _unpacked(packed), access, refresh)

    def refresh_token(self, jar: Mapping[str, str]) -> str:
        return jar.get(self.name("refresh"), "")

    def attempt(self, jar: Mapping[str, str]) -> str:
        return jar.get(self.name("attempt"), "")

    def write(self, session: Session) -> list[str]:
        """Return the Set-Cookie values of a session that begins, or whose tokens changed."""
        return [
            self.touch(session),
            self._set("access", session.access_token, SESSION_SECONDS),
            self._set("refresh", session.refresh_token, SESSION_SECONDS),
        ]

    def touch(self, session: Session) -> str:
        """Return the one Set-Cookie value that keeps a session from going idle."""
        value = f"{session.secret}.{session.seen}.{_packed(session.display_name)}"
        return self._set("session", value, IDLE_SECONDS)

    def write_attempt(self, packed: str) -> str:
        return self._set("attempt", packed, ATTEMPT_SECONDS)

    def clear(self) -> list[str]:
        return [self._set(role, "", 0) for role in ("session", "access", "refresh", "attempt")]

    def clear_attempt(self) -> str:
        return self._set("attempt", "", 0)

    def _set(self, role: str, value: str, max_age: int) -> str:
        name = self.name(role)
        if len(name) + len(value) > MAX_COOKIE:
            raise SignInError("The session does not fit into a cookie.")
        return f"{name}={value}; Path=/; Max-Age={max_age}; HttpOnly; SameSite=Lax{'; Secure' if self.secure else ''}"


def _packed(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _unpacked(text: str) -> str:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    except ValueError:
        return ""
