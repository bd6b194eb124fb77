"""The audit log: who did what to whom, when and why. It is written to and read, and never changed."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from intake.ports.records import Page


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One action of a person or a client. Opaque ids and codes only, but for `actor_name` and `reason`."""

    at: datetime
    actor: str
    """Opaque id of the user or the client."""
    actor_name: str
    """As the user pool calls them, for people to read: a member of staff's, never a patient's."""
    action: str
    """A dotted verb such as `file.reprocess` or `partner.revoke`, from `portal.actions`."""
    clinic_id: str = ""
    """The clinic that it concerns; empty for what concerns all or none."""
    subject: str = ""
    """Id of what was acted on: a file, an upload, a user, a client, a message."""
    reason: str = ""
    """Why, in the actor's words. Shown to admins only."""
    detail: dict[str, str] = field(default_factory=dict)
    """What else tells the action from others of its kind: numbers, codes, settings before and after."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """Which entries are wanted; what is left empty excludes none."""

    clinic_id: str = ""
    actor: str = ""
    action: str = ""
    """A whole action, or its beginning up to a dot: `file.`."""
    subject: str = ""
    since: datetime | None = None
    until: datetime | None = None


class AuditLog(Protocol):
    """Written before the action itself: what could not be noted does not happen."""

    def write(self, entry: AuditEntry) -> None: ...

    def entries(self, wanted: AuditFilter, after: str | None, limit: int) -> Page[AuditEntry]:
        """Return entries, newest first. A page may be short and still have a next one.

        Raises InvalidCursorError.
        """
        ...
