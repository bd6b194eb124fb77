"""Clinics, their profiles and their partners."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Partner:
    """A machine client: which clinic it speaks for, and what it may do."""

    client_id: str
    clinic_id: str
    name: str
    scopes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Clinic:
    """A tenant."""

    clinic_id: str
    name: str


class RequestCounts(Protocol):
    """How often clients ask."""

    def add(self, client_id: str, at: datetime) -> int:
        """Count a request, and return how many there were in its minute."""
        ...


class Directory(Protocol):
    """Clinics and partners."""

    def clinics(self) -> tuple[Clinic, ...]: ...

    def profile(self, clinic_id: str) -> dict[str, Any] | None:
        """Return how the clinic wants its files judged, as `processor.judge.Profile` writes it; None for a default."""
        ...

    def save_profile(self, clinic_id: str, profile: dict[str, Any]) -> None: ...

    def partner(self, client_id: str) -> Partner | None: ...

    def save_clinic(self, clinic: Clinic) -> None: ...

    def save_partner(self, partner: Partner) -> None: ...
