"""The levels of nesting that a walk stands in, and how many elements, items and sequences a file may have (PS3.5 7.5).

It may have them by its bytes, and by the frames that it states. What is small and plenty is no image: bombs have eight
bytes an item, structure sets hundreds. Multi-frame objects have as much for each frame as their makers want: 230
elements and 35 sequences were seen. All together is bounded by time.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

from intake.dicom.encoding import IMPLICIT_ITEMS, ITEM_TAGS, UNDEFINED_LENGTH, Encoding, Header
from intake.dicom.streams import take_bytes
from processor.judge.dicom.dictionary import tags
from processor.judge.dicom.dictionary.attributes import Values
from processor.judge.inspection.errors import BudgetSpentError, DamagedSequenceError, UnreadableFileError
from processor.judge.inspection.window import Stream

MAX_DEPTH = 64
"""Sequences within sequences; the standard's deepest templates reach about 20 in practice."""
MAX_LEVELS = 2 * MAX_DEPTH
"""A sequence is a level, and an item of it another one."""

UNBOUNDED = 1 << 63

ELEMENTS, BYTES_AN_ELEMENT, ELEMENTS_A_FRAME = 200_000, 20, 512
ITEMS, BYTES_AN_ITEM, ITEMS_A_FRAME = 215_000, 64, 96
SEQUENCES, BYTES_A_SEQUENCE, SEQUENCES_A_FRAME = 115_000, 128, 96
"""What every file may have; for how many bytes up to where it was read it may have one more; and how many a frame."""

MOST_FRAMES = 65_535
MOST_WORK = 7_000_000
"""Elements that are read at the most, which takes about a second; an item or a sequence counts for two more."""
FILLING_WORK = 2_000_000
"""The same for what is filling."""
LEAST_BYTES = 10
"""Bytes for each element, item and sequence below which nothing is meant: those of bombs have eight."""
FRAME_DIGITS = 12


class Passed(NamedTuple):
    """What was passed: whole items, and what they hold."""

    end: int
    """Behind the last of them."""
    reached: int
    """How far was looked: there is no sense in another pass before."""
    elements: int
    items: int
    sequences: int


@dataclass(slots=True)
class Allowance:
    """What one file has had so far, held against what it may have."""

    values: Values = field(repr=False)
    """Of the data set, among which is the number of frames, once it was met."""
    elements: int = 0
    items: int = 0
    sequences: int = 0

    def spend(self, position: int, passed: Passed) -> None:
        """Count what was passed up to `position`, and check it."""
        self.elements += passed.elements
        self.items += passed.items
        self.sequences += passed.sequences
        self.check(position)

    def check(self, position: int) -> None:
        """Raise UnreadableFileError for more than a file may have, BudgetSpentError for more than there is time for."""
        if self.elements > ELEMENTS and self.elements > self.most_elements(position):
            raise UnreadableFileError("too-many-elements", f"byte {position}")
        if self.items > ITEMS and self.items > self.most_items(position):
            raise UnreadableFileError("too-many-items", f"byte {position}")
        if self.sequences > SEQUENCES and self.sequences > self.most_sequences(position):
            raise UnreadableFileError("too-many-elements", f"byte {position}")
        work = self.elements + 2 * (self.items + self.sequences)
        if work > MOST_WORK or (work > FILLING_WORK and self._is_filling(position)):
            raise BudgetSpentError("header-too-large", f"byte {position}")

    def is_plausible(self, position: int) -> bool:
        """Say whether what was read describes frames, and is no filling."""
        return self.frames > 1 and not self._is_filling(position)

    def _is_filling(self, position: int) -> bool:
        return position < LEAST_BYTES * (self.elements + self.items + self.sequences)

    def most_elements(self, position: int) -> int:
        return ELEMENTS + position // BYTES_AN_ELEMENT + ELEMENTS_A_FRAME * self.frames

    def most_items(self, position: int) -> int:
        return ITEMS + position // BYTES_AN_ITEM + ITEMS_A_FRAME * self.frames

    def most_sequences(self, position: int) -> int:
        return SEQUENCES + position // BYTES_A_SEQUENCE + SEQUENCES_A_FRAME * self.frames

    @property
    def frames(self) -> int:
        """As stated, up to MOST_FRAMES; 0 where nothing usable is stated."""
        stated = self.values[tags.NUMBER_OF_FRAMES].strip(b"\0 ")
        return min(int(stated), MOST_FRAMES) if stated.isdigit() and len(stated) <= FRAME_DIGITS else 0


class Level(NamedTuple):
    """One level of nesting: a data set (the whole, or an item), or the items of a sequence."""

    items: bool
    """Whether items stand at this level, or data elements."""
    limit: int
    """Where it must end at the latest; where it ends, when `defined`."""
    defined: bool
    encoding: Encoding


class Levels(list[Level]):
    """The levels, the innermost last; there is no level left at the end of the walk."""

    def __init__(self, encoding: Encoding, allowance: Allowance) -> None:
        super().__init__([Level(items=False, limit=UNBOUNDED, defined=False, encoding=encoding)])
        self._allowance = allowance
        self.outermost = 0
        """The tag of the outermost sequence that was opened last."""

    def open_sequence(self, head: Header, position: int, *, limit: int, defined: bool) -> None:
        """Enter a sequence whose items start at `position`. Raises UnreadableFileError for one too deep."""
        if len(self) == 1:
            self.outermost = head.tag
        if len(self) >= MAX_LEVELS:
            raise UnreadableFileError("nesting-too-deep", f"byte {position}")
        self._allowance.sequences += 1
        encoding = IMPLICIT_ITEMS if head.vr == b"UN" else self[-1].encoding
        self.append(Level(items=True, limit=limit, defined=defined, encoding=encoding))

    def open_item(self, position: int, length: int, size: int) -> None:
        """Enter an item whose elements start at `position`, in a stream of `size` bytes. Raises UnreadableFileError."""
        self._allowance.items += 1
        self._allowance.check(position)
        around = self[-1]
        defined = length != UNDEFINED_LENGTH
        limit = position + length if defined else around.limit
        if limit > around.limit:
            raise DamagedSequenceError("structure-invalid", f"byte {position}")
        if defined and limit > size:
            raise UnreadableFileError("truncated", f"byte {position}")
        self.append(Level(items=False, limit=limit, defined=defined, encoding=around.encoding))

    def stretch(self, position: int) -> None:
        """Take every level for at least as long as up to `position`."""
        self[:] = [level._replace(limit=position) if level.limit < position else level for level in self]

    def leave_damaged(self) -> int | None:
        """Leave the outermost sequence of known length, and return where it ends; None where there is none."""
        for depth, level in enumerate(self):
            if level.defined:
                del self[depth:]
                return level.limit
        return None


def is_sequence(head: Header, stream: Stream, start: int, encoding: Encoding) -> bool:
    """Say whether a value that starts at `start` is a sequence. Without a VR, it is one that starts with an item.

    Under UN its length says all that is needed.
    """
    if head.vr == b"SQ":
        return True
    if head.vr or head.length < 8 or head.tag in tags.PIXELS:
        return False
    return take_bytes(stream, start, 4) == ITEM_TAGS[encoding.big]
