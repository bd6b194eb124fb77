"""Signing in from the command line: authorization code with PKCE, back by loopback (RFC 8252, RFC 7636)."""

import secrets
import threading
import time
from collections.abc import Callable, Sequence
from typing import Protocol

import httpx

from scalper.admin.authorization import Grant, UserPool, name_error
from scalper.admin.loopback import PORTS, Listener
from scalper.api.retry import Retry
from scalper.errors import SignInError

PATIENCE = 300.0
"""Seconds for which a sign-in is waited for."""
MARGIN = 120.0
"""Seconds before its end from which a token is not used any more."""


class Host(Protocol):
    """Whoever leads a person through a sign-in."""

    def show(self, url: str, port: int) -> None:
        """Have the person open `url`, which leads back to `port` of this machine."""
        ...

    def welcome(self, name: str) -> None:
        """Say who signed in."""
        ...

    def report_left_open(self, reason: str) -> None:
        """Say that the sign-in could not be ended."""
        ...


def sign_in(
    http: httpx.Client, pool: UserPool, host: Host, *, ports: Sequence[int] = PORTS, patience: float = PATIENCE
) -> Grant:
    """Have a person sign in. Raises SignInError, UnreachableError."""
    # 32 and 48 random bytes, as base64url: RFC 7636 (section 4.1) asks for 43 to 128 characters of a verifier.
    state, code_verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
    with Listener(state, ports) as listener:
        redirect_uri = listener.redirect_uri
        host.show(pool.begin(state=state, code_verifier=code_verifier, redirect_uri=redirect_uri), listener.port)
        answer = listener.wait(patience)
    if answer.error:
        raise SignInError(f"The sign-in did not come off: {name_error(answer.error)}. Run the command again.")
    grant = pool.exchange(http, code=answer.code, code_verifier=code_verifier, redirect_uri=redirect_uri)
    host.welcome(grant.name)
    return grant


class PersonTokens:
    """A token of whoever signed in, renewed while the sign-in is good. Threads share it."""

    def __init__(
        self,
        http: httpx.Client,
        retry: Retry,
        pool: UserPool,
        grant: Grant,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._http = http
        self._retrying = retry
        self._pool = pool
        self._clock = clock
        self._lock = threading.Lock()
        self._keep(grant)

    def get(self, *, instead_of: str | None = None) -> str:
        """Return a token; another one than `instead_of`. Raises SessionEndedError, UnreachableError."""
        with self._lock:
            if self._clock() >= self._until or self._grant.access == instead_of:
                self._keep(self._pool.refresh(self._http, self._retrying, self._grant))
            return self._grant.access

    def end(self) -> None:
        """Revoke what the sign-in gave. Raises SignInError, UnreachableError."""
        self._pool.revoke(self._http, self._grant)

    def _keep(self, grant: Grant) -> None:
        self._grant = grant
        self._until = self._clock() + max(grant.lifetime - MARGIN, grant.lifetime / 2)
