"""Access that was ended before its tokens expire."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Revoked:
    """What was ended of somebody's access."""

    session: bool = False
    """Whether the session was signed out."""
    sign_ins_until: int = -1
    """Every sign-in of the person up to this moment, in seconds since 1970, was ended."""


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
