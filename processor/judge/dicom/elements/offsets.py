"""The basic offset table of encapsulated pixel data: where each frame's first fragment begins (PS3.5 A.4)."""

import struct
from itertools import pairwise
from typing import NamedTuple


class Offsets(NamedTuple):
    """What is known of a basic offset table."""

    frames: int = 0
    """How many frames it has entries for; 0 for an empty table, which is allowed."""
    damaged: bool = False
    """Whether its length, first entry or order are wrong, or an entry does not lead to a fragment that was seen."""
    entries: tuple[int, ...] = ()
    """From the first fragment on in bytes, where the table was at hand and is in order."""

    def is_wrong(self, frames: int) -> bool:
        """Say whether the table cannot be that of an image of so many frames."""
        return self.damaged or self.frames not in {0, frames}

    def compare_with(self, starts: set[int], seen: int) -> "Offsets":
        """Compare the entries below `seen` with where fragments start."""
        misled = any(entry < seen and entry not in starts for entry in self.entries)
        return self._replace(damaged=self.damaged or misled)


NO_OFFSETS = Offsets()


def read(value: bytes, length: int, order: str) -> Offsets:
    """Read a table of `length` bytes, of which `value` is at hand."""
    if length % 4 or len(value) < length:
        return Offsets(length // 4, damaged=bool(length % 4))
    entries = struct.unpack(f"{order}{length // 4}I", value)
    ascending = not entries or (entries[0] == 0 and all(one < other for one, other in pairwise(entries)))
    return Offsets(len(entries), damaged=not ascending, entries=entries if ascending else ())
