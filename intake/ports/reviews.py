"""Reviews: a rejected file that one admin proposes to accept, and another admin confirms or declines."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What was proposed for one file, and what was decided."""

    file_id: str
    clinic_id: str
    codes: tuple[str, ...]
    """Of the findings that reject the file, as they were when it was proposed: a file with others is another case."""
    reason: str
    """In the proposer's words, for admins only."""
    proposed_by: str
    proposed_by_name: str
    proposed_at: datetime
    decided_by: str = ""
    decided_by_name: str = ""
    decided_at: datetime | None = None
    confirmed: bool = False

    @property
    def holds(self) -> bool:
        """Whether two different people stand behind it."""
        return self.confirmed and bool(self.decided_by) and self.decided_by != self.proposed_by


class Reviews(Protocol):
    """One review per file at a time."""

    def propose(self, review: Review) -> bool:
        """Keep a proposal. False when one waits for the file already, or two people stand behind its acceptance."""
        ...

    def decide(self, review: Review, *, confirmed: bool, by: str, name: str, at: datetime) -> Review:
        """Confirm or decline a proposal, of which file and clinic are gone by.

        Raises NotFoundError where none waits, and ConflictError when its own proposer would confirm it.
        """
        ...

    def review(self, file_id: str) -> Review | None: ...

    def waiting(self, limit: int) -> tuple[Review, ...]:
        """Return proposals that nobody has decided, oldest first."""
        ...
