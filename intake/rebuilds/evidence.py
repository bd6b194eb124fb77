"""What was counted where no mark tells it: whatever the change feed holds, which is written in the same transaction."""

import hashlib
from array import array
from bisect import bisect_left
from collections.abc import Callable
from datetime import datetime, timedelta

from intake.files.model import now
from intake.projections.change_feed import KEPT, feed_key
from intake.projections.model import Change
from intake.rebuilds.reader import Reader
from intake.table.queries import Query

SURELY_KEPT = KEPT - timedelta(days=1)
"""For how long a change surely stands in the feed."""


class FeedEvidence:
    """Knows a clinic's feed: 8 bytes for each change, read once, and only where somebody asks."""

    def __init__(self, reader: Reader, clinic_id: str, clock: Callable[[], datetime] = now) -> None:
        self._reader = reader
        self._clinic_id = clinic_id
        self._clock = clock
        self._told: array[int] | None = None

    def has_counted(self, change: Change) -> bool:
        """Say whether a change was counted: it stands in the feed, or is too old to stand there still."""
        return change.at < self._clock() - SURELY_KEPT or self.has_told(change)

    def has_told(self, change: Change) -> bool:
        """Say whether a change stands in the feed."""
        if self._told is None:
            self._told = self._read()
        digest = _digest(change.file_id, change.revision)
        place = bisect_left(self._told, digest)
        return place < len(self._told) and self._told[place] == digest

    def _read(self) -> "array[int]":
        items = self._reader.read(Query(feed_key(self._clinic_id)["pk"], consistent=True))
        rows = (row for item in items for row in item.get("rows", ()))
        return array("Q", sorted(_digest(row["file_id"], row["revision"]) for row in rows))


class MarksAlone(FeedEvidence):
    """Takes what no mark tells of for not counted, and asks no feed. For audits only: either is a difference."""

    def _read(self) -> "array[int]":
        return array("Q")


def _digest(file_id: str, revision: int) -> int:
    return int.from_bytes(hashlib.blake2b(f"{file_id}.{revision}".encode(), digest_size=8).digest())
