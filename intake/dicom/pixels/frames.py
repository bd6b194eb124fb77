"""Reading one frame of an image by its number, in a few ranged reads and however large the object is.

A file's own tables are believed where they prove true: what they point at is looked at, and where no item stands there
the items are walked. Where a frame lies in the object as it is, `locate` says it, so that S3 can copy it.
"""

from array import array
from itertools import islice
from operator import lt

from intake.dicom.budget import Budget
from intake.dicom.errors import UnreadableDataSetError
from intake.dicom.pixels.fragments import HEADER, ItemWalk
from intake.dicom.pixels.header import HeaderWalk, read_basic_offsets
from intake.dicom.pixels.model import Extent, NoSuchFrameError, PixelDescription, PixelIndex
from intake.dicom.pixels.native import find_native, read_native, swap_words
from intake.dicom.pixels.windows import RangeReader
from intake.dicom.reader import Opened, open_stream
from intake.dicom.scanner import ITEM
from intake.dicom.streams import ByteSource, RangedStream, Stream, Windows, take_bytes

WINDOWS = Windows(56 * 1024, 1024 * 1024)
"""Little enough at first that a frame costs 64 KiB at the most beside its own bytes, a jump over a value among them."""
TRAILER = 2 * 1024
"""Bytes that may follow the pixels and be read along with them."""


def open_pixels(
    source: ByteSource, budget: Budget, first: bytes | None = None, *, known: PixelIndex | None = None
) -> "Pixels":
    """Find an image's pixels. `known` is the `index` of an earlier look at the same bytes: then nothing is read.

    `first` are the first bytes, where they were read already: `streams.FIRST_READ`, or all of a smaller file.
    Raises NoPixelsError, UnreadableDataSetError, TooCostlyError, ObjectChangedError, and what the source raises.
    """
    if known is not None:
        return Pixels(RangeReader(source, budget), InflatedValue(source, budget), budget, known)
    try:
        return _open(source, budget, first, jumping=True)
    except UnreadableDataSetError:
        # What was jumped over may have been shorter or longer than it said.
        return _open(source, budget, first, jumping=False)


def _open(source: ByteSource, budget: Budget, first: bytes | None, *, jumping: bool) -> "Pixels":
    window = RangedStream(source, budget, first, WINDOWS)
    opened = open_stream(window, budget)
    index = _find(opened, budget, jumping=jumping)
    reader = RangeReader(source, budget, window.buffer, window.origin)
    return Pixels(reader, InflatedValue(source, budget, opened.stream), budget, index)


def _find(opened: Opened, budget: Budget, *, jumping: bool) -> PixelIndex:
    walk = HeaderWalk(opened, budget, jumping=jumping)
    image = walk.find()
    index = PixelIndex(image)
    if image.encapsulated:
        if image.deflated:
            raise UnreadableDataSetError("fragments stand in a deflated data set")
        index.items, basic = read_basic_offsets(opened.stream, image.start, big=image.big)
        offsets, lengths = walk.extended_tables()
        if len(offsets) == image.frames:
            index.starts, index.lengths = offsets, lengths
        elif len(basic) == image.frames > 1 and not basic[0] and _ascends(basic):
            budget.count_values(len(basic))
            index.starts = basic
    return index


def _ascends(numbers: "array[int]") -> bool:
    return all(map(lt, numbers, islice(numbers, 1, None)))


