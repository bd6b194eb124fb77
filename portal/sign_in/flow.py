"""Signing in and out: authorization code with PKCE at the managed login (RFC 6749, RFC 7636, OpenID Connect Core)."""

import hashlib
import hmac
import json
import re
import secrets
from dataclasses import asdict, dataclass
from typing import Protocol, Self
from urllib.parse import urlencode, urlsplit

from portal.auth.tokens import Verifier
from portal.crypto.sealing import encode_base64url
from portal.errors import InvalidTokenError, SignInError
from portal.settings import Settings
from portal.sign_in.cookies import ATTEMPT_SECONDS, CLOCK_SKEW

CALLBACK = "/auth/callback"
HOME = "/"
MAX_NEXT = 512
_PATH = re.compile(r"/(?![/\\])[!-~]*")


@dataclass(frozen=True, slots=True)
class Tokens:
    """What the user pool grants. `refresh` is None where the one that was used stays good."""

    access: str
    identity: str
    refresh: str | None


class UserPool(Protocol):
    """The user pool, as sign-in uses it. Everything may raise UserPoolUnavailableError."""

    def exchange(self, code: str, code_verifier: str, redirect_uri: str) -> Tokens:
        """Raises SignInError for a code that is wrong, used or too old."""
        ...

    def refresh(self, refresh_token: str) -> Tokens:
        """Raises SignInError for a refresh token that is revoked or too old."""
        ...

    def revoke(self, refresh_token: str) -> None:
        """End the session at the pool. A token that is worth nothing any more is no error."""
        ...


@dataclass(frozen=True, slots=True)
class Attempt:
    """A sign-in that has begun; it waits in a cookie of the browser that began it."""

    began: int
    """In seconds since 1970."""
    state: str
    nonce: str
    code_verifier: str
    next_path: str

    def to_bytes(self) -> bytes:
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_bytes(cls, packed: bytes | None, now: int) -> Self:
        """Read what `to_bytes` wrote, which the cookie's seal vouches for. Raises SignInError where it is too old."""
        attempt = cls(**json.loads(packed)) if packed else None
        if attempt is None or not -CLOCK_SKEW <= now - attempt.began <= ATTEMPT_SECONDS:
            raise SignInError("This sign-in was not begun here, or too long ago.")
        return attempt


@dataclass(frozen=True, slots=True)
class Granted:
    """A finished sign-in."""

    access_token: str
    refresh_token: str
    display_name: str


class SignIn:
    """Leads a browser to the managed login and back."""

    def __init__(self, pool: UserPool, verifier: Verifier, settings: Settings) -> None:
        self._pool = pool
        self._verifier = verifier
        self._settings = settings
        self._callback = settings.portal_origin + CALLBACK

    def begin(self, next_path: str, now: int) -> tuple[str, Attempt]:
        """Return where to send the browser, and what it must bring back."""
        attempt = Attempt(
            now, secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(48), check_next(next_path)
        )
        digest = hashlib.sha256(attempt.code_verifier.encode()).digest()
        query = {
            "response_type": "code",
            "client_id": self._settings.web_client_id,
            "redirect_uri": self._callback,
            "scope": "openid email profile",
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": encode_base64url(digest),
            "code_challenge_method": "S256",
            # Whoever was logged off for being idle must say again who they are.
            "prompt": "login",
        }
        return f"{self._settings.sign_in_url}/oauth2/authorize?{urlencode(query)}", attempt

    def finish(self, attempt: Attempt, *, state: str, code: str) -> Granted:
        """Exchange the code. Raises SignInError."""
        if not hmac.compare_digest(attempt.state.encode(), state.encode()):
            raise SignInError("This sign-in was not begun in this browser.")
        tokens = self._pool.exchange(code, attempt.code_verifier, self._callback)
        try:
            claims = self._verifier.sign_in(tokens.identity, access_token=tokens.access, nonce=attempt.nonce)
        except InvalidTokenError as error:
            raise SignInError("The user pool's tokens do not answer this sign-in.") from error
        if tokens.refresh is None:
            raise SignInError("The user pool granted no refresh token.")
        names = (claims.get(name) for name in ("name", "email", "cognito:username"))
        return Granted(tokens.access, tokens.refresh, next((str(name) for name in names if name), ""))

    def renew(self, refresh_token: str) -> Tokens:
        return self._pool.refresh(refresh_token)

    def end(self, refresh_token: str) -> None:
        self._pool.revoke(refresh_token)

    @property
    def sign_out_url(self) -> str:
        """The managed login's own sign-out, which leads back to the portal's home."""
        query = {"client_id": self._settings.web_client_id, "logout_uri": self._settings.portal_origin + HOME}
        return f"{self._settings.sign_in_url}/logout?{urlencode(query)}"


def check_next(path: str) -> str:
    """Return `path` if it leads to a page of this portal, else the home page: no open redirects."""
    parts = urlsplit(path) if _PATH.fullmatch(path) and len(path) <= MAX_NEXT else None
    if parts is None or parts.scheme or parts.netloc or "\\" in path or path.startswith("/auth/"):
        return HOME
    return path
