"""When a message that failed comes again: within seconds at first, then each time after twice as long.

What the infrastructure could not do is tried again for longer than an outage of two hours lasts, which is what fourteen
waits come to at least. Then it is given up, and a dead letter tells people (docs/adr/0055).
"""

from collections.abc import Callable
from random import random as draw

FIRST_WAIT_S = 15
LONGEST_WAIT_S = 900
JITTER = 0.1
"""Share of a wait by which it may be shorter, so that what failed together does not come back in one heap."""

MAX_RECEIVES = 15
"""Deliveries before a message becomes a dead letter, of every queue that feeds a function."""

VISIBILITY_FACTOR = 6
"""Times a function's time limit for which a message stays hidden whose worker died (Lambda guide, "Configuring a queue
to use with Lambda")."""


def find_wait(receives: int, chance: Callable[[], float] = draw) -> int:
    """Return how many seconds a message waits that was received so often and failed; none behind its last delivery.

    A letter that is given up has nothing to wait for: SQS moves it when it is asked for the next time.
    """
    if receives >= MAX_RECEIVES:
        return 0
    longest = min(FIRST_WAIT_S << min(receives - 1, 10), LONGEST_WAIT_S)
    return round(longest * (1 - JITTER * chance()))
