"""What the rounds share: a sweep's time, and the queue that lost notices are sent to again."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from intake.messaging.events import Arrival, notification
from intake.messaging.ports import Queue

JUST_LISTED = "incoming-listed"
"""What a sweep remembers that has listed all of the incoming bucket: the next one need not, and compares a part of it
instead. Every second sweep lists, for half the price."""


@dataclass(frozen=True, slots=True)
class TimeShare:
    """A part of a sweep's time. A step that was begun is finished: steps are short."""

    ends: float
    """As `clock` has it."""
    clock: Callable[[], float] = time.monotonic

    def is_over(self) -> bool:
        return self.clock() >= self.ends


def begin_share(seconds: float) -> TimeShare:
    return TimeShare(time.monotonic() + seconds)


class Resender:
    """Sends again what arrived and was lost sight of, unless the queue may still bring it.

    What waits in the queue is late, not lost: sending it again would only make the queue longer. So the queue is asked
    once a sweep, before anything is sent, and only where something is to be.
    """

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self._idle: bool | None = None

    def begin(self) -> None:
        """Begin a sweep."""
        self._idle = None

    def may_send(self) -> bool:
        """Say whether nothing waited in the queue when the sweep first asked."""
        if self._idle is None:
            self._idle = self._queue.depth() == 0
        return self._idle

    def send(self, arrivals: Iterable[Arrival]) -> int:
        """Send what may be sent, and return how much that was."""
        bodies = list(map(notification, arrivals))
        if not bodies or not self.may_send():
            return 0
        self._queue.send(bodies)
        return len(bodies)
