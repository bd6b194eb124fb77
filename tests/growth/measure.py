"""What a piece of work costs in CPU and memory, and how that grows when its input doubles."""

import gc
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass

Work = Callable[[], object]

MOST = 3.0
"""How much more twice the input may cost: 2 is linear, 4 is a square."""
FLOOR_S = 0.005
"""CPU seconds: what costs less is no danger, and not measurable either."""
FLOOR_B = 1024 * 1024
"""Bytes, likewise."""
ENOUGH_S = 0.3
"""CPU seconds after which the input is not doubled any more: a square shows before."""


@dataclass(frozen=True, slots=True)
class Step:
    """What one size of an input costs."""

    size: int
    cpu_s: float
    memory: int
    """Bytes at the highest; 0 where it was not measured."""


@dataclass(frozen=True, slots=True)
class Growth:
    """What the sizes of an input cost, each twice the one before."""

    subject: str
    steps: tuple[Step, ...]

    @property
    def cpu(self) -> float:
        """The largest factor of a doubling whose result is worth measuring."""
        return max((_factor(a.cpu_s, b.cpu_s, FLOOR_S) for a, b in self._pairs()), default=0.0)

    @property
    def memory(self) -> float:
        return max((_factor(a.memory, b.memory, FLOOR_B) for a, b in self._pairs()), default=0.0)

    @property
    def is_linear(self) -> bool:
        return max(self.cpu, self.memory) <= MOST

    def _pairs(self) -> list[tuple[Step, Step]]:
        return list(zip(self.steps, self.steps[1:], strict=False))

    def __str__(self) -> str:
        told = ", ".join(f"{step.size}: {step.cpu_s * 1000:.1f} ms" for step in self.steps[-3:])
        return f"{self.subject}: CPU x {self.cpu:.1f}, memory x {self.memory:.1f} at twice the input ({told})"


def _factor(before: float, after: float, floor: float) -> float:
    """Say by how much a cost grew; below half the floor, what it was before is taken for half the floor."""
    return 0.0 if after < floor else after / max(before, floor / 2)


def cpu_seconds(work: Work, *, times: int = 1) -> float:
    """Return the CPU seconds of all threads that a piece of work takes at its best."""
    best = float("inf")
    for _ in range(times):
        gc.collect(0)
        began = time.process_time()
        work()
        best = min(best, time.process_time() - began)
    return best


def peak_bytes(work: Work) -> int:
    """Return the most bytes that Python held for a piece of work at once."""
    gc.collect()
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def grow(subject: str, of_size: Callable[[int], Work], *, smallest: int, largest: int) -> Growth:
    """Double an input from `smallest` up to `largest`, or until it costs `ENOUGH_S`, and measure each.

    What looks worse than linear is measured again, with the best of more tries: another process's noise is no square.
    """
    growth = _climbed(subject, of_size, smallest, largest, times=1)
    for times in (3, 7):
        if growth.is_linear:
            return growth
        growth = _climbed(subject, of_size, smallest, largest, times=times)
    return growth


def _climbed(subject: str, of_size: Callable[[int], Work], smallest: int, largest: int, *, times: int) -> Growth:
    steps: list[Step] = []
    size = smallest
    while size <= largest:
        work = of_size(size)
        cpu_s = cpu_seconds(work, times=times)
        worth_it = cpu_s >= FLOOR_S
        steps.append(Step(size, cpu_s, peak_bytes(work) if worth_it else 0))
        if cpu_s >= ENOUGH_S:
            break
        size *= 2
    return Growth(subject, tuple(steps))
