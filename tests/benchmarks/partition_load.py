"""A simulation of verdicts that meet DynamoDB's limits: messages, workers, partitions, pauses and redeliveries.

It knows no clock but its own and draws from one seed, so a run comes to the same figures everywhere. What it assumes:

- A partition takes 1,000 write units a second and has no more in store than a second's (Amazon DynamoDB Developer
  Guide, "Best practices for designing and using partition keys effectively"). Burst capacity does not raise that limit,
  and no partition is split for its heat: a collection whose sort key only grows is not, and nobody says how soon others
  are ("DynamoDB burst and adaptive capacity"). So what is simulated is the worst that is documented.
- A write that an index has no units for is throttled as one of its table ("Understanding DynamoDB global secondary
  index write throttling and back pressure"). What is throttled consumes nothing.
- Lambda hands over up to ten messages to each of fifty workers. A batch is judged one file after the other, and waits
  for S3 and the table together. What was delivered before is worked on in turn (docs/adr/0055).
"""

import heapq
import random
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count

from intake.table.throttling import PATIENCE_S, list_pauses
from portal.costs.assumptions import WAIT_MS
from tests.metering.partitions import PARTITION_UNITS

WORKERS, BATCH = 50, 10
CPU_S = 0.012
"""Of a file's verdict, one file at a time: 6.9 ms of a vCPU (portal/costs/metered.json), of which a worker has 0.58."""
BEFORE_S = (WAIT_MS["s3 GetObject"] + WAIT_MS["s3 CopyObject"]) / 1000
TRANSACTION_S = WAIT_MS["dynamodb TransactWriteItems"] / 1000


def come_back_in_seconds(receives: int) -> float | None:
    """Return how long a message waits that was received so often and failed (docs/adr/0055); None: it is given up."""
    return None if receives >= 15 else float(min(15 << (receives - 1), 900))


def come_back_in_half_an_hour(receives: int) -> float | None:
    """As it was before: the queue's visibility timeout, five times."""
    return None if receives >= 5 else 1800.0


@dataclass(slots=True)
class Message:
    """A file that waits for its verdict."""

    load: str
    came_at: float
    units: Mapping[str, float]
    """By partition key, of the table or of an index."""
    receives: int = 0


@dataclass(slots=True)
class Result:
    """What became of one load."""

    waits: list[float] = field(default_factory=list)
    """Seconds to the verdict of each file."""
    last_at: float = 0.0
    throttled: int = 0
    """Attempts in vain."""
    redelivered: int = 0
    given_up: int = 0

    def percentile(self, share: float) -> float:
        waits = sorted(self.waits)
        return waits[min(len(waits) - 1, int(share * len(waits)))]


class Partitions:
    """Units in store by physical partition. `physical` partitions share all keys; None: each key has its own."""

    def __init__(self, physical: int | None) -> None:
        self._physical = physical
        self._stores: dict[str | int, tuple[float, float]] = {}

    def take(self, units: Mapping[str, float], now: float) -> bool:
        """Take all units, or none where one partition has too few."""
        wanted: Counter[str | int] = Counter()
        for key, amount in units.items():
            wanted[self._find(key)] += amount  # type: ignore[assignment]
        left: dict[str | int, float] = {}
        for place, amount in wanted.items():
            stored, at = self._stores.get(place, (PARTITION_UNITS, now))
            stored = min(PARTITION_UNITS, stored + (now - at) * PARTITION_UNITS)
            if stored < amount:
                return False
            left[place] = stored - amount
        self._stores |= {place: (stored, now) for place, stored in left.items()}
        return True

    def _find(self, key: str) -> str | int:
        if self._physical is None:
            return key
        # The table and each index have partitions of their own.
        return f"{key.partition(' ')[0]} {random.Random(key).randrange(self._physical)}"


class Simulation:
    """Workers between one queue and one table."""

    def __init__(
        self,
        *,
        physical: int | None = None,
        patience_s: float = PATIENCE_S,
        come_back: Callable[[int], float | None] = come_back_in_seconds,
        seed: int = 58,
    ) -> None:
        self._partitions, self._patience_s, self._come_back = Partitions(physical), patience_s, come_back
        self._random = random.Random(seed)
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()
        self._visible: deque[Message] = deque()
        self._free = WORKERS
        self.now = 0.0
        self.results: dict[str, Result] = {}

    def run(self, arrivals: Iterable[Message], until: float = 86_400.0) -> dict[str, Result]:
        """Have messages, which come in the order of their times, judged; return what became of each load."""
        self._expect(iter(arrivals))
        while self._events and self._events[0][0] <= until:
            self.now, _, happen = heapq.heappop(self._events)
            happen()
        return self.results

    def _at(self, when: float, happen: Callable[[], None]) -> None:
        heapq.heappush(self._events, (when, next(self._order), happen))

    def _expect(self, arrivals: Iterator[Message]) -> None:
        message = next(arrivals, None)
        if message is None:
            return

        def arrive() -> None:
            self._show(message)
            self._expect(arrivals)

        self._at(message.came_at, arrive)

    def _show(self, message: Message) -> None:
        self._visible.append(message)
        # Lambda's pollers gather what comes within a moment.
        self._at(self.now + 0.02, self._hand_over)

    def _hand_over(self) -> None:
        while self._free and self._visible:
            self._free -= 1
            batch = [self._visible.popleft() for _ in range(min(BATCH, len(self._visible)))]
            _Batch(self, batch).begin()

    def finish_batch(self) -> None:
        self._free += 1
        self._hand_over()

    def attempt(self, message: Message, then: Callable[[], None], pauses: Iterator[float] | None = None) -> None:
        """Record a verdict, after pauses where it is throttled, or give the message back; and go on with `then`."""
        result = self.results.setdefault(message.load, Result())
        if self._partitions.take(message.units, self.now):
            result.last_at = self.now + TRANSACTION_S
            result.waits.append(result.last_at - message.came_at)
            self._at(result.last_at, then)
            return
        result.throttled += 1
        pauses = pauses or list_pauses(self._patience_s, lambda: self.now, self._random.uniform)
        pause = next(pauses, None)
        if pause is not None:
            self._at(self.now + TRANSACTION_S + pause, lambda: self.attempt(message, then, pauses))
            return
        wait = self._come_back(message.receives)
        if wait is None:
            result.given_up += 1
        else:
            result.redelivered += 1
            self._at(self.now + wait * self._random.uniform(0.9, 1), lambda: self._show(message))
        then()

    def later(self, seconds: float, happen: Callable[[], None]) -> None:
        self._at(self.now + seconds, happen)


class _Batch:
    """Messages that one worker has at a time."""

    def __init__(self, simulation: Simulation, messages: list[Message]) -> None:
        self._simulation = simulation
        for message in messages:
            message.receives += 1
        new = [[message] for message in messages if message.receives == 1]
        again = [message for message in messages if message.receives > 1]
        self._lanes = [deque(lane) for lane in [*new, *([again] if again else [])]]
        self._open = len(self._lanes)

    def begin(self) -> None:
        for place, lane in enumerate(self._lanes):
            self._simulation.later(CPU_S * (place + 1) + BEFORE_S, lambda lane=lane: self._take(lane))  # type: ignore[misc]

    def _take(self, lane: deque[Message]) -> None:
        message = lane.popleft()
        self._simulation.attempt(message, lambda: self._go_on(lane))

    def _go_on(self, lane: deque[Message]) -> None:
        if lane:
            self._simulation.later(CPU_S + BEFORE_S, lambda: self._take(lane))
            return
        self._open -= 1
        if not self._open:
            self._simulation.finish_batch()
