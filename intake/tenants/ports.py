"""What is asked of the directory, of request counts and of the API's gateway."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Protocol

from intake.tenants.model import Clinic, Partner, ProfileChange, Revoked


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

    def mail_language(self, clinic_id: str) -> str:
        """Return the language of a clinic's mails; English for one that nobody entered."""
        ...

    def choose_mail_language(self, clinic_id: str, language: str) -> None:
        """Change that and nothing else, whoever changes the clinic meanwhile. Raises ConflictError for no clinic."""
        ...

    def profile(self, clinic_id: str) -> dict[str, Any] | None:
        """Return how the clinic wants its files judged, as the judge's `Profile` writes it; None for a default."""
        ...

    def save_profile(self, clinic_id: str, profile: dict[str, Any]) -> None: ...

    def change_profile(self, clinic_id: str, change: ProfileChange) -> None:
        """Replace the profile, and keep the change. Raises ConflictError where it is not `before` any more."""
        ...

    def profile_changes(self, clinic_id: str, limit: int) -> tuple[ProfileChange, ...]:
        """Return the newest changes first."""
        ...

    def profile_change(self, clinic_id: str, change_id: str) -> ProfileChange:
        """Raises NotFoundError."""
        ...

    def partner(self, client_id: str) -> Partner | None:
        """Return a partner, whether it still works or not."""
        ...

    def partners(self) -> tuple[Partner, ...]:
        """Of all clinics, those that no longer work among them."""
        ...

    def save_partner(self, partner: Partner) -> None: ...


class Gateway(Protocol):
    """The gateway's list of clients."""

    def admit(self, client_ids: Collection[str]) -> bool:
        """Have tokens of exactly these clients let in, within seconds. Say whether that changed anything."""
        ...


class Revocations(Protocol):
    """Sessions that were signed out, and people whose sessions were all ended. Everything may raise
    RevocationsUnknownError."""

    def revoke_session(self, session_id: str, at: datetime) -> None:
        """End a session. Once is enough; twice is no error."""
        ...

    def revoke_sign_ins(self, subject: str, at: datetime) -> None:
        """End every session of somebody that began up to `at`. An earlier moment takes nothing back."""
        ...

    def find(self, session_id: str, subject: str) -> Revoked:
        """Return what was ended until now."""
        ...
