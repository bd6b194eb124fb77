"""What went wrong with messages, in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from intake.operations.model import LastError


@dataclass
class FakeLastErrors:
    """Keeps them for good."""

    noted: dict[str, LastError] = field(default_factory=dict)

    def note(self, error: LastError) -> None:
        self.noted[error.message_id] = error

    def find(self, message_ids: Sequence[str]) -> dict[str, LastError]:
        return {message_id: self.noted[message_id] for message_id in message_ids if message_id in self.noted}
