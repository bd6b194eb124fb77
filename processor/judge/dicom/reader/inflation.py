"""A deflated data set, inflated to its end as it is read (PS3.5 A.5), within budgets on bytes in and out."""

import zlib

from intake.dicom.streams import take_next
from processor.judge.inspection.errors import BudgetSpentError, UnreadableFileError
from processor.judge.inspection.window import Window

MAX_INFLATED = 1024 * 1024 * 1024
"""Bytes that one data set is inflated to. On one processor of a laptop that takes 2 to 5 s (230 MiB/s of noisy CT
slices, 530 MiB/s of zeros), on the function's share of one about twice as long: ten of them in a batch fit into its
time."""

LARGE = 64 * 1024 * 1024
MAX_RATIO = 200
"""Inflated to deflated bytes beyond which a data set above LARGE is a bomb; images reach 2 to 20."""

DEFLATE_LIMIT = 1032
"""No deflate stream inflates to more than this many times its size."""

CHUNK_IN = 16 * 1024
CHUNK_OUT = 64 * 1024


class InflatedStream:
    """The stream that raw deflate data from offset `start` of a window stands for. It only moves forward.

    What it is asked for is inflated, so that nothing is taken on trust. Raises BudgetSpentError where that would cost
    too much, and UnreadableFileError for a bomb, and for what cannot be inflated.
    """

    __slots__ = ("_inflater", "_position", "_window", "buffer", "deflated", "origin", "size")

    def __init__(self, window: Window, start: int) -> None:
        window.stream()
        self._window = window
        self._position = start
        self._inflater = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
        self.deflated = window.size - start
        self.size = DEFLATE_LIMIT * self.deflated
        self.buffer = b""
        self.origin = 0

    def show(self, position: int, length: int) -> int:
        while self.origin + len(self.buffer) < position + length and self._inflate(position):
            pass
        at = position - self.origin
        return max(len(self.buffer) - at, 0) if at >= 0 else 0

    def holds(self, position: int) -> bool:
        if position > self.size:
            return False
        while self.origin + len(self.buffer) < position and self._inflate(position):
            pass
        return position <= self.size

    def drain(self) -> None:
        """Inflate what is left, so that nothing hides behind the data set."""
        while self._inflate(self.size):
            pass

    @property
    def end(self) -> int:
        """Where in the object the deflate data ends; the object's end where that was not reached."""
        return self._position - len(self._inflater.unused_data) if self._inflater.eof else self._window.size

    def _inflate(self, keep_from: int) -> bool:
        """Inflate one more chunk, forget what lies before `keep_from`, and say whether there was any."""
        if self._inflater.eof:
            return False
        packed = self._inflater.unconsumed_tail
        if not packed:
            packed = take_next(self._window, self._position, CHUNK_IN)
            self._position += len(packed)
        try:
            chunk = self._inflater.decompress(packed, CHUNK_OUT)
        except zlib.error:
            raise UnreadableFileError("deflate-damaged", f"byte {self._position}") from None
        drop = min(max(keep_from - self.origin, 0), len(self.buffer))
        self.buffer = self.buffer[drop:] + chunk
        self.origin += drop
        if self._inflater.eof or not (chunk or self._inflater.unconsumed_tail or self._position < self._window.size):
            self.size = self.origin + len(self.buffer)
            if not self._inflater.eof:
                raise UnreadableFileError("truncated", f"byte {self._window.size}")
        self._check_budgets()
        return bool(chunk) or not self._inflater.eof

    def _check_budgets(self) -> None:
        """Look at the ratio of the whole file, and of what was inflated of it where the rest is not going to be."""
        inflated = self.origin + len(self.buffer)
        if inflated <= LARGE:
            return
        taken = self.deflated
        if inflated > MAX_INFLATED:
            taken -= self._window.size - self._position + len(self._inflater.unconsumed_tail)
        if inflated > MAX_RATIO * taken:
            raise UnreadableFileError("deflate-bomb", f"byte {inflated} of the inflated data set")
        if inflated > MAX_INFLATED:
            raise BudgetSpentError("header-too-large", f"byte {inflated} of the inflated data set")
