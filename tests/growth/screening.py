"""A first look at many rows: which are worth doubling, and which cost the most as they are."""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.growth.measure import FLOOR_S, Growth, cpu_seconds, grow
from tests.growth.rows import Row

STEP = 8
"""What costs little at a size is looked at next at one that is so many times as large."""
TOO_MUCH_S = 0.1
"""CPU seconds at which no larger size is looked at."""
ENOUGH = 8
"""Rows that grow too fast, after which no more is looked at."""


@dataclass(slots=True)
class Looked:
    """What a first look has seen of a row."""

    row: Row
    size: int
    cpu_s: float
    growth: Growth | None = None
    """Of rows that cost more than what nobody can measure."""


@dataclass(slots=True)
class Screening:
    """What a first look has seen of all rows."""

    looked: list[Looked] = field(default_factory=list)
    cut_short: bool = False

    @property
    def grown(self) -> list[Growth]:
        return [each.growth for each in self.looked if each.growth is not None]


def screen(rows: Iterable[Row]) -> Screening:
    """Look at each row at growing sizes, and double what costs more than can be neglected at its largest.

    Ends early when `ENOUGH` of them grow too fast: they have one cause or few, and each of them costs seconds.
    """
    seen = Screening()
    for row in rows:
        seen.looked.append(_look(row))
        if sum(not growth.is_linear for growth in seen.grown) >= ENOUGH:
            seen.cut_short = True
            break
    return seen


def _look(row: Row) -> Looked:
    idle = cpu_seconds(row.of_size(row.smallest))
    looked = Looked(row, row.smallest, idle)
    for looked.size in _sizes(row):
        looked.cpu_s = cpu_seconds(row.of_size(looked.size))
        if looked.cpu_s >= TOO_MUCH_S:
            break
    if looked.cpu_s >= idle + FLOOR_S:
        looked.growth = grow(row.subject, row.of_size, smallest=_beginning(row, looked.size), largest=looked.size)
    return looked


def _beginning(row: Row, size: int) -> int:
    """Return a size from which some doublings lead to `size`."""
    return max(row.smallest, size // 8)


def _sizes(row: Row) -> list[int]:
    climbing = itertools.takewhile(
        lambda size: size < row.largest, (row.smallest * STEP**n for n in itertools.count(1))
    )
    return [*climbing, row.largest]
