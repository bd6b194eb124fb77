"""The round over what is awaited: what came and was lost sight of is enqueued, what never came is given up.

Clinics take turns, so that one with a million files that never come keeps no other's waiting. Where a sweep's time is
over, the next one goes on: docs/adr/0062-the-sweep-at-any-size.md.
"""

import json
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from intake.files.model import FileRecord, FileSummary, now, timestamp
from intake.files.ports import Verdicts
from intake.messaging.events import Arrival
from intake.operations.model import AwaitedGroup, Fault, ObjectIncident, StoredObject, StuckFile
from intake.operations.ports import AwaitedFiles, Incidents, Inventory, Ledger, Rounds, StuckFiles
from intake.storage.ports import Objects
from processor.reconcile.incidents import describe_fault
from processor.reconcile.rounds import Resender, TimeShare
from processor.reconcile.standing_objects import Decided, ReservedObjects, StandingObjects, read_time

OVERDUE = timedelta(minutes=10)
"""How long a file may await its upload before the sweep looks whether it has arrived unnoticed."""

ROWS_A_TURN = 500
ROWS_PER_SWEEP = 16_000
"""Rows of lists that are read, each a file or all that was announced with it, and records that are looked up instead:
what bounds a sweep's cost."""

ROWS_A_STEP = 50
"""Rows that are looked at between two looks at the clock."""

SENT_PER_SWEEP = 3_000
"""Files enqueued again, each after a question; the next sweeps send the rest, once these have their verdicts."""

EXPIRED_PER_SWEEP = 2_000
"""Files given up, a write each: they keep nobody waiting, and the rest is given up by the sweeps that follow."""

SHORTEST_LIFE = timedelta(hours=24)
"""No reservation is over before that. When each of a batch is, only its files tell."""

LATE_PER_SWEEP = 100
"""Late files noted to be told of; where there are more, the cause is one."""

STUCK_PER_SWEEP = 500
"""Stuck files noted for the admins' page; where there are more, the cause is one and the page tells enough."""

_ROUND = "awaited"


@dataclass(slots=True)
class AwaitedSwept:
    """What one sweep's part of the round came to, in files."""

    expired: int = 0
    enqueued: int = 0
    stuck: int = 0
    late: int = 0
    rows: int = 0
    """Read of lists, and records looked up instead."""
    age: timedelta = timedelta()
    """How long the oldest round is going that is not at its end: a clinic's, or that in which each has a turn."""


@dataclass(slots=True)
class _State:
    """Whose turn is next, and where each clinic's round goes on that is longer than a turn."""

    turn: str = ""
    lap: str = ""
    """When the round of turns began."""
    left: int = 0
    """Clinics that have had none in it."""
    open: dict[str, tuple[str, str]] = field(default_factory=dict)
    """By clinic: when its round began, and the position behind what was looked at."""

    def write(self) -> str:
        started = self.open or self.left
        return json.dumps([self.turn, self.lap, self.left, self.open]) if started else ""

    def find_oldest(self) -> str:
        """Return when the oldest unfinished round began; empty where all are at their end."""
        began = [begun for begun, _ in self.open.values()]
        return min([*began, *([self.lap] if self.left else [])], default="")


