"""A client's credentials: from the environment, or from a file that only its owner can read. Never from arguments."""

import json
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

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
        raise CredentialsError(f"{path} is no TOML file. Run `scalper login` to write it anew.") from error
    return {name: value for name, value in table.items() if name in _VARIABLES and isinstance(value, str)}
