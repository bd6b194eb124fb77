"""Exact ranges of an object, of which the last one that was brought is at hand."""

from intake.dicom.budget import Budget
from intake.dicom.errors import UnreadableDataSetError
from intake.dicom.streams import ByteSource
from intake.errors import ObjectChangedError


class RangeReader:
    """Reads what is asked for and nothing more.

    Raises UnreadableDataSetError for what lies beyond the object, TooCostlyError, ObjectChangedError, and what the
    source raises.
    """

    def __init__(self, source: ByteSource, budget: Budget, first: bytes = b"", origin: int = 0) -> None:
        self._source, self._budget = source, budget
        self._at_hand, self._origin = first, origin
        self.size = source.size

    def bring(self, start: int, length: int) -> None:
        """Have a range at hand, as far as the object goes and the budget allows: a guess of what will be wanted."""
        length = min(length, self.size - start)
        if length > 0 and not self.has(start, length) and length <= self._budget.fetched:
            self._read(start, length)

    def extend(self, end: int) -> None:
        """Have what follows at hand too, up to `end`, as far as the budget allows."""
        origin, before = self._origin, self._at_hand
        start = origin + len(before)
        if start < end and end - start <= self._budget.fetched:
            self._read(start, end - start)
            self._at_hand, self._origin = before + self._at_hand, origin

    def take(self, start: int, length: int) -> bytes:
        if length > self.size - start or start < 0:
            raise UnreadableDataSetError(f"the pixels are cut off at byte {start}")
        if not length:
            return b""
        if not self.has(start, length):
            self._read(start, length)
        at = start - self._origin
        return self._at_hand[at : at + length]

    def has(self, start: int, length: int) -> bool:
        return self._origin <= start and start + length <= self._origin + len(self._at_hand)

    def _read(self, start: int, length: int) -> None:
        self._budget.fetch(length)
        self._at_hand = b""
        data = self._source.read(start, length)
        if len(data) < length:
            raise ObjectChangedError("the object is shorter than its size")
        self._at_hand, self._origin = data, start
