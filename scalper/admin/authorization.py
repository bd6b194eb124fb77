"""The user pool's endpoints for people, as the API tells them (RFC 6749, RFC 7009, RFC 7636)."""

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urlencode, urlsplit

import httpx

from scalper.api.discovery import discover, explain_stranger, parse_object, require_https
from scalper.api.retry import Retry
from scalper.errors import CredentialsError, SessionEndedError, SignInError, UnreachableError

_CLIENT_ID = re.compile(r"[\w+]{1,128}", re.ASCII)
_PRINTABLE = re.compile(r"[!-~]+")
_ERROR = re.compile(r"[a-z_]{1,40}")
_DEFAULT_LIFETIME = 900.0


@dataclass(frozen=True, slots=True)
class Grant:
    """Tokens of a person. They are kept in memory only."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    lifetime: float
    """Of the access token, in seconds."""
    name: str
    """Of whoever signed in, as the user pool calls them."""


@dataclass(frozen=True, slots=True)
class UserPool:
    """Where a portal's people sign in, and by which client the command line asks for it."""

    client_id: str
    authorize_url: str
    token_url: str
    revoke_url: str

    @classmethod
    def discover(cls, http: httpx.Client, retry: Retry, portal: str) -> Self:
        """Ask the portal. Raises CredentialsError where it is none, or too old; UnreachableError."""
        found = discover(http, retry, portal)
        resource = found.get("resource")
        if not isinstance(resource, str) or not _PRINTABLE.fullmatch(resource):
            raise explain_stranger(portal)
        if resource.lower() != portal.lower():  # RFC 9728, section 3.3.
            raise CredentialsError(f"{portal} says that its address is {resource}. Name that one.")
        client_id = found.get("scalper_cli_client_id")
        if not isinstance(client_id, str) or not _CLIENT_ID.fullmatch(client_id):
            raise CredentialsError(f"{portal} knows no sign-in from the command line: it is of an older version.")
        endpoints = [
            _read_endpoint(found, name) for name in ("authorization_endpoint", "token_endpoint", "revocation_endpoint")
        ]
        # Who shows one pool's sign-in and has the code sent elsewhere would get tokens by a page that is genuine.
        if len({urlsplit(url)[:2] for url in endpoints}) != 1:
            raise CredentialsError(f"{portal} names endpoints of different user pools. Nothing was sent to them.")
        return cls(client_id, *endpoints)

    def begin(self, *, state: str, code_verifier: str, redirect_uri: str) -> str:
        """Return where to sign in."""
        digest = hashlib.sha256(code_verifier.encode()).digest()
        query = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": redirect_uri,
            "scope": "openid",
            "state": state,
            "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
            "code_challenge_method": "S256",
            # No session that a browser happens to hold is used without its owner.
            "prompt": "login",
        }
        return f"{self.authorize_url}?{urlencode(query)}"

    def exchange(self, http: httpx.Client, *, code: str, code_verifier: str, redirect_uri: str) -> Grant:
        """Return the tokens for a code, which works once: nothing is repeated. Raises SignInError, UnreachableError."""
        form = {
            "grant_type": "authorization_code",
            "client_id": self.client_id,
            "code": code,
            "code_verifier": code_verifier,
            "redirect_uri": redirect_uri,
        }
        answer = _post(http, self.token_url, form)
        document = parse_object(answer) or {}
        if not answer.is_success or not {"access_token", "refresh_token"} <= document.keys():
            raise SignInError(f"The user pool did not accept the sign-in ({explain_refusal(answer)}). Try again.")
        name = _read_name(str(document.get("id_token", "")))
        return Grant(str(document["access_token"]), str(document["refresh_token"]), _read_lifetime(document), name)

    def refresh(self, http: httpx.Client, retry: Retry, grant: Grant) -> Grant:
        """Return the grant renewed. Raises SessionEndedError, UnreachableError."""
        form = {"grant_type": "refresh_token", "client_id": self.client_id, "refresh_token": grant.refresh}
        answer = retry(lambda: http.post(self.token_url, data=form))
        document = parse_object(answer) or {}
        if not answer.is_success or "access_token" not in document:
            raise SessionEndedError("The sign-in has ended: it is good for an hour at the most.")
        refresh = str(document.get("refresh_token", grant.refresh))
        return Grant(str(document["access_token"]), refresh, _read_lifetime(document), grant.name)

    def revoke(self, http: httpx.Client, grant: Grant) -> None:
        """Have the grant be worth nothing from now on (RFC 7009). Raises SignInError, UnreachableError."""
        answer = _post(http, self.revoke_url, {"token": grant.refresh, "client_id": self.client_id})
        if not answer.is_success:
            raise SignInError(f"The user pool did not end it ({explain_refusal(answer)}).")


def explain_refusal(answer: httpx.Response) -> str:
    """Return what an endpoint says of a refusal, fit for print: `400: invalid_grant`."""
    error = str((parse_object(answer) or {}).get("error", ""))
    return f"{answer.status_code}: {error}" if _ERROR.fullmatch(error) else str(answer.status_code)


def name_error(error: str) -> str:
    """Return an error's name as it came by the browser, fit for print."""
    return error if _ERROR.fullmatch(error) else "an unknown error"


def _read_endpoint(document: Mapping[str, Any], name: str) -> str:
    """Return an endpoint that may be printed, and handed to a browser. Raises CredentialsError."""
    url = document.get(name)
    what = name.replace("_", " ")
    parts = urlsplit(url) if isinstance(url, str) and _PRINTABLE.fullmatch(url) else None
    if parts is None or parts.query or parts.fragment or "@" in parts.netloc:
        raise CredentialsError(f"The portal names no {what}.")
    return require_https(parts.geturl(), f"the {what}")


def _post(http: httpx.Client, url: str, form: Mapping[str, str]) -> httpx.Response:
    try:
        return http.post(url, data=dict(form))
    except httpx.TransportError as error:
        raise UnreachableError(f"The user pool did not answer: {type(error).__name__}.") from error


def _read_lifetime(document: Mapping[str, Any]) -> float:
    told = document.get("expires_in")
    return float(told) if isinstance(told, (int, float)) else _DEFAULT_LIFETIME


def _read_name(id_token: str) -> str:
    """Return whom an ID token names. It came from the token endpoint itself, by TLS, and nothing is decided by it
    (OpenID Connect Core, 3.1.3.7)."""
    body = [*id_token.split("."), ""][1]
    try:
        claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except ValueError:
        return ""
    names = (claims.get(name) for name in ("name", "email", "cognito:username")) if isinstance(claims, dict) else ()
    return next((name for name in names if isinstance(name, str) and name), "")
