"""The change feed, in memory."""

from dataclasses import dataclass, field

from intake.errors import ChangesGoneError, InvalidCursorError
from intake.projections.model import FeedEntry, FeedPage


@dataclass
class FakeChangeFeed:
    """Entries by clinic; `forget` lets the oldest expire. A position is the number of entries before it."""

    entries: dict[str, list[FeedEntry]] = field(default_factory=dict)
    forgotten: dict[str, int] = field(default_factory=dict)

    def append(self, clinic_id: str, *entries: FeedEntry) -> None:
        self.entries.setdefault(clinic_id, []).extend(entries)

    def forget(self, clinic_id: str, count: int) -> None:
        self.forgotten[clinic_id] = count

    def changes(self, clinic_id: str, since: str | None, limit: int) -> FeedPage:
        held, oldest = self.entries.get(clinic_id, []), self.forgotten.get(clinic_id, 0)
        if since and not since.isdecimal():
            raise InvalidCursorError("This is no position.")
        start = int(since) if since else oldest
        if start > len(held):
            raise InvalidCursorError("This position was never given.")
        if start < oldest:
            raise ChangesGoneError("gone")
        rows = tuple(held[start : start + limit])
        return FeedPage(rows, str(start + len(rows)), more=start + limit < len(held))

    def end(self, clinic_id: str) -> str:
        return str(len(self.entries.get(clinic_id, [])))
