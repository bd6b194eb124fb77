"""Clinics and their partners, and access that was ended."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from intake.languages import ENGLISH


@dataclass(frozen=True, slots=True)
class Partner:
    """A machine client: which clinic it speaks for, what it may do, and for how long."""

    client_id: str
    clinic_id: str
    name: str
    scopes: frozenset[str]
    created_at: datetime | None = None
    ends_at: datetime | None = None
    """From when on it is refused: a revoked client's moment, or the end of the grace that a rotation leaves it."""
    request_key: str = ""
    """Of the form that asked for it, so that the same form sent twice makes one client."""

    def works_at(self, moment: datetime) -> bool:
        return self.ends_at is None or moment < self.ends_at


@dataclass(frozen=True, slots=True)
class Clinic:
    """A tenant."""

    clinic_id: str
    name: str
    contact: str = ""
    """Whom to ask, in an admin's words: a name of staff, an address, a telephone number."""
    active: bool = True
    """An inactive clinic announces no more files. What it sent stays, and is read as before."""
    created_at: datetime | None = None
    shows_names: bool = True
    """Whether lists tell the clinic's own people the names of patients. Nobody else is ever told."""
    language: str = ENGLISH
    """Of the mails that its people get: one of `LANGUAGES`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileChange:
    """One change of how a clinic's files are judged."""

    change_id: str
    """Sorts by time."""
    at: datetime
    by: str
    """Opaque id of the admin."""
    by_name: str
    before: dict[str, Any] | None
    after: dict[str, Any]


def profile_version(profile: Mapping[str, Any] | None) -> str:
    """Return what tells one profile from another in a file's record: twelve hexadecimal digits of what it says.

    Profiles that say the same have the same version, so going back to an earlier one is going back to its version.
    """
    written = profile or {}
    kinds = written.get("kinds")
    said = {
        "kinds": None if kinds is None else sorted(kinds),
        "max_bytes": dict(written.get("max_bytes", {})),
        "rules": dict(written.get("rules", {})),
        "conflicts": written.get("conflicts", "hold"),
    }
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:12]


MOST_CLIENTS = 50
"""Clients that the gateway can be told of, our own among them (Amazon API Gateway quotas, "HTTP API")."""

OWN_CLIENTS = 2
"""The portal's and the console command's, by which people sign in."""


@dataclass(frozen=True, slots=True)
class Revoked:
    """What was ended of somebody's access."""

    session: bool = False
    """Whether the session was signed out."""
    sign_ins_until: int = -1
    """Every sign-in of the person up to this moment, in seconds since 1970, was ended."""
