"""The part of an object that is at hand, moving over it by ranged reads; every look is checked against the size."""

from typing import Protocol

from intake.dicom import streams
from intake.dicom.streams import FIRST_READ, ByteSource, ObjectStream
from processor.judge.inspection.errors import BudgetSpentError

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


class Stream(streams.Stream, Protocol):
    """What a data set is read from: an object's bytes as they are, or inflated. It raises where a budget is spent."""

    @property
    def size(self) -> int:
        """Where the stream ends; an upper bound as long as that is not known."""
        ...


class Window(ObjectStream):
    """An object's bytes, as far as one file is worth it."""

    __slots__ = ("_fetched", "_fetches", "_most_fetches", "_step")

    def __init__(self, source: ByteSource) -> None:
        super().__init__(source)
        self._step = FIRST_READ // 2
        self._fetched = 0
        self._fetches = 0
        self._most_fetches = MAX_FETCHES
        self._read(0, min(FIRST_READ, self.size))

    def stream(self) -> None:
        """Have more than headers read: from now on with as many calls as MAX_STREAMED bytes may take."""
        self._most_fetches = MAX_FETCHES + MAX_STREAMED // LARGEST_FETCH

    def affords(self, length: int) -> bool:
        """Say whether another fetch of `length` bytes leaves enough for a few last looks."""
        fetches_left = self._most_fetches - self._fetches
        return self._fetched + length < MAX_STREAMED - SPARE and fetches_left > SPARE_FETCHES

    def _fetch(self, position: int, length: int) -> None:
        following = self.origin <= position < self.origin + len(self.buffer) + NEAR
        # Reading on asks for more each time; after a jump, little is likely to be wanted.
        self._step = min(self._step * 2, LARGEST_FETCH) if following else SMALLEST_FETCH
        wanted = min(max(length, self._step), self.size - position)
        self._fetched += wanted
        # The largest are bounded by their bytes.
        self._fetches += not following or wanted < LARGEST_FETCH
        if self._fetched > MAX_STREAMED or self._fetches > self._most_fetches:
            raise BudgetSpentError("header-too-large", f"byte {position}")
        self._read(position, wanted)
