"""Who works where: staff, admins and machine clients as the user pool knows them, and how the portal asks it."""

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from portal.auth.identity import ADMIN_GROUP, CLINIC_GROUP, LEAD_GROUP


class Standing(StrEnum):
    """How far somebody is with their account."""

    INVITED = "invited"
    """Has not chosen a password yet."""
    ACTIVE = "active"
    RESET = "reset"
    """Must choose a new password at the next sign-in."""
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class Person:
    """A user of the pool."""

    username: str
    """The pool's handle; opaque for whoever was invited here."""
    subject: str
    """The `sub` of their tokens, by which timelines and the audit log name them."""
    email: str
    name: str
    standing: Standing
    since: datetime
    """When the account was made."""

    @property
    def shown(self) -> str:
        return self.name or self.email or self.username


def name_group(clinic_id: str | None) -> str:
    """Return the group of a clinic's staff, or the admins'."""
    return CLINIC_GROUP + clinic_id if clinic_id else ADMIN_GROUP


def name_lead_group(clinic_id: str) -> str:
    """Return the group of a clinic's leads, who are in its staff's group as well."""
    return LEAD_GROUP + clinic_id


class People(Protocol):
    """The user pool's people. Everything may raise UserPoolUnavailableError."""

    def create_group(self, group: str) -> None:
        """A group that exists already is no error."""
        ...

    def list_members(self, group: str) -> tuple[Person, ...]:
        """By name; nobody where there is no such group."""
        ...

    def find_person(self, username: str) -> tuple[Person, frozenset[str]]:
        """Return somebody and their groups. Raises NotFoundError."""
        ...

    def find_by_email(self, email: str) -> Person | None: ...

    def invite(self, email: str, name: str) -> Person:
        """Make an account and email how to sign in. Raises ConflictError when the address has one already."""
        ...

    def remind(self, person: Person) -> None:
        """Send the invitation again, with a new temporary password. Raises ConflictError once it was accepted."""
        ...

    def join(self, person: Person, group: str) -> None: ...

    def leave(self, person: Person, group: str) -> None:
        """Whoever is not in the group is left as they are."""
        ...

    def disable(self, person: Person) -> None:
        """Refuse sign-in and renewal, from now on, of every session."""
        ...

    def enable(self, person: Person) -> None: ...

    def reset_password(self, person: Person) -> None:
        """Email a code for a new password, and end all sessions. Raises ConflictError for who never signed in."""
        ...

    def forget_second_factor(self, person: Person) -> None:
        """Have them set up an authenticator app anew at the next sign-in, and end all sessions."""
        ...


@dataclass(frozen=True, slots=True)
class Credentials:
    """A client that was just made. The secret is shown once, and neither kept nor logged."""

    client_id: str
    secret: str = field(repr=False)


class Machines(Protocol):
    """The user pool's machine clients. Everything may raise UserPoolUnavailableError."""

    def create(self, name: str, scopes: Collection[str]) -> Credentials: ...

    def delete(self, client_id: str) -> None:
        """A client that is gone already is no error."""
        ...


LONGEST_ADDRESS = 254
"""Characters of an address (RFC 5321, 4.5.3.1.3)."""

_ADDRESS = re.compile(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")
"""As browsers check it (HTML standard, "Valid email address"), in lower case and with a dot in the domain: so does SNS
take it."""


def is_email_address(text: str) -> bool:
    """Say whether a text in lower case is an address."""
    return len(text) <= LONGEST_ADDRESS and _ADDRESS.fullmatch(text) is not None
