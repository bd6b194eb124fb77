"""What a sweep does beside its rounds: dead letters, alerts that wait to be told, the gateway's list of partners."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import assert_never

from intake.errors import ObjectMissingError
from intake.files import keys
from intake.files.keys import KeyedIds
from intake.files.model import FileRecord, ObjectVersion, Source, now
from intake.files.ports import Verdicts
from intake.files.states import State
from intake.messaging.events import (
    Arrival,
    MalwareScanResult,
    ObjectsCreated,
    Settlement,
    Slice,
    Unknown,
    parse,
)
from intake.messaging.ports import Queue
from intake.orders.commands import DoTask, FindFiles
from intake.storage.ports import Objects
from processor.ingest.senders import Placements
from processor.projection.projector import Projector

DEAD_LETTERS_PER_SWEEP = 500


@dataclass(frozen=True, slots=True)
class Swept:
    """What came of it, in files, messages and alerts."""

    failed: int
    unreadable: int
    alerts: int
    readmitted: bool
    """Whether the gateway had to be told anew which partners to let in."""


class Sweep:
    """Tends what was given up and what waits to be told. Each step may be repeated without harm."""

    def __init__(
        self,
        *,
        verdicts: Verdicts,
        objects: Objects,
        dead_letters: Queue,
        projector: Projector,
        admit: Callable[[], bool],
        takes_part: Callable[[str], bool],
        ids: KeyedIds,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self._verdicts = verdicts
        self._objects = objects
        self._dead_letters = dead_letters
        self._projector = projector
        self._admit = admit
        self._placements = Placements(verdicts, ids, takes_part)
        self._clock = clock

    def run(self) -> Swept:
        failed, unreadable = self._fail_dead_letters()
        return Swept(failed, unreadable, self._projector.tell_pending(), self._admit())

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
        """Fail an archive's entry that was reserved and never unpacked; the archive itself stays accepted.

        One that was unpacked is S3's to tell of, or the sweep's, as long as it is awaited: unpacked again it is told of
        by nobody, since it stands there already.
        """
        record = self._verdicts.file(keys.child_id(part.file_id, index))
        if record is None or (record.clinic_id, record.parent) != (part.clinic_id, part.file_id):
            return False
        if record.state is not State.AWAITING_UPLOAD or self._is_there(record.incoming):
            return False
        return self._verdicts.fail(replace(record, updated_at=self._clock()), "retries-exhausted")

    def _is_there(self, version: ObjectVersion) -> bool:
        try:
            self._objects.describe(version)
        except ObjectMissingError:
            return False
        return True

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
