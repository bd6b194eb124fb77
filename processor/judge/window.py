"""The part of an object that is at hand, moving over it by ranged reads; every look is checked against the size."""

from typing import Protocol

from intake.errors import ObjectChangedError
from processor.judge.refusal import BudgetSpentError

FIRST_READ = 65_536
"""Bytes that are at hand from the start: reads within them cost nothing."""

MAX_FETCHES = 256
"""Calls that are made to read one file, but for the largest: a file that needs more is a way to keep us busy."""

MAX_STREAMED = 256 * 1024 * 1024
"""Bytes that are fetched of one file; large values are jumped over and do not count. From S3 that takes some five
seconds, and ten such files in one batch far less than the function's time."""

NEAR = 64 * 1024
"""A jump over fewer bytes than this counts as reading on."""
SPARE, SPARE_FETCHES = 8 * 1024 * 1024, 8
"""What is kept for the last looks at a file that was not read to its end."""
SMALLEST_FETCH = 4 * 1024
LARGEST_FETCH = 1024 * 1024


class ByteSource(Protocol):
    """Ranged access to one object."""

    @property
    def size(self) -> int:
        """Size of the whole object in bytes."""
        ...

    def read(self, start: int, length: int) -> bytes:
        """Return up to `length` bytes from offset `start`: fewer only at the object's end. May be a network call."""
        ...


class Stream(Protocol):
    """What a data set is read from: an object's bytes as they are, or inflated."""

    buffer: bytes
    origin: int
    """Offset of the buffer's first byte."""

    @property
    def size(self) -> int:
        """Where the stream ends; an upper bound as long as that is not known."""
        ...

    def show(self, position: int, length: int) -> int:
        """Bring `length` bytes from `position` into the buffer, and say how many from there on are in it.

        Fewer than `length` means that the stream ends there. Raises RefusedError when a budget is spent.
        """
        ...

    def holds(self, position: int) -> bool:
        """Say whether the stream has at least `position` bytes. Raises RefusedError when a budget is spent."""
        ...


class Window:
    """An object's bytes as they are."""

    __slots__ = ("_fetched", "_fetches", "_most_fetches", "_source", "_step", "buffer", "origin", "size")

    def __init__(self, source: ByteSource) -> None:
        self._source = source
        self._step = FIRST_READ // 2
        self._fetched = 0
        self._fetches = 0
        self._most_fetches = MAX_FETCHES
        self.size = source.size
        self.origin = 0
        self.buffer = self._read(0, min(FIRST_READ, self.size))

    def show(self, position: int, length: int) -> int:
        at = position - self.origin
        there = len(self.buffer) - at
        if at >= 0 and (there >= length or position + there >= self.size):
            return max(there, 0)
        if position >= self.size:
            return 0
        self._fetch(position, length, following=0 <= at < len(self.buffer) + NEAR)
        return len(self.buffer)

    def holds(self, position: int) -> bool:
        return position <= self.size

    def stream(self) -> None:
        """Have more than headers read: from now on with as many calls as MAX_STREAMED bytes may take."""
        self._most_fetches = MAX_FETCHES + MAX_STREAMED // LARGEST_FETCH

    def affords(self, length: int) -> bool:
        """Say whether another fetch of `length` bytes leaves enough for a few last looks."""
        fetches_left = self._most_fetches - self._fetches
        return self._fetched + length < MAX_STREAMED - SPARE and fetches_left > SPARE_FETCHES

    def _fetch(self, position: int, length: int, *, following: bool) -> None:
        # Reading on asks for more each time; after a jump, little is likely to be wanted.
        self._step = min(self._step * 2, LARGEST_FETCH) if following else SMALLEST_FETCH
        wanted = min(max(length, self._step), self.size - position)
        self._fetched += wanted
        # The largest are bounded by their bytes.
        self._fetches += not following or wanted < LARGEST_FETCH
        if self._fetched > MAX_STREAMED or self._fetches > self._most_fetches:
            raise BudgetSpentError("header-too-large", f"byte {position}")
        self.buffer = self._read(position, wanted)
        self.origin = position

    def _read(self, start: int, length: int) -> bytes:
        data = self._source.read(start, length) if length else b""
        if len(data) < length:
            raise ObjectChangedError("the object is shorter than its size")
        return data


def taken(stream: Stream, position: int, length: int) -> bytes:
    """Return the bytes from `position` on: `length` of them, or fewer at the stream's end."""
    there = min(stream.show(position, length), length)
    at = position - stream.origin
    return stream.buffer[at : at + there] if there else b""
