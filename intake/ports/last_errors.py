"""What went wrong with messages that were given up, for whoever looks at them in the dead-letter queue."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class LastError:
    """Why a message was delivered for the last time in vain."""

    message_id: str
    error: str
    """The error's class, and AWS's code where there is one; never its text."""
    at: datetime


class LastErrors(Protocol):
    """Kept as long as the messages themselves."""

    def note(self, error: LastError) -> None: ...

    def of(self, message_ids: Sequence[str]) -> dict[str, LastError]:
        """Return what is known, by message."""
        ...
