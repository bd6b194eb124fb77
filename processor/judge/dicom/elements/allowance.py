"""How many elements, items and sequences a file may have: by its bytes, and by the frames that it states.

What is small and plenty is no image: bombs have eight bytes an item, structure sets hundreds. Multi-frame objects have
as much for each frame as their makers want: 230 elements and 35 sequences were seen. All together is bounded by time.
"""

from dataclasses import dataclass, field

from processor.judge.dicom.dictionary import tags
from processor.judge.dicom.elements.element_scanner import Values
from processor.judge.inspection.errors import BudgetSpentError, UnreadableFileError

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


@dataclass(slots=True)
class Allowance:
    """What is left of it; the numbers are those of one file so far."""

    values: Values = field(repr=False)
    """Of the data set, among which is the number of frames, once it was met."""
    elements: int = 0
    items: int = 0
    sequences: int = 0

    def spend(self, position: int, elements: int, items: int, sequences: int) -> None:
        """Count what was passed up to `position`, and check it."""
        self.elements += elements
        self.items += items
        self.sequences += sequences
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
