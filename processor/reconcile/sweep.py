"""The scheduled look for what fell between two steps: missing objects, missing verdicts, dead letters."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import assert_never

from intake.errors import ObjectMissingError
from intake.files import keys
from intake.files.keys import KeyedIds
from intake.files.model import FileRecord, Source, now
from intake.files.ports import Verdicts
from intake.files.states import State
from intake.messaging.events import (
    Arrival,
    MalwareScanResult,
    ObjectsCreated,
    Settlement,
    Slice,
    Unknown,
    notification,
    parse,
)
from intake.messaging.ports import Queue
from intake.operations.model import Fault, StuckFile
from intake.operations.ports import Incidents, StuckFiles
from intake.orders.commands import DoTask, FindFiles
from intake.storage.ports import Objects
from processor.ingest.senders import Placements
from processor.projection.projector import Projector
from processor.reconcile.incidents import describe_fault

OVERDUE = timedelta(minutes=10)
"""How long a file may await its upload before the sweep looks whether it has arrived unnoticed."""

DEAD_LETTERS_PER_SWEEP = 500

LATE_PER_SWEEP = 100
"""Late files noted to be told of; where there are more, the cause is one."""

STUCK_PER_SWEEP = 500
"""Stuck files noted for the admins' page; where there are more, the cause is one and the page tells enough."""


@dataclass(frozen=True, slots=True)
class Swept:
    """What one sweep did, in files, messages and alerts."""

    expired: int
    enqueued: int
    failed: int
    unreadable: int
    alerts: int
    readmitted: bool
    """Whether the gateway had to be told anew which partners to let in."""


class Sweep:
    """Compares intents, objects and records. Each step may be repeated without harm."""

    def __init__(
        self,
        *,
        verdicts: Verdicts,
        objects: Objects,
        queue: Queue,
        dead_letters: Queue,
        projector: Projector,
        admit: Callable[[], bool],
        stuck_files: StuckFiles,
        incidents: Incidents,
        takes_part: Callable[[str], bool],
        time_limit: timedelta,
        incoming_bucket: str,
        ids: KeyedIds,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self._verdicts = verdicts
        self._objects = objects
        self._queue = queue
        self._dead_letters = dead_letters
        self._projector = projector
        self._admit = admit
        self._stuck_files = stuck_files
        self._incidents = incidents
        self._placements = Placements(verdicts, ids, takes_part)
        self._time_limit = time_limit
        self._incoming_bucket = incoming_bucket
        self._clock = clock

    def run(self) -> Swept:
        failed, unreadable = self._fail_dead_letters()
        expired, enqueued = self._check_awaited()
        return Swept(expired, enqueued, failed, unreadable, self._projector.tell_pending(), self._admit())

    def _check_awaited(self) -> tuple[int, int]:
        """Enqueue what arrived and has no verdict; expire what never arrived. Return how many of each."""
        at, expired, found, stuck, late = self._clock(), 0, [], [], []
        for file in self._verdicts.list_awaited():
            if file.created_at > at - OVERDUE:
                continue
            key = keys.object_key(file.clinic_id, file.upload_id, file.file_id, file.created_at)
            arrived = self._objects.find(self._incoming_bucket, key)
            if arrived:
                found.append(notification(Arrival(arrived.version, arrived.last_modified)))
                stuck.append(StuckFile(file.file_id, file.clinic_id, arrived.last_modified, at))
                if arrived.last_modified <= at - self._time_limit:
                    late.append(describe_fault(Fault.LATE, file, arrived.version, arrived.last_modified))
            elif file.expires_at < at:
                expired += self._verdicts.expire(file, at)
        self._stuck_files.note(stuck[:STUCK_PER_SWEEP])
        self._incidents.note(late[:LATE_PER_SWEEP])
        if not found or self._queue.depth():
            # What waits in the queue is late, not lost: sending it again would only make the queue longer.
            return expired, 0
        self._queue.send(found)
        return expired, len(found)

    def _fail_dead_letters(self) -> tuple[int, int]:
        """Mark the files of dead letters failed. The letters stay where they are, to be redriven."""
        failed = unreadable = 0
        for message in self._dead_letters.peek(DEAD_LETTERS_PER_SWEEP):
            match parse(message.body):
                case Slice() as part:
                    failed += sum(self._fail_entry(part, part.first + offset) for offset in range(part.count))
                case ObjectsCreated(arrivals) | MalwareScanResult(arrivals):
                    failed += sum(map(self._fail, arrivals))
                case FindFiles() | DoTask():
                    pass  # Its file stays as it was: an order is about a file that has its state.
                case Settlement():
                    pass  # The archive waits for its own verdict, as it does until this is delivered again.
                case Unknown():
                    # The letter stays in the queue and its alarm stays on until a person has looked at it.
                    unreadable += 1
                case other:
                    assert_never(other)
        return failed, unreadable

    def _fail_entry(self, part: Slice, index: int) -> bool:
        """Fail an archive's entry that was reserved and never unpacked; the archive itself stays accepted."""
        record = self._verdicts.file(keys.child_id(part.file_id, index))
        if record is None or (record.clinic_id, record.parent) != (part.clinic_id, part.file_id):
            return False
        return self._verdicts.fail(replace(record, updated_at=self._clock()), "retries-exhausted")

    def _fail(self, arrival: Arrival) -> bool:
        dates = self._list_dates(arrival)
        sought = (self._placements.find_record(replace(arrival, at=at)) for at in dates)
        known = next(filter(None, sought), None)
        landed = replace(arrival, at=dates[0])
        record = replace(known[1], updated_at=self._clock()) if known else self._unrecorded_object(landed)
        return self._verdicts.fail(record, "retries-exhausted")

    def _list_dates(self, arrival: Arrival) -> list[datetime]:
        """Return when an object landed: its own time, as the judge takes it; or else on which days it may have.

        Of an object that is gone, its notice is all that is left, and two of them may lie around a midnight.
        """
        try:
            return [self._objects.describe(arrival.object).last_modified]
        except ObjectMissingError:
            return [arrival.at + timedelta(days=away) for away in (0, -1, 1)]

    def _unrecorded_object(self, arrival: Arrival) -> FileRecord:
        """Return the record of an object that was dropped into S3 and never got as far as having one."""
        version = arrival.object
        placement = self._placements.place_dropped(arrival)
        return FileRecord(
            clinic_id=placement.clinic_id,
            upload_id=placement.upload_id,
            file_id=placement.file_id,
            name=version.key.rpartition("/")[2],
            size=0,
            sha256=None,
            state=State.FAILED,
            source=Source.DIRECT,
            created_at=arrival.at,
            created_by="s3",
            updated_at=self._clock(),
            expires_at=arrival.at,
            incoming=version,
        )
