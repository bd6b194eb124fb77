"""What a data set is read from: an object's bytes as they are, or inflated. Every look is checked against the size."""

import zlib
from typing import NamedTuple, Protocol

from intake.dicom.budget import Budget
from intake.dicom.errors import UnreadableDataSetError
from intake.errors import ObjectChangedError

FIRST_READ = 64 * 1024
"""Bytes that are at hand from the start: most headers end within them, and reads within them cost nothing."""
NEXT_READ, AFTER_JUMP = 64 * 1024, 8 * 1024
"""Bytes that are read at least: on from what is at hand, and behind a large value, where little may be wanted."""
CHUNK_IN, CHUNK_OUT = 4 * 1024, 16 * 1024
"""Bytes that are inflated at once, and become of them: small, as a thousand data sets may ask for a chunk each."""


class Windows(NamedTuple):
    """Bytes that are read at least, at first and on from what is at hand: twice as many each time, up to `widest`."""

    first: int
    widest: int


EVEN_WINDOWS = Windows(FIRST_READ, NEXT_READ)


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
    """Bytes of which some are at hand, in a buffer that moves on."""

    buffer: bytes
    origin: int
    """Offset of the buffer's first byte."""

    def show(self, position: int, length: int) -> int:
        """Bring `length` bytes from `position` into the buffer, and say how many from there on are in it.

        Fewer than `length` means that the stream ends there.
        """
        ...

    def holds(self, position: int) -> bool:
        """Say whether the stream has at least `position` bytes."""
        ...


def take_bytes(stream: Stream, position: int, length: int) -> bytes:
    """Return the bytes from `position` on: `length` of them, or fewer at the stream's end."""
    there = min(stream.show(position, length), length)
    at = position - stream.origin
    return stream.buffer[at : at + there] if there > 0 else b""


def take_next(stream: Stream, position: int, most: int) -> bytes:
    """Return what is at hand from `position` on: at least a byte but at the stream's end, and `most` at the most."""
    there = min(stream.show(position, 1), most)
    at = position - stream.origin
    return stream.buffer[at : at + there] if there > 0 else b""


class ObjectStream:
    """An object's bytes as they are. How much is read at once, and what that may cost, is for `_fetch` to say."""

    __slots__ = ("_source", "buffer", "origin", "size")

    def __init__(self, source: ByteSource) -> None:
        self._source = source
        self.size = source.size
        self.origin = 0
        self.buffer = b""

    def show(self, position: int, length: int) -> int:
        at = position - self.origin
        there = len(self.buffer) - at
        if at >= 0 and (there >= length or position + there >= self.size):
            return max(there, 0)
        if position >= self.size:
            return 0
        self._fetch(position, length)
        return len(self.buffer)

    def holds(self, position: int) -> bool:
        return position <= self.size

    def _fetch(self, position: int, length: int) -> None:
        """Have at least `length` bytes from `position` in the buffer, as far as the object goes."""
        raise NotImplementedError

    def _read(self, start: int, length: int) -> None:
        """Fill the buffer. Raises ObjectChangedError, and what the source raises."""
        data = self._source.read(start, length) if length else b""
        if len(data) < length:
            raise ObjectChangedError("the object is shorter than its size")
        self.buffer, self.origin = data, start


class RangedStream(ObjectStream):
    """An object's bytes within a budget. Raises TooCostlyError, ObjectChangedError, and what the source raises."""

    __slots__ = ("_budget", "_least", "_widest")

    def __init__(
        self, source: ByteSource, budget: Budget, first: bytes | None = None, windows: Windows = EVEN_WINDOWS
    ) -> None:
        """Take `first` as the object's first bytes, where they were read already."""
        super().__init__(source)
        self._budget = budget
        self._least, self._widest = windows
        if first is None:
            self._fetch(0, self._least)
        elif len(first) < min(FIRST_READ, self.size):
            raise ObjectChangedError("the object is shorter than its size")
        else:
            self.buffer = first

    def _fetch(self, position: int, length: int) -> None:
        least = AFTER_JUMP
        if self.origin <= position <= self.origin + len(self.buffer):
            least = self._least
            self._least = max(least, min(2 * least, self._widest))
        wanted = min(max(length, least), self.size - position)
        self._budget.fetch(wanted)
        self._read(position, wanted)


class InflatedStream:
    """What raw deflate data from offset `start` of another stream stands for (PS3.5 A.5). It only moves forward.

    Raises UnreadableDataSetError for damaged deflate data, and what the other stream raises.
    """

    __slots__ = ("_budget", "_ended", "_inflater", "_position", "_stream", "buffer", "origin")

    def __init__(self, stream: RangedStream, start: int, budget: Budget) -> None:
        self._stream, self._position, self._budget = stream, start, budget
        self._inflater = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
        self._ended = False
        self.buffer = b""
        self.origin = 0

    def show(self, position: int, length: int) -> int:
        if self.origin + len(self.buffer) < position + length:
            self._inflate_to(position + length, position)
        return max(self.origin + len(self.buffer) - position, 0)

    def holds(self, position: int) -> bool:
        if self.origin + len(self.buffer) < position:
            self._inflate_to(position, position)
        return self.origin + len(self.buffer) >= position

    def _inflate_to(self, end: int, keep_from: int) -> None:
        """Inflate up to `end`, and forget what lies before `keep_from`."""
        start, size = self.origin + len(self.buffer), len(self.buffer)
        drop = min(max(keep_from - self.origin, 0), size)
        chunks = [self.buffer[drop:]]
        self.origin += drop
        while start < end and not self._ended:
            chunk = self._inflate()
            skip = min(max(keep_from - start, 0), len(chunk))
            if skip:
                # Nothing before `keep_from` is held, neither the old buffer nor what a value is passed over by.
                chunks, self.origin = [chunk[skip:]], start + skip
            else:
                chunks.append(chunk)
            start += len(chunk)
        self.buffer = b"".join(chunks)

    def _inflate(self) -> bytes:
        data = self._inflater.unconsumed_tail
        if not data:
            data = take_next(self._stream, self._position, CHUNK_IN)
            self._position += len(data)
        try:
            chunk = self._inflater.decompress(data, CHUNK_OUT)
        except zlib.error:
            raise UnreadableDataSetError(f"the deflate data is damaged before byte {self._position}") from None
        self._budget.inflate(len(chunk))
        self._ended = self._inflater.eof or not (chunk or data)
        return chunk
