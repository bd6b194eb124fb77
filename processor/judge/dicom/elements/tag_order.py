"""The order of a level's data elements, and who owns its private ones (PS3.5 7.1, 7.8)."""

from bisect import bisect_right
from functools import lru_cache

from intake.dicom.encoding import Encoding
from processor.judge.dicom.dictionary import tags
from processor.judge.dicom.dictionary.attributes import BY_TAG, KEPT
from processor.judge.dicom.elements.patterns import GROUP_SKIPS, SKIPS

AT_HAND = 64 * 1024
"""Up to where in a buffer the elements of a private block are skipped by a pattern, and counted by their size."""
SHORTEST_ELEMENT = 8

START = 0xFFFF
"""Below every tag of a data set: group 0000 belongs to commands."""
FENCES = sorted(KEPT | tags.STOPS)
BEYOND = 1 << 32


@lru_cache(1024)
def fence_after(tag: int) -> int:
    """Return the next tag that is of interest: one that is kept, one that ends a run, or the next private group."""
    at = bisect_right(FENCES, tag)
    fence = FENCES[at] if at < len(FENCES) else BEYOND
    private = (tag >> 16 | 1) << 16
    return private if tag < private < fence else fence


class Order:
    """Where one level's walk stands in the order of tags, and what it noted (PS3.5 7.1, 7.8).

    `last` is the highest tag so far: what is above it was not there before.
    """

    __slots__ = (
        "_creators",
        "_group",
        "_skip",
        "_skip_group",
        "disordered",
        "encoding",
        "fence",
        "last",
        "odd",
        "other_vr",
        "ownerless",
    )

    def __init__(self, encoding: Encoding) -> None:
        self._skip = SKIPS[encoding.explicit, encoding.big]
        self._skip_group = GROUP_SKIPS[encoding.explicit, encoding.big]
        self._group = 0
        self._creators: set[int] = set()
        self.encoding = encoding
        self.last = START
        self.fence = 0
        self.disordered: int | None = None
        """The first tag that is not above all before it."""
        self.ownerless: int | None = None
        """The first private element without a private creator."""
        self.odd: int | None = None
        """The first kept element whose value has an odd length."""
        self.other_vr: int | None = None
        """The first kept element whose VR is not the standard's."""

    @property
    def is_clean(self) -> bool:
        """Say whether there is nothing to tell."""
        return self.disordered is None and self.ownerless is None and self.odd is None and self.other_vr is None

    def restart(self) -> "Order":
        """Begin another level, of which nothing but the elements' number is wanted."""
        self.last = START
        self.fence = tags.EXTENDED_OFFSET_TABLE
        return self

    def enter(self, tag: int) -> None:
        """Pass a tag at or beyond the fence, or one that is not above the last."""
        if tag > self.last:
            self.last = tag
        elif self.disordered is None:
            self.disordered = tag
        if not tag & 0x10000:
            self.fence = fence_after(tag)
            return
        number = tag & 0xFFFF
        if number < 0x100:
            if tag >> 16 != self._group:
                self._group = tag >> 16
                self._creators.clear()
            self._creators.add(number)
            self.fence = tag + 1
        else:
            self._enter_block(tag, number >> 8)

    def cross(self, buffer: bytes, at: int, stop: int, tag: int, following: int) -> int:
        """Pass the element at `at`; return where to go on: at `following`, or behind its private block."""
        if tag & 0x1FF00 == 0x10000 and tag > self.last and tag >> 16 != self._group and at < AT_HAND:
            skipped = self._skip_group(buffer, at, stop)
            if skipped:
                # Behind the group's first creator, or behind the elements of its block.
                creator, elements = skipped[2][0], skipped[3]
                self._group = tag >> 16
                self._creators = {creator}
                self.last = self._group << 16 | (creator << 8 if elements else creator)
                self.fence = self.last + (0x100 if elements else 1)
                return skipped.end()
        self.enter(tag)
        if (tag & 0x1F000) > 0x10000 and at < AT_HAND:
            skipped = self._skip(buffer, at, stop)
            return skipped.end() if skipped else following
        return following

    def note(self, tag: int, vr: bytes, length: int) -> None:
        """Hold a kept element's header against the dictionary."""
        if length & 1 and self.odd is None:
            self.odd = tag
        # UN may stand for any VR (PS3.5 6.2.2).
        if vr != BY_TAG[tag].vr.encode() and vr not in {b"", b"UN"} and self.other_vr is None:
            self.other_vr = tag

    def _enter_block(self, tag: int, block: int) -> None:
        self.fence = (tag | 0xFF) + 1
        owned = block in self._creators and tag >> 16 == self._group
        if not owned and self.ownerless is None and self.disordered is None:
            self.ownerless = tag
