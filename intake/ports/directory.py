"""Clinics, their profiles and their partners."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol


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


class RequestCounts(Protocol):
    """How often clients ask."""

    def add(self, client_id: str, at: datetime) -> int:
        """Count a request, and return how many there were in its minute."""
        ...

    def add_today(self, name: str, at: datetime) -> int:
        """Count what `name` stands for, and return how often it came on that day (UTC)."""
        ...


class Directory(Protocol):
    """Clinics and partners. Few of both: the lists are read whole."""

    def clinics(self) -> tuple[Clinic, ...]:
        """By id."""
        ...

    def clinic(self, clinic_id: str) -> Clinic | None: ...

    def create_clinic(self, clinic: Clinic) -> None:
        """Raises ConflictError where the id is taken."""
        ...

    def save_clinic(self, clinic: Clinic) -> None: ...

    def profile(self, clinic_id: str) -> dict[str, Any] | None:
        """Return how the clinic wants its files judged, as `processor.judge.Profile` writes it; None for a default."""
        ...

    def save_profile(self, clinic_id: str, profile: dict[str, Any]) -> None: ...

    def replace_profile(self, clinic_id: str, before: dict[str, Any] | None, after: dict[str, Any]) -> None:
        """Raises ConflictError where the profile is not `before` any more."""
        ...

    def partner(self, client_id: str) -> Partner | None:
        """Return a partner, whether it still works or not."""
        ...

    def partners(self) -> tuple[Partner, ...]:
        """Of all clinics, those that no longer work among them."""
        ...

    def save_partner(self, partner: Partner) -> None: ...
