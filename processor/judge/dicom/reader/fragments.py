"""Encapsulated pixel data: fragments are stepped over, never decoded (PS3.5 A.4)."""

import struct

from intake.dicom.encoding import EXPLICIT, LONG_HEADER, LONG_VRS, SHORT_VRS, UNDEFINED_LENGTH, header
from processor.judge.dicom.dictionary import codestreams, tags
from processor.judge.dicom.elements.data_set import NO_OFFSETS, Pixels, read_offsets
from processor.judge.dicom.elements.levels import Allowance
from processor.judge.inspection.errors import DamagedSequenceError, UnreadableFileError
from processor.judge.inspection.findings import Findings
from processor.judge.inspection.window import Stream, Window

TAIL = 4 * 1024 * 1024
"""How much of an object's end is looked at for the sequence delimiter, in bytes."""
PIECE, OVERLAP = 1024 * 1024, 8 + LONG_HEADER
"""Bytes of it that are looked at at once, and twice: a delimiter and the header that follows."""
MOST_DELIMITERS = 4_096
"""How many that may be the one are looked at in each piece."""

MAX_ITEMS = 250_000
"""Fragments that are stepped over; with more, the end is looked for from behind."""
LARGE = 512 * 1024
LEAST_AHEAD, MOST_AHEAD = 4 * 1024, 1024 * 1024
"""Bytes that are fetched at once behind a fragment of up to LARGE, more each time: many fragments are worth a large
fetch, which takes as long as two small ones."""

NESTED_DAMAGE = frozenset({"encapsulation-unended", "encapsulation-invalid"})
"""What is wrong with an icon's fragments harms nothing around the sequence that holds it."""

SEQUENCE_END = struct.pack("<HH", 0xFFFE, 0xE0DD)
"""Encapsulated pixel data are always little endian; some writers give the delimiter a length (PS3.5 A.4)."""


