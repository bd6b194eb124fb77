"""Rounds that compare objects with records, a little of each at every sweep, so that a sweep always costs the same.

What a round finds is noted as an incident, and told when a later sweep sees it again
(`processor/reconcile/incidents.py`). What the rounds guarantee, and how long one takes, is in
docs/adr/0024-the-sweep-compares-in-rounds.md.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import takewhile

from intake.errors import ObjectMissingError
from intake.files import keys
from intake.files.keys import UNASSIGNED, KeyedIds
from intake.files.model import FileRecord, now
from intake.files.ports import Records
from intake.files.scan import VALIDATION_OBJECT
from intake.operations.model import Fault, Incident, StoredObject
from intake.operations.ports import Incidents, Inventory, Ledger, Rounds
from intake.storage.ports import Objects
from processor.ingest.filing import Buckets
from processor.ingest.senders import has_teller
from processor.ingest.stored_objects import is_left_out
from processor.judge.inspection import carriers
from processor.reconcile.arrivals import LOOKED_UP, Questions, derive_direct_id, plan_second_look
from processor.reconcile.incidents import claims, describe_fault, needs

FOLDERS = 10
"""Uploads whose objects are listed at a sweep, to see whether those that records name are there."""

LISTED = 1000
"""Entries of a list that are read at a time: as many as one call of S3 gives."""

_RECORDS, _ACCEPTED, _QUARANTINE, _INCOMING = "records", "accepted", "quarantine", "incoming"


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What one sweep's part of the rounds came to."""

    compared: int
    """Records and objects."""
    suspected: int


