"""Which keys stand in a bucket, found by lists that leap from one wanted key to the next."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable

from intake.operations.model import StoredObject
from intake.operations.ports import Inventory

LISTED = 1000
"""Entries of a list that are read at a time: as many as one call of S3 gives."""

_END = chr(0x10FFFF)
"""Sorts behind every key."""


class StandingObjects:
    """What stands under a prefix, as far as it was asked for.

    A list costs what twelve questions by key do. But it answers for all keys up to its last, and where nothing stands
    any more for all that there may be: so a thousand files that never came cost one call.
    """

    def __init__(self, inventory: Inventory, bucket: str, prefix: str) -> None:
        self._inventory = inventory
        self._bucket = bucket
        self._prefix = prefix
        self._held: dict[str, StoredObject] = {}
        self._keys: list[str] = []
        self._from, self._to = _END, ""
        """Between these two, everything that stands is known."""

    def learn(self, spans: Iterable[tuple[str, str]]) -> None:
        """List what stands between the first and the last key of each span; forget what sorts before all of them."""
        wanted = sorted(spans)
        if wanted:
            self._forget(0, bisect_left(self._keys, wanted[0][0]))
            self._from = max(self._from, wanted[0][0])
        for low, high in wanted:
            if not self._from <= low <= self._to:
                self._from = low
                self._forget(bisect_left(self._keys, low), len(self._keys))
                # What a list begins behind need not stand.
                self._list_behind(low[:-1])
            while self._to < high:
                self._list_behind(self._to)

    def find(self, key: str) -> StoredObject | None:
        return self._held.get(key)

    def holds_any(self, low: str, high: str) -> bool:
        """Say whether one of the keys of a span stands."""
        return bisect_left(self._keys, low) < bisect_right(self._keys, high)

    def _list_behind(self, after: str) -> None:
        page = self._inventory.objects(self._bucket, after, LISTED, self._prefix)
        fresh = [held for held in page.held if not self._keys or held.version.key > self._keys[-1]]
        self._held |= {held.version.key: held for held in fresh}
        self._keys += [held.version.key for held in fresh]
        self._to = page.next or _END

    def _forget(self, first: int, end: int) -> None:
        for key in self._keys[first:end]:
            del self._held[key]
        del self._keys[first:end]