class Fragments:
    """The items of one encapsulated pixel data element, whose value starts at `position`."""

    def __init__(self, stream: Stream, position: int, order: str) -> None:
        self._stream = stream
        self._order = order
        self._start = 0
        self._starts: set[int] = set()
        self._last = 0
        self._ahead = LEAST_AHEAD
        self._seen = position
        self._unpack = struct.Struct(f"{order}HHI").unpack_from
        self.position = position
        self.items = 0
        """Including the basic offset table."""
        self.first = b""
        """The first bytes of the first fragment, where they are at hand."""
        self.ended = False
        self.complete = True
        """Whether every item up to `position` was stepped over, and none jumped over."""
        self.offsets = NO_OFFSETS

    def pass_image(self, tag: int, window: Window, findings: Findings) -> None:
        """Pass the image's own items, and tell where not all were seen. Raises UnreadableFileError."""
        if not self._walk_affordable(window) and not self._jump_to_end():
            raise UnreadableFileError("encapsulation-unended", tags.format_tag(tag))
        if not self.complete:
            findings.add("pixel-data-unchecked", tags.format_tag(tag))

    def pass_nested(self, allowance: Allowance, position: int) -> None:
        """Step over the items of an element at `position`, fetching all headers. Raises UnreadableFileError."""
        most = allowance.most_items(position) - allowance.items
        while not self.ended:
            try:
                self.step()
            except UnreadableFileError as refusal:
                if refusal.code in NESTED_DAMAGE:
                    raise DamagedSequenceError(refusal.code, refusal.where) from None
                raise
            if self.items > most:
                raise UnreadableFileError("too-many-items", f"byte {self.position}")
        allowance.items += self.items

    def _walk_affordable(self, window: Window) -> bool:
        """Step over the items, fetching their headers as long as that is affordable. Say whether that led to the end.

        Where the fragments leave room for the delimiter and for nothing else, the object's size proves it.
        """
        self.step()
        window.stream()
        while not self.ended and self.items < MAX_ITEMS:
            if self.position + 8 == window.size:
                self._end(window.size)
                break
            if not 0 <= self.position - window.origin <= len(window.buffer) - 8:
                # Fetch the next header, and with it those of the small fragments that follow.
                ahead = 8 if self._last > LARGE else min(self._ahead, window.size - self.position)
                if not window.affords(ahead):
                    break
                self._ahead = min(4 * self._ahead, MOST_AHEAD)
                window.show(self.position, ahead)
            self.step()
        return self.ended

    def _jump_to_end(self) -> bool:
        """Find the delimiter in the object's last bytes, and say whether it was there."""
        self.complete = False
        self._seen = self.position
        if self._reach_last_frame():
            return True
        size = self._stream.size
        for start in range(max(self.position, size - TAIL), size, PIECE - OVERLAP):
            there = min(self._stream.show(start, min(PIECE, size - start)), PIECE)
            at = start - self._stream.origin
            end = _find_end(self._stream.buffer, at, at + there, last=start + there == size)
            if end >= 0:
                self._end(self._stream.origin + end)
                break
        return self.ended

    def _reach_last_frame(self) -> bool:
        """Go on where the offset table says that the last frame starts, and say whether that led to the end."""
        last = self._start + self.offsets.entries[-1] if self.offsets.entries else 0
        if not self.position < last <= self._stream.size - 8:
            return False
        self._stream.show(last, 8)
        group, number, length = self._unpack(self._stream.buffer, last - self._stream.origin)
        following = last + 8 + length
        if group << 16 | number != tags.ITEM or following + 8 > self._stream.size:
            self.offsets = self.offsets._replace(damaged=True)
            return False
        self.position = following
        if following + 8 == self._stream.size:
            self._end(self._stream.size)
        return self.ended

    def summarize(self, tag: int) -> Pixels:
        """Return what was learnt, the offset table held against the fragments that were seen."""
        fragments = self.items - 1 if self.complete else None
        offsets = self.offsets.compare_with(self._starts, self._seen - self._start)
        return Pixels(tag, UNDEFINED_LENGTH, self.first, fragments, offsets)

    def step(self) -> None:
        """Step over one item or over the delimiter. Raises UnreadableFileError where neither stands."""
        if self._stream.show(self.position, 8) < 8:
            raise UnreadableFileError("encapsulation-unended", f"byte {self.position}")
        group, number, length = self._unpack(self._stream.buffer, self.position - self._stream.origin)
        tag = group << 16 | number
        if tag == tags.SEQUENCE_END:
            self._end(self.position + 8)
            return
        if tag != tags.ITEM or length == UNDEFINED_LENGTH:
            raise UnreadableFileError("encapsulation-invalid", f"byte {self.position}")
        self.items += 1
        self._last = length
        start = self.position + 8
        at = start - self._stream.origin
        if self.items == 1:
            self._start = start + length
            self.offsets = read_offsets(self._stream.buffer[at : at + length], length, self._order)
        elif self.offsets.entries:
            self._starts.add(self.position - self._start)
        if self.items == 2:
            self.first = self._stream.buffer[at : at + min(length, codestreams.LOOK)]
        self.position = start + length
        if not self._stream.holds(self.position):
            raise UnreadableFileError("encapsulation-unended", f"byte {start}")

    def _end(self, position: int) -> None:
        if self.complete:
            self._seen = position
        self.position = position
        self.ended = True


def _find_end(buffer: bytes, at: int, stop: int, *, last: bool) -> int:
    """Return the end of the first delimiter in a stretch behind which a data set goes on or ends, or -1.

    Behind it stands nothing, filling, or an element that may follow the image; later ones end sequences of such.
    """
    for _ in range(MOST_DELIMITERS):
        found = buffer.find(SEQUENCE_END, at, stop)
        if found < 0:
            return -1
        end = found + 8
        if last and end <= stop and not buffer[end:stop].strip(b"\0"):
            return end
        head = header(buffer, end, stop, EXPLICIT) if stop - end >= LONG_HEADER else None
        if head and head.tag >> 16 not in tags.RESERVED and (head.vr in SHORT_VRS or head.vr in LONG_VRS):
            return end
        at = found + 1
    return -1
