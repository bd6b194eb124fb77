"""The round over what is dropped into the incoming bucket: of what nobody announced, only the bucket itself can tell.

All of it is listed, and only what came since the round before is looked up. What was announced is passed over by the
day where there is much of it, for its reservations tell of it: docs/adr/0062-the-sweep-at-any-size.md.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from intake.files import keys
from intake.files.model import now, timestamp
from intake.messaging.events import Arrival
from intake.operations.model import ObjectIncident, ObjectPage, StoredObject
from intake.operations.ports import Incidents, Inventory, Ledger, Rounds
from processor.ingest.senders import has_teller
from processor.reconcile.arrivals import LOOKED_UP, UnrecordedObjects, derive_direct_id
from processor.reconcile.rounds import JUST_LISTED, Resender, TimeShare
from processor.reconcile.standing_objects import LISTED

OVERLAP = timedelta(minutes=10)
"""How far S3's time of an object may be from when a list shows it, and its clock from ours."""

LONG_SENDING = timedelta(hours=6)
"""An object sent in parts is as old as its beginning: so long after that it is looked up in every round."""

NOTED_PER_SWEEP = 100
"""Lost arrivals noted to be told of, where they are sent again as well; where there are more, the cause is one."""

KEPT_PER_SWEEP = 1_000
"""Those noted where they may not be sent now: then the note is all that remembers them."""

_ROUND = "dropped"


@dataclass(slots=True)
class DroppedSwept:
    """What one sweep's part of the round came to, in objects."""

    listed: int = 0
    unrecorded: int = 0
    enqueued: int = 0
    age: timedelta = timedelta()
    """How long the round is going, where it is not at its end."""


@dataclass(slots=True)
class _State:
    since: str = ""
    """What landed before was looked at in the round before."""
    began: str = ""
    """Of the round that is not at its end."""
    after: str = ""
    """The position in the list of versions behind what was looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DroppedRound:
    """Goes through the incoming bucket at every second sweep, or on, as far as a sweep's time allows."""

    inventory: Inventory
    ledger: Ledger
    unrecorded: UnrecordedObjects
    resender: Resender
    incidents: Incidents
    rounds: Rounds
    incoming_bucket: str
    clock: Callable[[], datetime] = now

    def run(self, share: TimeShare) -> DroppedSwept:
        """Go on with the round. What ends it early leaves its position behind what was looked at."""
        swept, at = DroppedSwept(), self.clock()
        positions = self.rounds.read()
        if positions.pop(JUST_LISTED, ""):
            self.rounds.write(positions)
            return swept
        before = positions.get(_ROUND, "")
        state = _State(*json.loads(before)) if before else _State()
        state.began = state.began or timestamp(at)
        began = datetime.fromisoformat(state.began)
        try:
            while state.began:
                page = self.inventory.versions(self.incoming_bucket, state.after, LISTED)
                self._compare(page, state.since, began, swept)
                state.after = self._pass_announced(page)
                if not state.after:
                    known_until = began - self.unrecorded.time_limit - OVERLAP
                    state = _State(since=timestamp(known_until))
                    positions[JUST_LISTED] = timestamp(at)
                elif share.is_over() or self._is_full(swept):
                    swept.age = at - began
                    break
        finally:
            self.rounds.write({**positions, _ROUND: json.dumps([state.since, state.began, state.after])})
        return swept

    def _compare(self, page: ObjectPage, since: str, began: datetime, swept: DroppedSwept) -> None:
        known_until = datetime.fromisoformat(since) if since else None
        fresh = [held for held in page.held if self._is_fresh(held, known_until, began)]
        lost = list(self._list_unrecorded(fresh))
        # Sent before the round goes on: a crash between the two repeats a part, and leaves none out.
        swept.enqueued += self.resender.send(Arrival(incident.object, incident.seen_at) for incident in lost)
        noted = lost[: max(0, NOTED_PER_SWEEP - swept.unrecorded)] if lost and self.resender.may_send() else lost
        self.incidents.note(noted)
        swept.unrecorded += len(lost)
        swept.listed += len(page.held)

    def _is_fresh(self, held: StoredObject, known_until: datetime | None, began: datetime) -> bool:
        """Say whether an object is nobody's announced one, due, and none that the round before looked at."""
        if keys.reservation(held.version.key) or not self.unrecorded.is_due(held, began):
            return False
        sending = held.in_parts and held.last_modified > began - LONG_SENDING
        return sending or known_until is None or held.last_modified > known_until

    def _list_unrecorded(self, fresh: Sequence[StoredObject]) -> Iterator[ObjectIncident]:
        for start in range(0, len(fresh), LOOKED_UP):
            some = fresh[start : start + LOOKED_UP]
            own = {held.position: self._derive_id(held) for held in some}
            known = self.ledger.look_up(frozenset(own.values()), frozenset()).files
            unclear = [
                held for held in some if not has_teller(filter(None, [known.get(own[held.position])]), held.version)
            ]
            yield from self.unrecorded.look_at_all(unclear)

    def _derive_id(self, held: StoredObject) -> str:
        nobodys = not self.unrecorded.takes_part(keys.sender(held.version.key))
        return derive_direct_id(self.unrecorded.ids, held.version, held.last_modified, nobodys=nobodys)

    def _pass_announced(self, page: ObjectPage) -> str:
        """Return the position to go on from: behind a day's announced files, where a page ended among them."""
        last = page.held[-1].version.key if page.held else ""
        if not page.next or keys.reservation(last) is None:
            return page.next
        end = _find_end_of_announced(last)
        return self.inventory.skip_to(end) if end and end > last else page.next

    def _is_full(self, swept: DroppedSwept) -> bool:
        return swept.unrecorded >= KEPT_PER_SWEEP and not self.resender.may_send()


def _find_end_of_announced(key: str) -> str | None:
    """Return what sorts behind all keys announced on a day, and before what is called otherwise there; None for no day.

    `key` has the form of one of them. An upload is as old as its files or older, and its id begins with its time.
    """
    day = "/".join(key.split("/")[1:4])
    try:
        over = datetime.strptime(f"{day}Z", "%Y/%m/%d%z") + timedelta(days=1)
    except (OverflowError, ValueError):
        return None
    return f"{keys.sender(key)}/{day}/{keys.base32(int(over.timestamp() * 1000) << 80)}"