class Pixels:
    """An image's pixels. Methods raise as `open_pixels` does, and NoSuchFrameError for a frame that is not there."""

    def __init__(self, reader: RangeReader, inflated: "InflatedValue", budget: Budget, index: PixelIndex) -> None:
        self._reader, self._inflated, self._budget, self.index = reader, inflated, budget, index

    @property
    def description(self) -> PixelDescription:
        return self.index.description

    def read_frame(self, number: int, *, little: bool = False) -> bytes:
        """Return a frame, counted from 1, as it is stored: fragments joined, bits that are packed from the first on.

        With `little`, words of native pixels are little endian, as DICOMweb has them (PS3.18 8.7.3.1).
        """
        self._check(number)
        if not self.description.encapsulated:
            reader = self._inflated if self.description.deflated else self._reader
            return read_native(reader, self.description, number, little=little)
        if self.index.walked is None:
            self._bring_likely(number)
        extents = self._locate_fragments(number)
        self._bring_all(extents)
        return b"".join([self._reader.take(*extent) for extent in extents])

    def read_value(self) -> bytes:
        """Return the value of native pixels in little endian words, with what fills it up."""
        image = self.description
        if image.encapsulated:
            raise UnreadableDataSetError("encapsulated pixels are frames")
        data = (self._inflated if image.deflated else self._reader).take(image.start, image.length)
        return swap_words(data, image.word) if image.big else data

    def estimate_size(self, number: int) -> int:
        """Return how many bytes a frame has at the most, by what is known without another read."""
        self._check(number)
        image, index = self.description, self.index
        if not image.encapsulated:
            return -(-find_native(image, number).length // 8)
        if index.walked is not None:
            return sum(extent.length for extent in index.walked.list_extents(number))
        start, end = self._find_span(number) if index.starts else (index.items, None)
        return max((end or self._reader.size) - start, 0)

    def locate(self, number: int) -> list[Extent] | None:
        """Return where a frame's bytes lie one behind the other, or None where no range of the object holds them."""
        self._check(number)
        if self.description.encapsulated:
            return self._locate_fragments(number)
        bits = find_native(self.description, number)
        if self.description.deflated or bits.start % 8 or bits.length % 8:
            return None
        return [Extent(self.description.start + bits.start // 8, bits.length // 8)]

    def _check(self, number: int) -> None:
        if not 1 <= number <= self.description.frames:
            raise NoSuchFrameError(f"there are {self.description.frames} frames")
        if self.description.is_video:
            raise UnreadableDataSetError("the frames of a video are not apart")

    def _locate_fragments(self, number: int) -> list[Extent]:
        index = self.index
        if index.walked is None and index.starts:
            try:
                return self._follow_table(number)
            except UnreadableDataSetError:
                index.starts, index.lengths = array("Q"), array("Q")
        if index.walked is None:
            index.walked = self._walk().walk(index.items, index.description)
        return index.walked.list_extents(number)

    def _follow_table(self, number: int) -> list[Extent]:
        """Return the fragments that stand where the table says. Raises UnreadableDataSetError where they do not."""
        start, end = self._find_span(number)
        if self.index.lengths:
            tag, length = self._walk().read_header(start)
            wanted = self.index.lengths[number - 1]
            if tag != ITEM or length - length % 2 != wanted + wanted % 2 or wanted > length:
                raise UnreadableDataSetError(f"no frame stands at byte {start}")
            return [Extent(start + HEADER, wanted)]
        extents = list(self._walk().iterate(start, end))
        if not extents:
            raise UnreadableDataSetError(f"no frame stands at byte {start}")
        return extents

    def _find_span(self, number: int) -> tuple[int, int | None]:
        """Return where the table has a frame's first item, and where the next frame's, as far as it says."""
        items, starts, lengths = self.index.items, self.index.starts, self.index.lengths
        start = items + starts[number - 1]
        if lengths:
            return start, start + HEADER + lengths[number - 1]
        return start, items + starts[number] if number < len(starts) else None

    def _bring_likely(self, number: int) -> None:
        """Have at hand what a frame most likely is, in one read or two, before it is known."""
        start, end = self.index.items, None
        if self.index.starts:
            start, end = self._find_span(number)
        elif self.description.frames > 1:
            return
        if end is not None:
            self._reader.bring(start, end - start)
        elif start + HEADER <= self._reader.size:
            self._bring_last(start)

    def _bring_last(self, start: int) -> None:
        """Have the only or the last frame at hand, whose end no table tells."""
        tag, length = self._walk().read_header(start)
        if tag != ITEM:
            return
        following, size = start + HEADER + length, self._reader.size
        end = following + HEADER
        self._reader.bring(start, (size if end < size <= end + TRAILER else end) - start)
        if self._reader.has(following, HEADER) and self._walk().read_header(following)[0] == ITEM:
            # It is cut in fragments, and most likely the rest of the object.
            self._reader.extend(size)

    def _bring_all(self, extents: list[Extent]) -> None:
        """Have fragments at hand that lie one behind the other."""
        if extents:
            last = extents[-1]
            self._reader.bring(extents[0].start, last.start + last.length - extents[0].start)

    def _walk(self) -> ItemWalk:
        return ItemWalk(self._reader, self._budget, big=self.description.big)


class InflatedValue:
    """The bytes of a deflated data set, which can only be passed over forwards, and are inflated anew to go back."""

    def __init__(self, source: ByteSource, budget: Budget, stream: Stream | None = None) -> None:
        self._source, self._budget, self._stream = source, budget, stream

    def take(self, start: int, length: int) -> bytes:
        """Return a range. Raises UnreadableDataSetError, TooCostlyError, and what the source raises."""
        if self._stream is None or self._stream.origin > start:
            self._stream = open_stream(RangedStream(self._source, self._budget, None, WINDOWS), self._budget).stream
        data = take_bytes(self._stream, start, length)
        if len(data) < length:
            raise UnreadableDataSetError(f"the pixels at byte {start} are cut off")
        return data
