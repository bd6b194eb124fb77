"""The items of encapsulated pixel data, walked by their headers where no table tells where they lie (PS3.5 A.4)."""

from collections.abc import Iterator

from intake.dicom.budget import ITEM_STEPS, Budget
from intake.dicom.encoding import UNDEFINED_LENGTH, Encoding, read_delimiter
from intake.dicom.errors import UnreadableDataSetError
from intake.dicom.pixels.model import Extent, Fragments, PixelDescription
from intake.dicom.pixels.windows import RangeReader
from intake.dicom.scanner import ITEM, SEQUENCE_END

HEADER = 8
AT_FIRST, AT_MOST = 256 * 1024, 4 * 1024 * 1024
"""Bytes that are walked through at once: twice as many each time."""
END_OF_IMAGE = b"\xff\xd9"
"""Ends the code stream of JPEG, JPEG-LS and JPEG 2000."""
LOOKED_BACK = 10
"""Bytes at a fragment's end in which it may stand: padding follows it."""


class ItemWalk:
    """Walks over items by their headers."""

    def __init__(self, reader: RangeReader, budget: Budget, *, big: bool) -> None:
        self._reader, self._budget = reader, budget
        self._encoding = Encoding(explicit=True, big=big)
        self._window = AT_FIRST

    def read_header(self, position: int) -> tuple[int, int]:
        """Return tag and length of what stands at `position`. Raises as the reader."""
        self._budget.step(ITEM_STEPS)
        return read_delimiter(self._reader.take(position, HEADER), 0, self._encoding)

    def iterate(self, position: int, end: int | None) -> Iterator[Extent]:
        """Yield where fragments lie, from `position` up to `end`, or to their delimiter where that is not known.

        Raises UnreadableDataSetError where something else stands, and as the reader.
        """
        while end is None or position < end:
            if end is None and position == self._reader.size:
                return  # The delimiter is missing, and nothing else.
            tag, length = self.read_header(position)
            if tag == SEQUENCE_END and end is None:
                return
            position += HEADER
            if tag != ITEM or length == UNDEFINED_LENGTH or length > (end or self._reader.size) - position:
                raise UnreadableDataSetError(f"no fragment stands at byte {position - HEADER}")
            yield Extent(position, length)
            position += length

    def walk(self, start: int, image: PixelDescription) -> Fragments:
        """Return all fragments, and the frames that they belong to. Raises as `iterate`."""
        fragments, groups = Fragments(), [0]
        if not self._reader.has(start, HEADER):
            self._widen(start)
        for extent in self.iterate(start, None):
            fragments.starts.append(extent.start)
            fragments.lengths.append(extent.length)
            following = extent.start + extent.length
            self._bring_end(extent, following)
            if image.frames > 1 and self._ends_image(extent):
                groups.append(len(fragments.starts))
        fragments.first_of_frame.extend(_group(len(fragments.starts), image.frames, groups))
        return fragments

    def _widen(self, position: int) -> None:
        self._reader.bring(position, self._window)
        self._window = min(2 * self._window, AT_MOST)

    def _bring_end(self, extent: Extent, following: int) -> None:
        """Have a fragment's end and what follows it at hand: with much behind it, where fragments are small."""
        back = min(extent.length, LOOKED_BACK)
        if self._reader.has(following - back, min(back + HEADER, self._reader.size - following + back)):
            return
        if extent.length < self._window // 4:
            self._widen(following - back)
        else:
            self._reader.bring(following - back, back + HEADER)

    def _ends_image(self, extent: Extent) -> bool:
        back = min(extent.length, LOOKED_BACK)
        return END_OF_IMAGE in self._reader.take(extent.start + extent.length - back, back)


def _group(count: int, frames: int, behind_ends: list[int]) -> Iterator[int]:
    """Yield the fragment that each frame begins with. Raises UnreadableDataSetError where nothing tells."""
    if frames == 1 or count == 1:
        yield from range(min(count, 1))
    elif count == frames:
        yield from range(count)
    elif count < frames:
        raise UnreadableDataSetError("there are fewer fragments than frames")
    else:
        # A frame may be cut in fragments anywhere: the code stream's own end is all that tells.
        yield from (first for first in behind_ends if first < count)
