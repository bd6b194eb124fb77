"""Byte sources that count what is asked of them."""

from intake.dicom.streams import FIRST_READ


class CountedSource:
    """A source over bytes, or over bytes followed by zeros up to `size`."""

    def __init__(self, data: bytes, size: int | None = None, tail: bytes = b"") -> None:
        self._data = data
        self._tail = tail
        self.size = len(data) if size is None else size
        self.reads: list[tuple[int, int]] = []

    def read(self, start: int, length: int) -> bytes:
        length = max(min(length, self.size - start), 0)
        self.reads.append((start, length))
        found = self._data[start : start + length].ljust(length, b"\0")
        overlap = start + length - (self.size - len(self._tail))
        if self._tail and overlap > 0:
            found = found[: length - overlap] + self._tail[:overlap]
        return found

    @property
    def bytes_read(self) -> int:
        return sum(length for _, length in self.reads)

    @property
    def further_reads(self) -> list[tuple[int, int]]:
        """Reads beyond the bytes that are at hand from the start."""
        return [(start, length) for start, length in self.reads if start + length > FIRST_READ]
