"""What a piece of work costs in CPU and memory, and how that grows when its input doubles."""

import gc
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
        """Likewise, where both sizes' memory was measured."""
        measured = [(a.memory, b.memory) for a, b in self._pairs() if a.memory and b.memory]
        return max((_factor(before, after, FLOOR_B) for before, after in measured), default=0.0)

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
        with _alone():
            began = time.process_time()
            work()
            best = min(best, time.process_time() - began)
    return best


def peak_bytes(work: Work) -> int:
    """Return the most bytes that Python held for a piece of work at once."""
    with _alone():
        tracemalloc.start()
        try:
            work()
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()


@contextmanager
def _alone() -> Iterator[None]:
    """Leave out what the suite itself keeps, which is not the work's: collections would go over all of it."""
    gc.collect(0)
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def grow(subject: str, of_size: Callable[[int], Work], *, smallest: int, largest: int) -> Growth:
    """Double an input from `smallest` up to `largest`, or until it costs `ENOUGH_S`, and measure each.

    What looks worse than linear is measured again, with the best of more tries: another process's noise is no square.
    """
    growth = _climbed(subject, of_size, smallest, largest, times=1)
    for times in (3, 7):
        if growth.is_linear or growth.steps[-1].cpu_s >= ENOUGH_S:
            return growth
        growth = _climbed(subject, of_size, smallest, largest, times=times)
    return growth


def _climbed(subject: str, of_size: Callable[[int], Work], smallest: int, largest: int, *, times: int) -> Growth:
    found: list[tuple[int, float]] = []
    size = smallest
    while size <= largest and not (found and found[-1][1] >= ENOUGH_S):
        found.append((size, cpu_seconds(of_size(size), times=times)))
        size *= 2
    measured = {size for size, cpu_s in found[-2:] if found[-1][1] < ENOUGH_S}
    steps = [Step(size, cpu_s, peak_bytes(of_size(size)) if size in measured else 0) for size, cpu_s in found]
    return Growth(subject, tuple(steps))