@dataclass(frozen=True, slots=True)
class _Part:
    """What a sweep did of one round."""

    suspects: list[Incident]
    compared: int
    next: str
    """Where the next sweep goes on; empty to begin again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciler:
    """Goes its rounds: over records, over what is stored, over what arrived."""

    ledger: Ledger
    records: Records
    inventory: Inventory
    objects: Objects
    incidents: Incidents
    rounds: Rounds
    takes_part: Callable[[str], bool]
    """Whether a clinic is in the directory, and active."""
    incoming_bucket: str
    buckets: Buckets
    quarantine_kept: timedelta
    """How long the bucket keeps rejected files: older records rightly name nothing."""
    time_limit: timedelta
    """How long a file may wait for its verdict, and so an object for its record."""
    ids: KeyedIds
    clock: Callable[[], datetime] = now

    def run(self) -> Reconciled:
        positions = self.rounds.read()
        rounds: dict[str, Callable[[str], _Part]] = {
            _RECORDS: self._compare_records,
            _ACCEPTED: partial(self._compare_stored, self.buckets.accepted),
            _QUARANTINE: partial(self._compare_stored, self.buckets.quarantine),
            _INCOMING: self._compare_arrivals,
        }
        parts = {name: compare(positions.get(name, "")) for name, compare in rounds.items()}
        # Noted before the rounds go on: a crash between the two repeats a part, and leaves none out.
        self.incidents.note([suspect for part in parts.values() for suspect in part.suspects])
        self.rounds.write({**positions, **{name: part.next for name, part in parts.items()}})
        suspected = sum(len(part.suspects) for part in parts.values())
        return Reconciled(sum(part.compared for part in parts.values()), suspected)

    def _compare_records(self, after: str) -> _Part:
        """Look whether the objects stand that some records of one clinic name."""
        clinics = self.ledger.clinics()
        clinic_id, _, behind = after.partition("/")
        if clinic_id not in clinics:
            clinic_id, behind = next((one for one in clinics if one > clinic_id), clinics[0]), ""
        page, more = self.ledger.page(clinic_id, behind, LOOKED_UP)
        known = self.records.get_many(list(page))
        kept = self._select_stored(known[file_id] for file_id in page if file_id in known)
        folders = _group_by_folder(kept)
        missing = [incident for folder in folders for incident in self._find_gaps(folder)]
        taken = sum(map(len, folders))
        if taken < len(kept):
            following = f"{clinic_id}/{page[kept[taken - 1].file_id]}"
        elif more:
            following = f"{clinic_id}/{list(page.values())[-1]}"
        else:
            following = next((one for one in clinics if one > clinic_id), "")
        return _Part(missing, taken, following)

    def _select_stored(self, records: Iterable[FileRecord]) -> list[FileRecord]:
        """Return the records whose objects must stand. Quarantine forgets its objects when their time is over."""
        forgotten = self.clock() - self.quarantine_kept + timedelta(days=1)
        return [
            record
            for record in records
            if record.stored
            and needs(record, record.stored)
            and (record.stored.bucket != self.buckets.quarantine or record.created_at > forgotten)
        ]

    def _find_gaps(self, folder: list[FileRecord]) -> Iterator[Incident]:
        """Yield an incident of each record of one upload whose object a list of its objects leaves out."""
        wanted = {record.stored.key: record for record in folder if record.stored}
        first, last = min(wanted), max(wanted)
        bucket, prefix = _locate_folder(folder[0])
        listed = self.inventory.objects(bucket, first[:-1], LISTED, prefix)
        seen = {held.version.key for held in listed.held}
        reached = listed.next or last
        for key, record in wanted.items():
            if key <= reached and key not in seen:
                yield describe_fault(Fault.OBJECT_MISSING, record, record.stored or record.incoming, self.clock())

    def _compare_stored(self, bucket: str, after: str) -> _Part:
        """Look whether some record claims each of the next objects of a bucket."""
        listed = self.inventory.objects(bucket, after, LOOKED_UP)
        last = {held.version.key: held.version.key.rpartition("/")[2] for held in listed.held}
        named = {key: name for key, name in last.items() if keys.is_file_id(name)}
        known = self.records.get_many(list(named.values()))
        unclaimed = [
            self._describe_object(Fault.OBJECT_UNCLAIMED, held, named.get(held.version.key))
            for held in listed.held
            if not (record := known.get(named.get(held.version.key, ""))) or not claims(record, held.version)
        ]
        return _Part(unclaimed, len(listed.held), listed.next)

    def _compare_arrivals(self, after: str) -> _Part:
        """Look whether there is a record of each of the next objects that arrived."""
        listed = self.inventory.versions(self.incoming_bucket, after, LISTED)
        questions = Questions(self.ids, self.takes_part)
        taken = list(takewhile(questions.take, listed.held))
        known = self.ledger.look_up(frozenset(questions.files), frozenset(questions.uploads))
        unclear = [held for held in questions.open(taken, known) if self._is_due(held)]
        looked = plan_second_look(self.ids, unclear)
        if len(looked) < len(unclear):
            taken = taken[: taken.index(unclear[len(looked) - 1]) + 1]
        records = self.records.get_many([one for possible in looked.values() for one in possible])
        unrecorded = [
            self._describe_unrecorded(held)
            for held in unclear[: len(looked)]
            if not has_teller((records[one] for one in looked[held.position] if one in records), held.version)
            and not self._is_left_out(held)
        ]
        behind = listed.next if len(taken) == len(listed.held) else taken[-1].position
        return _Part(unrecorded, len(taken), behind)

    def _is_due(self, held: StoredObject) -> bool:
        """Say whether an arrival has to have its record by now."""
        no_file = held.version.key == VALIDATION_OBJECT or keys.is_folder_marker(held.version.key, held.size)
        return not no_file and held.last_modified <= self.clock() - self.time_limit

    def _is_left_out(self, held: StoredObject) -> bool:
        """Say whether an arrival is one of which there is no record on purpose: its beginning is looked at again."""
        if not carriers.is_carrier_name(held.version.key):
            return False
        try:
            return is_left_out(held.version.key, self.objects.read(held.version, 0, carriers.LOOK))
        except ObjectMissingError:
            return False

    def _describe_unrecorded(self, held: StoredObject) -> Incident:
        nobodys = self._find_owner(held) == UNASSIGNED
        own = derive_direct_id(self.ids, held.version, held.last_modified, nobodys=nobodys)
        return self._describe_object(Fault.ARRIVAL_UNRECORDED, held, own)

    def _describe_object(self, fault: Fault, held: StoredObject, file_id: str | None) -> Incident:
        if not file_id:
            # Derived, where its key has none: the key itself may say anything.
            version, never = held.version, datetime.fromtimestamp(0, tz=UTC)
            file_id = self.ids.place_direct(version.bucket, version.key, version.version_id, never).file_id
        return Incident(
            fault=fault,
            clinic_id=self._find_owner(held),
            upload_id=keys.upload_of(file_id),
            file_id=file_id,
            object=held.version,
            seen_at=held.last_modified,
        )

    def _find_owner(self, held: StoredObject) -> str:
        """Return whose an object is: a prefix that is no clinic's is told under no name of its own."""
        clinic_id = keys.sender(held.version.key)
        return clinic_id if self.takes_part(clinic_id) else UNASSIGNED


def _group_by_folder(records: list[FileRecord]) -> list[list[FileRecord]]:
    """Sort the first of the records by where their objects lie, up to the one that would be in a folder too many."""
    folders: dict[tuple[str, str], list[FileRecord]] = {}
    for record in records:
        if _locate_folder(record) not in folders and len(folders) == FOLDERS:
            break
        folders.setdefault(_locate_folder(record), []).append(record)
    return list(folders.values())


def _locate_folder(record: FileRecord) -> tuple[str, str]:
    stored = record.stored or record.incoming
    return stored.bucket, stored.key.rpartition("/")[0] + "/"
