"""Files that arrived and have no verdict past the time that one takes, as the sweep sees them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class StuckFile:
    """A file whose object stands in the incoming bucket, unjudged."""

    file_id: str
    clinic_id: str
    arrived_at: datetime
    seen_at: datetime
    """When the sweep saw it so."""


class StuckFiles(Protocol):
    """Noted by the sweep at each look, and forgotten within the hour where it no longer sees them."""

    def note(self, files: Sequence[StuckFile]) -> None: ...

    def seen(self, since: datetime, limit: int) -> tuple[StuckFile, ...]:
        """Return files that were seen stuck since then, those that arrived first at the beginning.

        Some may have got their verdict after that: only their records say.
        """
        ...
