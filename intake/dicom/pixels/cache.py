"""What was learned of the latest images: how further frames of the same object version are found by one read each."""

from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock

from intake.dicom.pixels.model import PixelIndex

MOST_BYTES = 8 * 1024 * 1024
"""Of memory, for the tables of a million frames, or for some thousand images of one frame each."""


class IndexCache:
    """The indexes that were used last. Threads share it."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._kept: OrderedDict[Hashable, tuple[PixelIndex, int]] = OrderedDict()
        self._most, self._size, self._lock = most_bytes, 0, Lock()

    def get(self, key: Hashable) -> PixelIndex | None:
        """Return what is known of an object version."""
        with self._lock:
            found = self._kept.get(key)
            if found is None:
                return None
            self._kept.move_to_end(key)
            return found[0]

    def put(self, key: Hashable, index: PixelIndex) -> None:
        """Keep what was learned of an object version, and give up what was used longest ago."""
        size = index.size
        with self._lock:
            _, former = self._kept.pop(key, (index, 0))
            self._size -= former
            if size > self._most:
                return
            self._kept[key] = (index, size)
            self._size += size
            while self._size > self._most:
                self._size -= self._kept.popitem(last=False)[1][1]
