"""A stored object, read by ranges. What was read for a header is kept, as a header is walked more than once."""

from collections.abc import Iterator

from intake.errors import ObjectChangedError
from intake.files.model import ObjectVersion
from intake.storage.ports import ObjectReader

KEPT = 1024 * 1024
"""Bytes of ranges that are kept: as many as headers have, and no frame."""
PIECE = 8 * 1024 * 1024
"""Bytes of a whole object that are asked for at once."""


class StoredSource:
    """Ranged access to one object version of `size` bytes. Its methods raise what the reader raises."""

    def __init__(self, objects: ObjectReader, stored: ObjectVersion, size: int) -> None:
        self._objects, self._stored, self._size = objects, stored, size
        self._kept: list[tuple[int, bytes]] = []

    @property
    def size(self) -> int:
        return self._size

    def read(self, start: int, length: int) -> bytes:
        """Return up to `length` bytes from offset `start`: fewer only at the object's end."""
        length = min(length, self._size - start)
        if length <= 0:
            return b""
        for first, data in self._kept:
            if first <= start and start + length <= first + len(data):
                return data[start - first : start - first + length]
        data = self._objects.read(self._stored, start, length).data
        if len(data) <= KEPT - sum(len(kept) for _, kept in self._kept):
            self._kept.append((start, data))
        return data

    def pieces(self) -> Iterator[bytes]:
        """Yield the whole object. Raises ObjectChangedError for one that is shorter than its size."""
        position = 0
        while position < self._size:
            piece = self._objects.read(self._stored, position, min(PIECE, self._size - position)).data
            if not piece:
                raise ObjectChangedError("the object is shorter than its size")
            yield piece
            position += len(piece)
