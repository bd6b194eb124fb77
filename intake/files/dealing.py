"""What a person says of a file that was not accepted, or of files that never came: it needs nobody any more."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Reason(StrEnum):
    """Why nothing is to be done. The value is what the table stores, the API answers and the audit log tells."""

    SENT_OTHERWISE = "sent-otherwise"
    NOT_NEEDED = "not-needed"
    UNOBTAINABLE = "unobtainable"
    FEWER_TAKEN = "fewer-taken"
    """Fewer images were taken than were expected."""
    OTHER = "other"


OF_FILES = (Reason.NOT_NEEDED, Reason.SENT_OTHERWISE, Reason.UNOBTAINABLE, Reason.OTHER)
"""Reasons that a file can be dealt with for."""

OF_UPLOADS = (Reason.FEWER_TAKEN, Reason.NOT_NEEDED, Reason.SENT_OTHERWISE, Reason.UNOBTAINABLE, Reason.OTHER)
"""Reasons that nothing more is coming for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dealing:
    """Who said so, when and why."""

    reason: Reason
    by: str
    """Opaque id of the person."""
    by_name: str
    at: datetime
    words: str = ""
    """In the person's own words, for their clinic alone: they may tell of patients."""


REPLACED, DEALT_WITH, REOPENED = "replaced", "dealt-with", "reopened"
"""Steps of a file's timeline."""

REPAIRS = frozenset({REPLACED, DEALT_WITH, REOPENED})
"""Steps that change how much a file matters, and not its verdict."""
