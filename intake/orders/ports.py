"""Keeping orders and reviews."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from intake.files.outcomes import Page
from intake.orders.model import Answer, Answered, Order, OrderBatch, Review


class Orders(Protocol):
    """Kept for a week. Senders choose an order's id: one owner's has nothing to do with another's of the same id."""

    def place(self, order: Order) -> Order:
        """Keep an order and return it, or the one that already has its id."""
        ...

    def order(self, owner: str, order_id: str) -> Order:
        """Raises NotFoundError."""
        ...

    def recent(self, owner: str, limit: int) -> tuple[Order, ...]:
        """Return the newest orders of an owner, without their answers."""
        ...

    def portion(self, owner: str, order_id: str, number: int) -> OrderBatch | None:
        """Return a portion that was found before."""
        ...

    def add_portion(self, owner: str, order_id: str, number: int, portion: OrderBatch) -> OrderBatch:
        """Keep a portion, count its files, and return it; or the one that already has its number."""
        ...

    def answer(self, owner: str, order_id: str, answers: Sequence[Answered]) -> None:
        """Note what became of files; of each, what is noted first counts. Raises ContentionError."""
        ...

    def answers(self, owner: str, order_id: str, after: str | None, limit: int) -> Page[Answered]:
        """Return what became of each file, by file id. Raises InvalidCursorError."""
        ...


class Reviews(Protocol):
    """One review per file at a time."""

    def propose(self, review: Review) -> bool:
        """Keep a proposal. False when one waits for the file already, or two people stand behind its acceptance.

        What two people agreed on in vain may be proposed anew.
        """
        ...

    def decide(self, review: Review, *, confirmed: bool, by: str, name: str, at: datetime) -> Review:
        """Confirm or decline a proposal, of which file and clinic are gone by.

        Raises NotFoundError where none waits, and ConflictError when its own proposer would confirm it.
        """
        ...

    def conclude(self, review: Review, answer: Answer, codes: Sequence[str]) -> bool:
        """Keep what became of a file that two people agreed on. False where it is told already, or it is not theirs."""
        ...

    def review(self, file_id: str) -> Review | None: ...

    def list_waiting(self, limit: int) -> tuple[Review, ...]:
        """Return proposals that nobody has decided, oldest first."""
        ...
