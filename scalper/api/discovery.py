"""What the API tells of itself before anybody is signed in: who issues its tokens (RFC 9728)."""

from typing import Any
from urllib.parse import urlsplit

import httpx

from scalper.api.retry import Retry
from scalper.errors import CredentialsError

DISCOVERY = "/.well-known/oauth-protected-resource"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def require_https(url: str, what: str) -> str:
    """Return `url` without a trailing slash. Raises CredentialsError unless it is https, or http on this machine."""
    parts = urlsplit(url)
    if not parts.hostname or not (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)):
        raise CredentialsError(f"The address of {what} must begin with https:// (http:// on this machine only).")
    return url.rstrip("/")


def discover(http: httpx.Client, retry: Retry, api: str) -> dict[str, Any]:
    """Return the API's metadata. Raises CredentialsError where something else answers, UnreachableError."""
    answer = retry(lambda: http.get(api + DISCOVERY))
    found = parse_object(answer)
    if not answer.is_success or found is None:
        raise explain_stranger(api)
    return found


def explain_stranger(api: str) -> CredentialsError:
    """Return the error for an address that is not the API's."""
    return CredentialsError(f"{api} does not answer as Silent Scalper does. Is it the API's address?")


def parse_object(answer: httpx.Response) -> dict[str, Any] | None:
    """Return the JSON object that an answer holds; None where it holds none."""
    try:
        document = answer.json()
    except ValueError:
        return None
    return document if isinstance(document, dict) else None
