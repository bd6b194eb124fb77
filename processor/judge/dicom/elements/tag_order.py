"""The order of a level's data elements, and who owns its private ones (PS3.5 7.1, 7.8)."""

import re
import struct
from bisect import bisect_right
from collections.abc import Callable
from functools import lru_cache

from intake.dicom.encoding import PLAIN_LONG_VRS, SHORT_VRS, Encoding
from processor.judge.dicom.dictionary import tags
from processor.judge.dicom.dictionary.attributes import BY_TAG, KEPT
from processor.judge.inspection.findings import Findings

AT_HAND = 64 * 1024
"""Up to where in a buffer the elements of a private block are skipped by a pattern, and counted by their size."""
LONGEST_VALUE = 64
"""Values up to this length are passed by a pattern."""
SHORTEST_ELEMENT = 8

START = 0xFFFF
"""Below every tag of a data set: group 0000 belongs to commands."""
FENCES = sorted(KEPT | tags.STOPS)
BEYOND = 1 << 32

Match = Callable[[bytes, int, int], re.Match[bytes] | None]


def _build_lengths(order: str, size: int, check: bytes = b"") -> bytes:
    """Return a pattern for a length of `size` bytes up to LONGEST_VALUE and as many bytes."""
    even = range(0, LONGEST_VALUE + 1, 2)
    pack = struct.Struct(f"{order}{'H' if size == 2 else 'I'}").pack
    return b"|".join(re.escape(pack(n)) + check * (n >= 8) + b".{%d}" % n for n in even)


def _build_letters(vrs: frozenset[bytes]) -> bytes:
    """Return a pattern for VRs, by their first letter: fewer alternatives are faster."""
    firsts = {vr[:1]: b"".join(sorted(other[1:] for other in vrs if other[:1] == vr[:1])) for vr in sorted(vrs)}
    return b"|".join(b"%b[%b]" % entry for entry in firsts.items())


def _build_skips(order: str, *, explicit: bool) -> tuple[Match, Match]:
    """Return two matches: for elements of one private block, and for a private group with its first creator.

    The first one takes an element and those of the same block behind it: group and block stay the same. The second one
    takes the group's length, if any, its first creator, and the elements of that one; its groups are the private
    group's number, the creator's number and its elements.
    """
    # What follows an element's tag: its VR, its length and its value, which is no item.
    if explicit:
        short, long = _build_letters(SHORT_VRS), _build_letters(PLAIN_LONG_VRS)
        body = rb"(?:(?:%b)(?:%b)|(?:%b)\0\0(?:%b))" % (short, _build_lengths(order, 2), long, _build_lengths(order, 4))
    else:
        item = re.escape(struct.pack(f"{order}HH", 0xFFFE, 0xE000))
        body = b"(?:%b)" % _build_lengths(order, 4, b"(?!%b)" % item)
    little = order == "<"
    first, again = (b"(..).(.)", rb"\1.\2") if little else (b"(...).", rb"\1.")
    skip_block = re.compile(b"(?s:%b%b(?:%b%b)*+)" % (first, body, again, body)).match
    four = re.escape((b"UL" if explicit else b"") + struct.pack(f"{order}{'H' if explicit else 'I'}", 4)) + b".{4}"
    creator = b"%b(?:%b)" % (b"LO" if explicit else b"", _build_lengths(order, 2 if explicit else 4))
    block = rb"([\x10-\xff])"
    first, again = (block + rb"\x00", rb"\1.\2") if little else (rb"\x00" + block, rb"\1\2.")
    parts = (four, first, creator, again, body)
    return skip_block, re.compile(rb"(?s:(..)(?:\x00\x00%b\1)?%b%b((?:%b%b)*+))" % parts).match


_SKIPS = {
    (explicit, big): _build_skips(">" if big else "<", explicit=explicit)
    for explicit in (True, False)
    for big in (True, False)
}


@lru_cache(1024)
def find_fence(tag: int) -> int:
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
        self._skip, self._skip_group = _SKIPS[encoding.explicit, encoding.big]
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

    def tell(self, findings: Findings) -> None:
        """Add what was noted."""
        noted = (
            ("elements-unordered", self.disordered),
            ("private-creator-missing", self.ownerless),
            ("value-length-odd", self.odd),
            ("vr-unexpected", self.other_vr),
        )
        for code, tag in noted:
            if tag is not None:
                findings.add(code, tags.name_tag(tag))

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
            self.fence = find_fence(tag)
            return
        number = tag & 0xFFFF
        if number < 0x100:
            if tag >> 16 != self._group:
                self._group = tag >> 16
                self._creators.clear()
            self._creators.add(number)
            self.fence = tag + 1
            return
        self.fence = (tag | 0xFF) + 1
        owned = number >> 8 in self._creators and tag >> 16 == self._group
        if not owned and self.ownerless is None and self.disordered is None:
            self.ownerless = tag

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
