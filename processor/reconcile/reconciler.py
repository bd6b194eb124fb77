"""Rounds that compare objects with records, a little of each at every sweep, so that a sweep always costs the same.

What a round finds is noted as an incident, and told when a later sweep sees it again
(`processor/reconcile/incidents.py`). What the rounds guarantee, and how long one takes, is in
docs/adr/0024-the-sweep-compares-in-rounds.md.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import takewhile

from intake.files import keys
from intake.files.model import FileRecord, now, timestamp
from intake.operations.model import Fault, ObjectIncident
from intake.operations.ports import Incidents, Inventory, Ledger, Rounds
from processor.ingest.filing import Buckets
from processor.reconcile.arrivals import LOOKED_UP, Questions, UnrecordedObjects
from processor.reconcile.incidents import claims, describe_fault, needs
from processor.reconcile.rounds import JUST_LISTED, TimeShare
from processor.reconcile.standing_objects import LISTED

FOLDERS = 10
"""Uploads whose objects are listed at a sweep, to see whether those that records name are there."""

HURRY_AFTER = timedelta(hours=6)
"""A round of the incoming bucket that takes longer goes on for as long as there is time: a day is what it may take."""

_RECORDS, _ACCEPTED, _QUARANTINE, _INCOMING = "records", "accepted", "quarantine", "incoming"
_BEGAN = "incoming-began"


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What one sweep's part of the rounds came to."""

    compared: int
    """Records and objects."""
    suspected: int
    age: timedelta
    """How long the round of the incoming bucket is going."""


@dataclass(frozen=True, slots=True)
class _Part:
    """What a sweep did of one round."""

    suspects: list[ObjectIncident]
    compared: int
    next: str
    """Where the next sweep goes on; empty to begin again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciler:
    """Goes its rounds: over records, over what is stored, over what arrived."""

    ledger: Ledger
    inventory: Inventory
    unrecorded: UnrecordedObjects
    incidents: Incidents
    rounds: Rounds
    incoming_bucket: str
    buckets: Buckets
    quarantine_kept: timedelta
    """How long the bucket keeps rejected files: older records rightly name nothing."""
    clock: Callable[[], datetime] = now

    def run(self, share: TimeShare) -> Reconciled:
        rounds: dict[str, Callable[[str], _Part]] = {
            _RECORDS: self._compare_records,
            _ACCEPTED: partial(self._compare_stored, self.buckets.accepted),
            _QUARANTINE: partial(self._compare_stored, self.buckets.quarantine),
        }
        positions = self.rounds.read()
        if not positions.get(JUST_LISTED):
            rounds[_INCOMING] = self._compare_arrivals
        parts = {name: compare(positions.get(name, "")) for name, compare in rounds.items()}
        self._go_on(positions, parts)
        suspected = sum(len(part.suspects) for part in parts.values())
        compared = sum(part.compared for part in parts.values())
        began = positions.get(_BEGAN)
        age = self.clock() - datetime.fromisoformat(began) if began else timedelta()
        while positions.get(_INCOMING) and age > HURRY_AFTER and not share.is_over():
            more = self._compare_arrivals(positions[_INCOMING])
            self._go_on(positions, {_INCOMING: more})
            suspected, compared = suspected + len(more.suspects), compared + more.compared
        return Reconciled(compared, suspected, age)

    def _go_on(self, positions: dict[str, str], parts: Mapping[str, _Part]) -> None:
        """Note what parts of rounds have found, and where the next ones begin."""
        # Noted before the rounds go on: a crash between the two repeats a part, and leaves none out.
        self.incidents.note([suspect for part in parts.values() for suspect in part.suspects])
        if not positions.get(_INCOMING):
            positions[_BEGAN] = timestamp(self.clock())
        positions.update({name: part.next for name, part in parts.items()})
        self.rounds.write(dict(positions))

    def _compare_records(self, after: str) -> _Part:
        """Look whether the objects stand that some records of one clinic name."""
        clinics = self.ledger.clinics()
        clinic_id, _, behind = after.partition("/")
        if clinic_id not in clinics:
            clinic_id, behind = next((one for one in clinics if one > clinic_id), clinics[0]), ""
        page, more = self.ledger.page(clinic_id, behind, LOOKED_UP)
        known = self.ledger.look_up(frozenset(page), frozenset()).files
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

    def _find_gaps(self, folder: list[FileRecord]) -> Iterator[ObjectIncident]:
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
        known = self.ledger.look_up(frozenset(named.values()), frozenset()).files
        unclaimed = [
            self.unrecorded.describe(Fault.OBJECT_UNCLAIMED, held, named.get(held.version.key))
            for held in listed.held
            if not (record := known.get(named.get(held.version.key, ""))) or not claims(record, held.version)
        ]
        return _Part(unclaimed, len(listed.held), listed.next)

    def _compare_arrivals(self, after: str) -> _Part:
        """Look whether there is a record of each of the next objects that arrived."""
        listed = self.inventory.versions(self.incoming_bucket, after, LISTED)
        questions = Questions(self.unrecorded.ids, self.unrecorded.takes_part)
        taken = list(takewhile(questions.take, listed.held))
        known = self.ledger.look_up(frozenset(questions.files), frozenset(questions.uploads))
        unclear = [held for held in questions.open(taken, known) if self.unrecorded.is_due(held, self.clock())]
        found, looked = self.unrecorded.look(unclear)
        if looked < len(unclear):
            taken = taken[: taken.index(unclear[looked - 1]) + 1]
        behind = listed.next if len(taken) == len(listed.held) else taken[-1].position
        return _Part(found, len(taken), behind)


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
