"""A client's credentials, and the tokens that they get.

Credentials come from the environment, or from a file that only its owner can read; never from arguments. Tokens are
asked for with the client-credentials grant (RFC 6749, 4.4), and again before they expire.
"""

import json
import os
import threading
import time
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from scalper.api.discovery import discover, explain_stranger, parse_object, require_https
from scalper.api.retry import Retry
from scalper.errors import CredentialsError

FILE_VARIABLE = "SCALPER_CREDENTIALS"
_VARIABLES = {
    "api_url": "SCALPER_API_URL",
    "client_id": "SCALPER_CLIENT_ID",
    "client_secret": "SCALPER_CLIENT_SECRET",
    "token_url": "SCALPER_TOKEN_URL",
}
_NEEDED = ("api_url", "client_id", "client_secret")


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a client needs to be let in."""

    api_url: str
    client_id: str
    client_secret: str = field(repr=False)
    token_url: str | None = None
    """Needed only where the API's own answer does not lead there."""


def find(environment: Mapping[str, str] = os.environ) -> Credentials:
    """Return the credentials; each variable of the environment goes before the file. Raises CredentialsError."""
    given = {name: environment[variable] for name, variable in _VARIABLES.items() if environment.get(variable)}
    path = locate_file(environment)
    if not all(name in given for name in _NEEDED) and (path.exists() or FILE_VARIABLE in environment):
        given = {**_read(path), **given}
    missing = [_VARIABLES[name] for name in _NEEDED if name not in given]
    if missing:
        raise CredentialsError(f"There are no credentials. Run `scalper login`, or set {', '.join(missing)}.")
    return Credentials(**given)


def find_api_url(environment: Mapping[str, str] = os.environ) -> str:
    """Return the API's address alone, from the environment or the file. Raises CredentialsError."""
    path = locate_file(environment)
    if not environment.get(_VARIABLES["api_url"]) and not path.exists():
        raise CredentialsError("Name the portal with --portal, or in SCALPER_API_URL.")
    found = environment.get(_VARIABLES["api_url"]) or _read(path).get("api_url")
    if not found:
        raise CredentialsError(f"{path} names no API. Name the portal with --portal, or in SCALPER_API_URL.")
    return found


def locate_file(environment: Mapping[str, str] = os.environ) -> Path:
    """Return where the credentials are kept (XDG Base Directory Specification)."""
    if environment.get(FILE_VARIABLE):
        return Path(environment[FILE_VARIABLE])
    home = environment.get("XDG_CONFIG_HOME")
    return (Path(home) if home else Path.home() / ".config") / "silent-scalper" / "credentials.toml"


def save(found: Credentials, path: Path) -> None:
    """Write the file, at no moment readable by others. Raises OSError."""
    values = {name: getattr(found, name) for name in _VARIABLES}
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        # JSON's strings are TOML's basic strings, as long as they hold nothing beyond the first plane.
        file.writelines(f"{name} = {json.dumps(value)}\n" for name, value in values.items() if value)
    fresh.replace(path)


def _read(path: Path) -> dict[str, str]:
    try:
        if os.name == "posix" and path.stat().st_mode & 0o077:
            raise CredentialsError(f"Others on this machine can read {path}. Run: chmod 600 {path}")
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CredentialsError(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise CredentialsError(f"{path} is not a TOML file. Run `scalper login` to write it again.") from error
    return {name: value for name, value in table.items() if name in _VARIABLES and isinstance(value, str)}


SCOPES = "scalper/upload scalper/read"
MARGIN = 120
"""Seconds before its end from which a token is not used any more."""


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
        document = parse_object(answer) or {}
        if not answer.is_success or "access_token" not in document:
            raise CredentialsError(_explain_refusal(answer.status_code, str(document.get("error", ""))))
        self._token = str(document["access_token"])
        told = document.get("expires_in")
        lifetime = float(told) if isinstance(told, (int, float)) else 3600.0
        self._until = self._clock() + max(lifetime - MARGIN, lifetime / 2)

    def _discover(self) -> str:
        found = discover(self._http, self._retrying, self._api).get("token_endpoint")
        if not isinstance(found, str):
            raise explain_stranger(self._api)
        return require_https(found, "the token endpoint")


def _explain_refusal(status: int, error: str) -> str:
    if error == "invalid_client" or status == 401:
        return "The token endpoint does not know these credentials. Check client id and secret."
    if error == "invalid_scope":
        return "This client may not both upload and read: ask your operator for both scopes."
    return f"The token endpoint did not accept the credentials ({status}{': ' + error if error else ''})."
