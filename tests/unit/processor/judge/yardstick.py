"""What judging may cost, told in what the costliest innocent object costs on this machine in the same run."""

from collections.abc import Callable
from functools import cache

from processor.judge import judge
from tests.growth.measure import Work, cpu_seconds
from tests.unit.processor.judge.large_objects import XA30, enhanced

MOST = 2
"""How often the costliest innocent object an attack may cost: measured is less than 1.2."""
TRIES = 3


@cache
def innocent_s(number: int = 0) -> float:
    """Return the CPU seconds of an object that takes all the work there is time for; each `number` measures anew."""
    return cpu_seconds(lambda: judge(enhanced(**XA30)))


def times_the_costliest(work: Work) -> float:
    """Return how often a piece of work costs what the costliest innocent object costs."""
    return times_the_costliest_by(lambda: cpu_seconds(work))


def times_the_costliest_by(measure: Callable[[], float]) -> float:
    """Return the same of work that is measured elsewhere: `measure` returns its CPU seconds.

    What seems too much is measured again, both of them: another process's noise comes and goes.
    """
    least = measure() / innocent_s()
    for number in range(1, TRIES):
        if least <= MOST:
            break
        least = min(least, measure() / innocent_s(number))
    return least
