"""Reading no faster than is allowed: a rebuild reads everything, and shares the table with the traffic."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from intake.errors import ScalperError
from intake.table.items import Item

UNITS_PER_S = 200
"""Read units a second, where nobody says otherwise: half a cent an hour, and a fifteenth of what a partition gives."""

_UNIT = 4096
"""Bytes that a unit reads consistently (Amazon DynamoDB Developer Guide, "Read and write operations")."""

_MEMORY_S = 1.0
"""For how long what was not read may be made up for."""


class OutOfTimeError(ScalperError):
    """Raised where the time is over that there was to read: each unit may be begun anew."""


@dataclass(slots=True)
class Pace:
    """Has whoever reads wait until what was read before is paid for."""

    units_per_s: float = UNITS_PER_S
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    ends: float = math.inf
    """When whoever reads must have stopped, as `clock` has it."""
    read: int = 0
    """Units that were read so far, as far as the items tell: what is packed takes less."""
    _paid_until: float = field(default=0.0, repr=False)

    def take(self, items: Sequence[Item]) -> None:
        """Note what was read, and wait where that was faster than is allowed. Raises OutOfTimeError."""
        units = max(1, -(-sum(map(_measure, items)) // _UNIT))
        self.read += units
        self.check()
        now = self.clock()
        self._paid_until = max(self._paid_until, now - _MEMORY_S) + units / self.units_per_s
        if self._paid_until > now:
            self.sleep(self._paid_until - now)

    def check(self) -> None:
        """Raises OutOfTimeError."""
        if self.clock() >= self.ends:
            raise OutOfTimeError("what was begun goes on in another worker")


def _measure(item: Item) -> int:
    return sum(len(name) + len(str(value)) for name, value in item.items())
