"""The levels of nesting that a walk stands in, and what may be opened within them (PS3.5 7.5)."""

from typing import NamedTuple

from intake.dicom.encoding import IMPLICIT_ITEMS, UNDEFINED_LENGTH, Encoding, Header
from processor.judge.dicom.elements.allowance import Allowance
from processor.judge.inspection.errors import DamagedSequenceError, UnreadableFileError

MAX_DEPTH = 64
"""Sequences within sequences; the standard's deepest templates reach about 20 in practice."""
MAX_LEVELS = 2 * MAX_DEPTH
"""A sequence is a level, and an item of it another one."""

UNBOUNDED = 1 << 63


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
