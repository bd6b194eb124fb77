"""A data set as a stream of events: iterative, within a budget, every length checked against what is left (PS3.5 7).

All uncompressed encodings are read, sequences under UN and those without a VR among them. Nothing is kept: whoever
wants a value asks for it before the next event.
"""

from collections.abc import Iterator
from typing import NamedTuple

from intake.dicom.boundaries import PIXELS, OutermostEnd
from intake.dicom.budget import ITEM_STEPS, PASSED_A_STEP, Budget
from intake.dicom.dictionary.vrs import private_vr, public_vr
from intake.dicom.encoding import (
    IMPLICIT_ITEMS,
    UNDEFINED_LENGTH,
    VR_NAMES,
    DoubtfulLengths,
    Encoding,
    Header,
    header,
    is_doubtful,
    read_delimiter,
)
from intake.dicom.errors import DamagedStructureError, TooCostlyError, UnreadableDataSetError
from intake.dicom.events import Event, Kind
from intake.dicom.streams import Stream, take_bytes, take_next

MAX_DEPTH = 64
"""Sequences within sequences, as the judge lets through."""
LONGEST_CREATOR = 64
"""Characters of a private creator (PS3.5 7.8.1)."""
LONGEST_KNOWN_UN = 0xFFFE
"""Bytes of a value under UN that is read by the dictionary: a longer one may have had no other VR (PS3.5 6.2.2)."""
PIECE = 256 * 1024
"""Bytes of a value that `Scanner.pieces` hands out at once."""

ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD

_UNBOUNDED = 1 << 63
_END, _DAMAGED = Event(Kind.END), Event(Kind.DAMAGED)


class _Level(NamedTuple):
    """One level of nesting: a data set (the whole, or an item), or the items of a sequence."""

    items: bool
    limit: int
    """Where it must end at the latest; where it ends, when `defined`."""
    defined: bool
    encoding: Encoding
    creators: dict[int, str]
    """Private creators of a data set, by their tag."""