@dataclass(slots=True)
class _Look:
    """What a sweep knows of a clinic."""

    standing: StandingObjects
    decided: Decided | None = None
    """Where more are awaited than a turn looks at: when each clinic has had one, or before many are given up."""
    followed_up: set[str] = field(default_factory=set)
    """Keys of what stands. Both rows and the bucket's list may tell of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AwaitedRound:
    """Looks after all that is awaited, a turn of a clinic at a time."""

    awaited: AwaitedFiles
    verdicts: Verdicts
    objects: Objects
    inventory: Inventory
    ledger: Ledger
    resender: Resender
    rounds: Rounds
    stuck_files: StuckFiles
    incidents: Incidents
    time_limit: timedelta
    incoming_bucket: str
    clock: Callable[[], datetime] = now

    def run(self, share: TimeShare) -> AwaitedSwept:
        """Go on with the round. What ends it early leaves its position behind what was looked at."""
        swept, at = AwaitedSwept(), self.clock()
        positions = self.rounds.read()
        before = positions.get(_ROUND, "")
        state = _State(*json.loads(before)) if before else _State()
        try:
            self._take_turns(state, swept, share, at)
        finally:
            after = state.write()
            if after != before:
                self.rounds.write({**positions, _ROUND: after})
        oldest = state.find_oldest()
        if oldest:
            swept.age = at - datetime.fromisoformat(oldest)
        return swept

    def _take_turns(self, state: _State, swept: AwaitedSwept, share: TimeShare, at: datetime) -> None:
        clinics = self.awaited.clinics()
        turns = deque(sorted(clinics, key=lambda clinic: (clinic < state.turn, clinic)))
        if not state.left:
            state.lap, state.left = timestamp(at), len(turns)
        state.open = {clinic: begun for clinic, begun in state.open.items() if clinic in turns}
        turns_taken = 0
        looks: dict[str, _Look] = {}
        while turns and swept.rows < ROWS_PER_SWEEP and not share.is_over():
            clinic_id = turns.popleft()
            # Whatever becomes of a turn, the next one is another's.
            state.turn = turns[0] if turns else ""
            if clinic_id in looks:
                self._decide(clinic_id, state.open[clinic_id][1], looks[clinic_id], swept, share)
            else:
                looks[clinic_id] = _Look(StandingObjects(self.inventory, self.incoming_bucket, f"{clinic_id}/"))
            if self._take_turn(clinic_id, state, looks[clinic_id], swept, share):
                turns.append(clinic_id)
            turns_taken += 1
            if turns_taken <= len(clinics):
                state.left = max(0, state.left - 1)

    def _decide(self, clinic_id: str, after: str, look: _Look, swept: AwaitedSwept, share: TimeShare) -> None:
        """Ask the bucket, once a sweep, which stand of all files that a clinic has behind a position."""
        if look.decided:
            return
        at = self.clock()
        objects = ReservedObjects(inventory=self.inventory, ledger=self.ledger, bucket=self.incoming_bucket)
        decided = objects.decide(clinic_id, read_time(after), at - OVERDUE)
        swept.rows += decided.looked_up
        for start in range(0, len(decided.standing), ROWS_A_STEP):
            if start and share.is_over():
                return
            self._follow_up(decided.standing[start : start + ROWS_A_STEP], look, swept, at)
        look.decided = decided

    def _take_turn(self, clinic_id: str, state: _State, look: _Look, swept: AwaitedSwept, share: TimeShare) -> bool:
        """Look at some of a clinic's awaited files. Return whether there are more."""
        at = self.clock()
        begun, after = state.open.get(clinic_id, (timestamp(at), ""))
        if look.decided:
            # Those whose time is over are given up one by one.
            may_expire = read_time(after) < at - SHORTEST_LIFE and swept.expired < EXPIRED_PER_SWEEP
            after = after if may_expire else look.decided.pass_by(after)
            if not after:
                del state.open[clinic_id]
                return False
        groups, behind = self.awaited.page(clinic_id, after, at - OVERDUE, ROWS_A_TURN)
        if behind and any(_may_be_over(group, at) for group in groups):
            # To give up a turn's files, a write each, may take a sweep's time: no lost notice waits for that.
            self._decide(clinic_id, groups[0].position, look, swept, share)
        for start in range(0, len(groups), ROWS_A_STEP):
            if start and share.is_over():
                behind = groups[start - 1].position
                break
            some = groups[start : start + ROWS_A_STEP]
            look.standing.learn(group.span for group in some)
            came = [found for group in some for found in self._look(group, look.standing, swept, at)]
            self._follow_up(came, look, swept, at)
            swept.rows += len(some)
            state.open[clinic_id] = begun, some[-1].position
        if behind:
            state.open[clinic_id] = begun, behind
        else:
            state.open.pop(clinic_id, None)
        return bool(behind)

    def _look(
        self, group: AwaitedGroup, standing: StandingObjects, swept: AwaitedSwept, at: datetime
    ) -> Iterator[tuple[FileSummary, StoredObject]]:
        """Yield the files that stand; one that never came is given up when its time is over."""
        if not (standing.holds_any(*group.span) or _may_be_over(group, at)):
            return
        for file in self.awaited.files(group):
            held = standing.find(group.find_key(file.file_id))
            if held:
                yield file, held
            elif file.expires_at < at and swept.expired < EXPIRED_PER_SWEEP:
                swept.expired += self.verdicts.expire(file, at)

    def _follow_up(
        self,
        standing: Sequence[tuple[FileSummary | FileRecord, StoredObject]],
        look: _Look,
        swept: AwaitedSwept,
        at: datetime,
    ) -> None:
        """Note and enqueue what stands and has no verdict, once a sweep."""
        came = [(file, held) for file, held in standing if held.version.key not in look.followed_up]
        look.followed_up |= {held.version.key for _, held in came}
        stuck = [StuckFile(file.file_id, file.clinic_id, held.last_modified, at) for file, held in came]
        noted = stuck[: STUCK_PER_SWEEP - swept.stuck]
        self.stuck_files.note(noted)
        swept.stuck += len(noted)
        arrivals: list[Arrival] = []
        late: list[ObjectIncident] = []
        for file, held in came:
            is_late = held.last_modified <= at - self.time_limit and swept.late + len(late) < LATE_PER_SWEEP
            may_send = swept.enqueued + len(arrivals) < SENT_PER_SWEEP and self.resender.may_send()
            if not (is_late or may_send):
                continue
            # A list tells no version; and what is gone by now is looked for again.
            found = self.objects.find(held.version.bucket, held.version.key)
            if found:
                arrivals += [Arrival(found.version, found.last_modified)] if may_send else []
                late += [describe_fault(Fault.LATE, file, found.version, found.last_modified)] if is_late else []
        self.incidents.note(late)
        swept.late += len(late)
        swept.enqueued += self.resender.send(arrivals)


def _may_be_over(group: AwaitedGroup, at: datetime) -> bool:
    return group.file.expires_at < at if group.file else group.created_at + SHORTEST_LIFE < at
