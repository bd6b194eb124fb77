"""Incidents at their second look: what is over is closed, and what still holds is told, once.

A finding may be a step that was just being taken when the sweep looked. So nobody is told of it before a later sweep
has seen it again.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from intake.files import keys
from intake.files.keys import KeyedIds
from intake.files.model import FileRecord, FileSummary, ObjectVersion, now
from intake.files.ports import Records
from intake.files.states import JUDGED, OPEN, State
from intake.messaging.events import Arrival
from intake.operations.model import Fault, Incident, ObjectIncident
from intake.operations.ports import Incidents, Inventory, Rounds, UploadAudits
from processor.ingest.senders import has_teller
from processor.reconcile.arrivals import list_recording_ids
from processor.reconcile.rounds import Resender, TimeShare

INCIDENTS_PER_SWEEP = 100

AUDITS_PER_SWEEP = 5
"""Uploads that are audited again. What is not looked at stands as it is, and its turn comes by chance."""

AGAIN_UNTIL = 10
"""Minutes of each hour in which uploads are audited again that were told of: each is read as a whole, and may stand for
weeks until somebody has it mended."""

SETTLED = timedelta(hours=3)
"""How long the five deliveries of a message may take: until then, one of them may yet record the copy it made."""

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
        resender: Resender,
        ids: KeyedIds,
        audits: UploadAudits,
        chance: Random,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self._incidents = incidents
        self._rounds = rounds
        self._records = records
        self._inventory = inventory
        self._resender = resender
        self._ids = ids
        self._audits = audits
        self._chance = chance
        self._clock = clock

    def run(self, share: TimeShare) -> Followed:
        positions = self._rounds.read()
        opened, behind = self._incidents.open(positions.get(_ROUND, ""), INCIDENTS_PER_SWEEP)
        audited = self._audit_again(opened, share)
        standing = [incident for incident in opened if self._holds(incident, audited)]
        untold = [incident for incident in standing if not incident.told and self._is_sure(incident, audited)]
        for incident in untold:
            self._incidents.tell(incident, self._clock())
        over = [incident for incident in opened if incident not in standing]
        for incident in over:
            self._incidents.close(incident, self._clock())
        if behind != positions.get(_ROUND, ""):
            self._rounds.write({**positions, _ROUND: behind})
        # What S3 never told of is judged after all.
        objects = [incident for incident in standing if isinstance(incident, ObjectIncident)]
        lost = [incident for incident in objects if incident.fault is Fault.ARRIVAL_UNRECORDED]
        enqueued = self._resender.send(Arrival(incident.object, incident.seen_at) for incident in lost)
        return Followed(len(standing), len(untold), len(over), enqueued)

    def _audit_again(self, opened: Sequence[Incident], share: TimeShare) -> dict[str, bool]:
        """Return of some uploads, by incident, whether their sums differ still; first of those nobody was told of."""
        is_again = self._clock().minute < AGAIN_UNTIL
        sums = [one for one in opened if one.fault is Fault.SUMS_DIFFER and (is_again or not one.told)]
        self._chance.shuffle(sums)
        found: dict[str, bool] = {}
        for incident in sorted(sums, key=lambda one: one.told)[:AUDITS_PER_SWEEP]:
            audit = self._audits.audit(incident.clinic_id, incident.upload_id, share.ends)
            # What keeps changing is looked at another time.
            if audit and (audit.differing or not audit.is_moving):
                found[incident.incident_id] = bool(audit.differing)
        return found

    def _holds(self, incident: Incident, audited: Mapping[str, bool]) -> bool:
        if not isinstance(incident, ObjectIncident):
            return audited.get(incident.incident_id, True)
        # By a list of one, for the sweep may read no file to ask whether it stands.
        wanted = incident.object
        listed = self._inventory.objects(wanted.bucket, "", 1, wanted.key).held
        stands = [held.version.key for held in listed] == [wanted.key]
        record_ids = [incident.file_id]
        if incident.fault is Fault.ARRIVAL_UNRECORDED:
            record_ids = list_recording_ids(self._ids, wanted, incident.seen_at)
        known = self._records.get_many(record_ids)
        record = known.get(incident.file_id)
        match incident.fault:
            case Fault.LATE:
                return stands and record is not None and record.state is State.AWAITING_UPLOAD
            case Fault.OBJECT_MISSING:
                return not stands and record is not None and needs(record, wanted)
            case Fault.OBJECT_UNCLAIMED:
                return stands and not (record and claims(record, wanted))
            case Fault.ARRIVAL_UNRECORDED:
                return stands and not has_teller(known.values(), wanted)
            case Fault.SUMS_DIFFER:
                return False  # No object has sums.

    def _is_sure(self, incident: Incident, audited: Mapping[str, bool]) -> bool:
        """Say whether an incident that stands was seen to, and may not be over by itself."""
        if not isinstance(incident, ObjectIncident):
            return incident.incident_id in audited
        return not self._may_settle(incident)

    def _may_settle(self, incident: ObjectIncident) -> bool:
        """Say whether an object may be the copy of a file whose verdict is about to be recorded."""
        young = incident.seen_at > self._clock() - SETTLED
        return incident.fault is Fault.OBJECT_UNCLAIMED and young and not self._resender.may_send()


def describe_fault(
    fault: Fault, file: FileRecord | FileSummary, version: ObjectVersion, at: datetime
) -> ObjectIncident:
    """Return an incident of a file's object, as it was seen at a time."""
    return ObjectIncident(
        fault=fault,
        clinic_id=file.clinic_id,
        upload_id=file.upload_id,
        file_id=file.file_id,
        object=version,
        seen_at=at,
    )


def needs(record: FileRecord, held: ObjectVersion) -> bool:
    """Say whether a record has its bytes in an object of its own. Most duplicates' are another file's, who is asked;
    so are those of an entry that could not be unpacked, of which there is nothing but its archive.
    """
    is_shared = (record.duplicate_of or record.parent) and not keys.is_of_file(held.key, record.file_id)
    return record.state in JUDGED and not is_shared and _is_same(record.stored, held)


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


def _is_same(stored: ObjectVersion | None, held: ObjectVersion) -> bool:
    return stored is not None and (stored.bucket, stored.key) == (held.bucket, held.key)
