"""Incidents at their second look: what is over is closed, and what still holds is told, once.

A finding may be a step that was just being taken when the sweep looked. So nobody is told of it before a later sweep
has seen it again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain

from intake.files import keys
from intake.files.keys import KeyedIds
from intake.files.model import FileRecord, ObjectVersion, now
from intake.files.ports import Records
from intake.files.states import JUDGED, OPEN, State
from intake.messaging.events import Arrival, notification
from intake.messaging.ports import Queue
from intake.operations.model import Fault, Incident
from intake.operations.ports import Incidents, Inventory, Rounds
from processor.ingest.placements import has_teller

INCIDENTS_PER_SWEEP = 100

SETTLED = timedelta(hours=3)
"""How long the five deliveries of a message may take: until then, one of them may yet record the copy it made."""

LONGEST_SENDING = timedelta(days=8)
"""Parts of an object that is not completed within seven days are removed (`infra/data/buckets.py`)."""

_ROUND = "incidents"


@dataclass(frozen=True, slots=True)
class Followed:
    """What one look at the open incidents came to."""

    standing: int
    """Incidents that still hold, among those looked at."""
    told: int
    closed: int
    enqueued: int


class FollowUp:
    """Looks at open incidents again, at most `INCIDENTS_PER_SWEEP`, and goes on behind them at the next sweep."""

    def __init__(
        self,
        *,
        incidents: Incidents,
        rounds: Rounds,
        records: Records,
        inventory: Inventory,
        queue: Queue,
        ids: KeyedIds,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self._incidents = incidents
        self._rounds = rounds
        self._records = records
        self._inventory = inventory
        self._queue = queue
        self._ids = ids
        self._clock = clock

    def run(self) -> Followed:
        positions = self._rounds.read()
        opened, behind = self._incidents.open(positions.get(_ROUND, ""), INCIDENTS_PER_SWEEP)
        standing = [incident for incident in opened if self._holds(incident)]
        untold = [incident for incident in standing if not incident.told and not self._may_settle(incident)]
        for incident in untold:
            self._incidents.tell(incident, self._clock())
        over = [incident for incident in opened if incident not in standing]
        for incident in over:
            self._incidents.close(incident, self._clock())
        self._rounds.write({**positions, _ROUND: behind})
        return Followed(len(standing), len(untold), len(over), self._enqueue(standing))

    def _holds(self, incident: Incident) -> bool:
        stands = self._stands(incident.object)
        known = self._records.get_many(list_file_ids(incident, self._ids))
        record = known.get(incident.file_id)
        match incident.fault:
            case Fault.LATE:
                return stands and record is not None and record.state is State.AWAITING_UPLOAD
            case Fault.OBJECT_MISSING:
                return not stands and record is not None and needs(record, incident.object)
            case Fault.OBJECT_UNCLAIMED:
                return stands and not (record and claims(record, incident.object))
            case Fault.ARRIVAL_UNRECORDED:
                return stands and not has_teller(known.values(), incident.object)

    def _stands(self, version: ObjectVersion) -> bool:
        """Say whether an object stands at the key: by a list of one, for the sweep may read no file to ask for it."""
        listed = self._inventory.objects(version.bucket, "", 1, version.key).held
        return [held.version.key for held in listed] == [version.key]

    def _may_settle(self, incident: Incident) -> bool:
        """Say whether an object may be the copy of a file whose verdict is about to be recorded."""
        young = incident.seen_at > self._clock() - SETTLED
        return incident.fault is Fault.OBJECT_UNCLAIMED and young and self._queue.depth() > 0

    def _enqueue(self, standing: list[Incident]) -> int:
        """Have what S3 never told of judged after all, unless the queue may still bring it."""
        lost = [incident for incident in standing if incident.fault is Fault.ARRIVAL_UNRECORDED]
        if not lost or self._queue.depth():
            return 0
        self._queue.send([notification(Arrival(incident.object, incident.seen_at)) for incident in lost])
        return len(lost)


def needs(record: FileRecord, held: ObjectVersion) -> bool:
    """Say whether a record has its bytes in an object of its own. A duplicate's are another file's, who is asked;
    so are those of an entry that could not be unpacked, of which there is nothing but its archive.
    """
    in_its_archive = record.parent is not None and not keys.is_of_file(held.key, record.file_id)
    return record.state in JUDGED and not record.duplicate_of and not in_its_archive and _is_same(record.stored, held)


def claims(record: FileRecord, held: ObjectVersion) -> bool:
    """Say whether a record explains an object of the accepted or the quarantine bucket.

    The copy of a file that is on its way is made before its record says so; and quarantine keeps what was rejected,
    also when it was accepted later.
    """
    if record.state in JUDGED and _is_same(record.stored, held):
        return True
    own = held.key == keys.object_key(record.clinic_id, record.upload_id, record.file_id, record.created_at)
    was_rejected = any(step.event == State.REJECTED for step in record.timeline)
    moved_on = record.stored is not None and record.stored.bucket != held.bucket
    return own and (record.state in OPEN or (record.state is State.ACCEPTED and was_rejected and moved_on))


def list_file_ids(incident: Incident, ids: KeyedIds) -> list[str]:
    """Return the ids that the incident's file may be recorded under."""
    if incident.fault is not Fault.ARRIVAL_UNRECORDED:
        return [incident.file_id]
    return list_recording_ids(ids, incident.object, incident.seen_at, in_parts=True)


def list_recording_ids(ids: KeyedIds, version: ObjectVersion, begun: datetime, *, in_parts: bool) -> list[str]:
    """Return all ids that an object may be recorded under: reserved, as its sender's own file, or as nobody's."""
    reserved = keys.reservation(version.key)
    derived = (list_direct_ids(ids, version, begun, in_parts=in_parts, nobodys=nobodys) for nobodys in (False, True))
    return list(dict.fromkeys([*([reserved.file_id] if reserved else []), *chain.from_iterable(derived)]))


def list_direct_ids(
    ids: KeyedIds, version: ObjectVersion, begun: datetime, *, in_parts: bool, nobodys: bool
) -> list[str]:
    """Return the ids under which an object without a reservation may be recorded: its id follows from its day.

    S3's notification comes soon after the object, or, where it is sent in parts, some days after its beginning.
    """
    last = begun + (LONGEST_SENDING if in_parts else timedelta(minutes=15))
    days = [begun + timedelta(days=n) for n in range((last.date() - begun.date()).days + 1)]
    place = ids.place_unassigned if nobodys else ids.place_direct
    placements = [place(version.bucket, version.key, version.version_id, day) for day in days]
    return list(dict.fromkeys(placement.file_id for placement in placements))


def _is_same(stored: ObjectVersion | None, held: ObjectVersion) -> bool:
    return stored is not None and (stored.bucket, stored.key) == (held.bucket, held.key)