class Scanner:
    """One walk over a stream's data set from `position` on. Its events are taken once, and in order."""

    def __init__(
        self, stream: Stream, position: int, encoding: Encoding, budget: Budget, *, guessing: bool = False
    ) -> None:
        """With `guessing`, what has no VR is read as a sequence where it begins as one, and else as little endian."""
        self._stream, self._position, self._budget = stream, position, budget
        self._guessing = guessing
        self._levels = [_Level(items=False, limit=_UNBOUNDED, defined=False, encoding=encoding, creators={})]
        self._doubts, self._end = DoubtfulLengths(stream, budget), OutermostEnd(stream)

    def events(self) -> Iterator[Event]:
        """Yield events. Raises UnreadableDataSetError, TooCostlyError, and what the stream raises."""
        while self._levels:
            level = self._levels[-1]
            try:
                yield from self._walk_items(level) if level.items else self._walk_elements(level)
            except DamagedStructureError as damage:
                self._leave_damaged(damage)
                yield _DAMAGED

    def value(self, event: Event) -> bytes:
        """Return the value of the last event, of an element or a fragment. Raises as `events` does."""
        self._budget.take(event.length)
        return self._take(event.start, event.length)

    def pieces(self, event: Event) -> Iterator[bytes]:
        """Yield the value of the last event piece by piece; it may be larger than memory. Raises as `events` does."""
        position, end = event.start, event.start + event.length
        while position < end:
            piece = self._take(position, min(PIECE, end - position))
            self._budget.step(len(piece) // PASSED_A_STEP)
            yield piece
            position += len(piece)

    def rest(self) -> Iterator[bytes]:
        """Yield what stands behind the data set, once all events were taken. Raises as `events` does."""
        while piece := take_next(self._stream, self._position, PIECE):
            yield piece
            self._budget.step(1 + len(piece) // PASSED_A_STEP)
            self._position += len(piece)

    def _take(self, start: int, length: int) -> bytes:
        value = take_bytes(self._stream, start, length)
        if len(value) < length:
            raise UnreadableDataSetError(f"the value at byte {start} is cut off")
        return value

    def _walk_elements(self, level: _Level) -> Iterator[Event]:
        """Yield the elements of one data set, up to its end or to a sequence."""
        stream, limit, encoding = self._stream, level.limit, level.encoding
        while True:
            there = min(stream.show(self._position, 12), limit - self._position)
            at = self._position - stream.origin
            head = header(stream.buffer, at, at + there, encoding) if there >= 8 else None
            if head is None:
                yield from self._close(level, there)
                return
            self._budget.step()
            if encoding.explicit and is_doubtful(head, stream.buffer, at):
                head = self._doubts.settle(self._position, head, limit, encoding)
            tag, start = head.tag, self._position + head.size
            if tag >> 16 == 0xFFFE or (len(self._levels) == 1 and self._end.is_at(self._position, head, encoding)):
                yield from self._delimit(level, tag)
                return
            vr = self._find_vr(head, start, level)
            if vr == "UN" and self._guessing and self._begins_as_items(head, start):
                vr = "SQ"
            if head.length == UNDEFINED_LENGTH or vr == "SQ":
                yield from (self._enter_sequence if vr == "SQ" else self._enter_fragments)(head, vr, start, level)
                return
            following = start + head.length
            if following > limit:
                raise DamagedStructureError(f"the element at byte {self._position} exceeds what surrounds it")
            # Whoever turns a data set round leaves what it does not know as it is: little endian.
            encoded = IMPLICIT_ITEMS if self._guessing and head.vr == b"UN" else encoding
            yield Event(Kind.ELEMENT, tag, vr, start, head.length, encoded)
            self._pass(following)

    def _pass(self, following: int) -> None:
        if not self._stream.holds(following):
            raise UnreadableDataSetError(f"the element at byte {self._position} is cut off")
        self._position = following

    def _find_vr(self, head: Header, start: int, level: _Level) -> str:
        """Return an element's value representation, from the dictionary where the file states none (PS3.5 6.2.2)."""
        tag, stated = head.tag, VR_NAMES.get(head.vr, "UN")
        if head.length == UNDEFINED_LENGTH and stated == "UN" and tag not in PIXELS:
            return "SQ"
        if tag >> 16 & 1:
            return self._find_private_vr(head, stated, start, level)
        if stated != "UN" or head.vr not in {b"UN", b""}:
            return stated
        return public_vr(tag) or "UN" if not head.vr or head.length <= LONGEST_KNOWN_UN else "UN"

    def _begins_as_items(self, head: Header, start: int) -> bool:
        if not 8 <= head.length < UNDEFINED_LENGTH or self._stream.show(start, 8) < 8:
            return False
        tag, length = read_delimiter(self._stream.buffer, start - self._stream.origin, IMPLICIT_ITEMS)
        return tag == ITEM and (length == UNDEFINED_LENGTH or length <= head.length - 8)

    def _find_private_vr(self, head: Header, stated: str, start: int, level: _Level) -> str:
        number = head.tag & 0xFFFF
        if 0x10 <= number <= 0xFF:
            if head.length <= LONGEST_CREATOR and start + head.length <= level.limit:
                level.creators[head.tag] = self._take(start, head.length).decode("latin-1").rstrip("\0 ")
            return "LO" if stated == "UN" else stated
        creator = level.creators.get(head.tag >> 16 << 16 | number >> 8) if stated == "UN" else None
        return (private_vr(head.tag, creator) if creator else None) or stated

    def _enter_sequence(self, head: Header, vr: str, start: int, level: _Level) -> Iterator[Event]:
        defined = head.length != UNDEFINED_LENGTH
        limit = start + head.length if defined else level.limit
        if limit > level.limit:
            raise DamagedStructureError(f"the sequence at byte {self._position} exceeds what surrounds it")
        if len(self._levels) >= 2 * MAX_DEPTH:
            raise TooCostlyError("depth")
        encoding = IMPLICIT_ITEMS if head.vr == b"UN" else level.encoding
        self._position = start
        self._levels.append(_Level(items=True, limit=limit, defined=defined, encoding=encoding, creators={}))
        yield Event(Kind.SEQUENCE, head.tag, vr, start, head.length, level.encoding)

    def _enter_fragments(self, head: Header, vr: str, start: int, level: _Level) -> Iterator[Event]:
        tag, encoding = head.tag, level.encoding
        yield Event(Kind.FRAGMENTS, tag, vr, start, UNDEFINED_LENGTH, encoding)
        self._position = start
        while self._stream.show(self._position, 8) >= 8:
            self._budget.step()
            delimiter, length = read_delimiter(self._stream.buffer, self._position - self._stream.origin, encoding)
            start = self._position + 8
            if delimiter == SEQUENCE_END:
                self._position = start
                # Items around fragments last as long as these, whose delimiter tells more surely than a length.
                self._levels = [level._replace(limit=max(level.limit, start)) for level in self._levels]
                yield _END
                return
            if delimiter != ITEM or length == UNDEFINED_LENGTH or not self._stream.holds(start + length):
                break
            yield Event(Kind.FRAGMENT, tag, vr, start, length, encoding)
            self._position = start + length
        raise DamagedStructureError(f"the fragments before byte {self._position} do not end")

    def _walk_items(self, level: _Level) -> Iterator[Event]:
        there = min(self._stream.show(self._position, 8), level.limit - self._position)
        if there < 8:
            yield from self._close(level, there)
            return
        tag, length = read_delimiter(self._stream.buffer, self._position - self._stream.origin, level.encoding)
        self._budget.step(ITEM_STEPS)
        if tag not in {ITEM, SEQUENCE_END}:
            raise DamagedStructureError(f"there is no item at byte {self._position}")
        self._position += 8
        if tag == ITEM:
            defined = length != UNDEFINED_LENGTH
            limit = self._position + length if defined else level.limit
            if limit > level.limit:
                raise DamagedStructureError(f"the item at byte {self._position} exceeds its sequence")
            self._levels.append(_Level(items=False, limit=limit, defined=defined, encoding=level.encoding, creators={}))
            yield Event(Kind.ITEM, tag, start=self._position, length=length)
        elif not level.defined:
            self._levels.pop()
            yield _END

    def _delimit(self, level: _Level, tag: int) -> Iterator[Event]:
        """Meet a delimiter, or what follows the outermost data set."""
        if len(self._levels) == 1:
            self._levels.clear()
            return
        if tag != ITEM_END:
            raise DamagedStructureError(f"there is no element at byte {self._position}")
        self._position += 8
        if not level.defined:
            self._levels.pop()
            yield _END

    def _close(self, level: _Level, there: int) -> Iterator[Event]:
        """Leave a level of which less than a header is left: `there` bytes."""
        left = level.limit - self._position
        if 0 < left <= there:
            raise DamagedStructureError(f"less than an element is left at byte {self._position}")
        if left and level.defined:
            raise UnreadableDataSetError(f"the data set is cut off at byte {self._position}")
        self._levels.pop()
        if self._levels:
            yield _END

    def _leave_damaged(self, damage: DamagedStructureError) -> None:
        """Go on after the outermost sequence or item of known length, whose damage harms nothing around it."""
        for depth, level in enumerate(self._levels):
            if level.defined:
                self._pass(level.limit)
                del self._levels[depth:]
                return
        raise damage
