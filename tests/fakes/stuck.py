"""Stuck files, in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from intake.operations.model import StuckFile


@dataclass
class FakeStuckFiles:
    """Keeps stuck files for good."""

    noted: dict[str, StuckFile] = field(default_factory=dict)

    def note(self, files: Sequence[StuckFile]) -> None:
        self.noted.update({file.file_id: file for file in files})

    def list_seen(self, since: datetime, limit: int) -> tuple[StuckFile, ...]:
        found = [file for file in self.noted.values() if file.seen_at >= since]
        return tuple(sorted(found, key=lambda file: file.arrived_at)[:limit])
