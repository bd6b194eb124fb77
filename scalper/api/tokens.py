"""Access tokens: asked for with the client-credentials grant (RFC 6749, 4.4), and again before they expire."""

import threading
import time
from collections.abc import Callable
from urllib.parse import urlsplit

import httpx

from scalper.api.retry import Retry
from scalper.errors import CredentialsError

DISCOVERY = "/.well-known/oauth-protected-resource"
"""Where the API tells who issues its tokens (RFC 9728)."""

SCOPES = "scalper/upload scalper/read"
MARGIN = 120
"""Seconds before its end from which a token is not used any more."""

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def require_https(url: str, what: str) -> str:
    """Return `url` without a trailing slash. Raises CredentialsError unless it is https, or http on this machine."""
    parts = urlsplit(url)
    if not parts.hostname or not (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)):
        raise CredentialsError(f"The address of {what} must begin with https:// (http:// on this machine only).")
    return url.rstrip("/")


class Tokens:
    """A token that is good for the next minutes, whenever one is asked for. Threads share it."""

    def __init__(
        self,
        http: httpx.Client,
        retry: Retry,
        *,
        api: str,
        client_id: str,
        client_secret: str,
        token_url: str | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._http = http
        self._retrying = retry
        self._api = api
        self._credentials = (client_id, client_secret)
        self._token_url = require_https(token_url, "the token endpoint") if token_url else None
        self._clock = clock
        self._lock = threading.Lock()
        self._token = ""
        self._until = 0.0

    def get(self, *, instead_of: str | None = None) -> str:
        """Return a token; another one than `instead_of`, which the API did not take.

        Raises CredentialsError, UnreachableError.
        """
        with self._lock:
            if self._clock() >= self._until or self._token == instead_of:
                self._renew()
            return self._token

    def _renew(self) -> None:
        url = self._token_url = self._token_url or self._discover()
        form = {"grant_type": "client_credentials", "scope": SCOPES}
        answer = self._retrying(lambda: self._http.post(url, data=form, auth=self._credentials))
        document = _parse_object(answer)
        if not answer.is_success or "access_token" not in document:
            raise CredentialsError(_explain_refusal(answer.status_code, str(document.get("error", ""))))
        self._token = str(document["access_token"])
        told = document.get("expires_in")
        lifetime = float(told) if isinstance(told, (int, float)) else 3600.0
        self._until = self._clock() + max(lifetime - MARGIN, lifetime / 2)

    def _discover(self) -> str:
        answer = self._retrying(lambda: self._http.get(self._api + DISCOVERY))
        found = _parse_object(answer).get("token_endpoint")
        if not answer.is_success or not isinstance(found, str):
            raise CredentialsError(f"{self._api} does not answer as Silent Scalper does. Is it the API's address?")
        return require_https(found, "the token endpoint")


def _parse_object(answer: httpx.Response) -> dict[str, object]:
    try:
        document = answer.json()
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _explain_refusal(status: int, error: str) -> str:
    if error == "invalid_client" or status == 401:
        return "The token endpoint does not know these credentials. Check client id and secret."
    if error == "invalid_scope":
        return "This client may not both upload and read: ask your operator for both scopes."
    return f"The token endpoint refused the credentials ({status}{': ' + error if error else ''})."
