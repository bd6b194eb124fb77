"""Whether arrivals are recorded: what has to be asked of the table, and what its answers mean."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from intake.errors import ObjectMissingError
from intake.files import keys
from intake.files.keys import UNASSIGNED, KeyedIds, Placement
from intake.files.model import ObjectVersion
from intake.files.scan import VALIDATION_OBJECT
from intake.operations.model import Fault, ObjectIncident, RecordedIds, StoredObject
from intake.operations.ports import Ledger
from intake.storage.ports import Objects
from processor.ingest.senders import has_teller
from processor.ingest.stored_objects import is_left_out
from processor.judge.inspection import carriers

LOOKED_UP = 100
"""Records that each round looks up at a sweep: as many as one call of DynamoDB takes."""


@dataclass(slots=True)
class Questions:
    """What has to be looked up to know whether arrivals are recorded: no more than one call takes.

    A file that was announced has its record, so its upload answers for it; other ids are asked for one by one. What the
    answers leave open is for a second look: a key says what its writer likes, and only a record knows.
    """

    ids: KeyedIds
    takes_part: Callable[[str], bool]
    files: set[str] = field(default_factory=set)
    uploads: set[str] = field(default_factory=set)

    def take(self, held: StoredObject) -> bool:
        """Add what one arrival asks, unless that is more than one call takes."""
        files, uploads = self._list_lookups(held)
        if len(self.files | files) + len(self.uploads | uploads) > LOOKED_UP:
            return False
        self.files |= files
        self.uploads |= uploads
        return True

    def open(self, arrived: Sequence[StoredObject], known: RecordedIds) -> list[StoredObject]:
        """Return the arrivals that the answers do not show to be recorded.

        An upload cannot answer for a key that was written more than once: one version is the announced file's.
        """
        times = Counter(held.version.key for held in arrived)
        return [held for held in arrived if not self._is_answered(held, known, alone=times[held.version.key] == 1)]

    def _is_answered(self, held: StoredObject, known: RecordedIds, *, alone: bool) -> bool:
        announced = _parse_announced(held.version.key)
        if announced is not None:
            upload = known.uploads.get(announced.upload_id)
            day = "-".join(held.version.key.split("/")[1:4])
            number = int(announced.file_id.rpartition("-")[2])
            return alone and upload is not None and upload.answers(announced.clinic_id, number, day)
        return has_teller((known.files[one] for one in self._list_lookups(held)[0] if one in known.files), held.version)

    def _list_lookups(self, held: StoredObject) -> tuple[set[str], set[str]]:
        announced = _parse_announced(held.version.key)
        if announced is not None:
            return set(), {announced.upload_id}
        reserved = keys.reservation(held.version.key)
        if reserved:
            return {reserved.file_id}, set()
        nobodys = not self.takes_part(keys.sender(held.version.key))
        return {derive_direct_id(self.ids, held.version, held.last_modified, nobodys=nobodys)}, set()


def plan_second_look(ids: KeyedIds, unclear: Iterable[StoredObject]) -> dict[str, list[str]]:
    """Return the first of some arrivals, by position, with all ids that each may be recorded under: one call's, or one
    arrival's."""
    looked: dict[str, list[str]] = {}
    for held in unclear:
        possible = list_recording_ids(ids, held.version, held.last_modified)
        if looked and sum(map(len, looked.values())) + len(possible) > LOOKED_UP:
            break
        looked[held.position] = possible
    return looked


def _parse_announced(key: str) -> Placement | None:
    """Return the file that a key says was announced."""
    reserved = keys.reservation(key)
    return None if reserved is None or reserved.from_archive else reserved


def list_recording_ids(ids: KeyedIds, version: ObjectVersion, landed: datetime) -> list[str]:
    """Return all ids that an object may be recorded under: reserved, as its sender's own file, or as nobody's."""
    reserved = keys.reservation(version.key)
    derived = (derive_direct_id(ids, version, landed, nobodys=nobodys) for nobodys in (False, True))
    return list(dict.fromkeys([*([reserved.file_id] if reserved else []), *derived]))


def derive_direct_id(ids: KeyedIds, version: ObjectVersion, landed: datetime, *, nobodys: bool) -> str:
    """Return the id under which an object without a reservation is recorded."""
    place = ids.place_unassigned if nobodys else ids.place_direct
    return place(version.bucket, version.key, version.version_id, landed).file_id


@dataclass(frozen=True, slots=True, kw_only=True)
class UnrecordedObjects:
    """Tells which arrivals have no record under any id that they may have one under."""

    ledger: Ledger
    objects: Objects
    ids: KeyedIds
    takes_part: Callable[[str], bool]
    """Whether a clinic is in the directory, and active."""
    time_limit: timedelta
    """How long an object may wait for its record."""

    def is_due(self, held: StoredObject, at: datetime) -> bool:
        """Say whether an arrival has to have its record by a time."""
        no_file = held.version.key == VALIDATION_OBJECT or keys.is_folder_marker(held.version.key, held.size)
        return not no_file and held.last_modified <= at - self.time_limit

    def look(self, unclear: Sequence[StoredObject]) -> tuple[list[ObjectIncident], int]:
        """Look for the records of the first arrivals: one call's. Return those without, and how many it were."""
        looked = plan_second_look(self.ids, unclear)
        possible = frozenset(one for ids in looked.values() for one in ids)
        records = self.ledger.look_up(possible, frozenset()).files
        return [
            self._describe_unrecorded(held)
            for held in unclear[: len(looked)]
            if not has_teller((records[one] for one in looked[held.position] if one in records), held.version)
            and not self._is_left_out(held)
        ], len(looked)

    def look_at_all(self, unclear: Sequence[StoredObject]) -> Iterator[ObjectIncident]:
        while unclear:
            found, looked = self.look(unclear)
            yield from found
            unclear = unclear[looked:]

    def describe(self, fault: Fault, held: StoredObject, file_id: str | None) -> ObjectIncident:
        if not file_id:
            # Derived, where its key has none: the key itself may say anything.
            file_id = derive_direct_id(self.ids, held.version, datetime.fromtimestamp(0, tz=UTC), nobodys=False)
        return ObjectIncident(
            fault=fault,
            clinic_id=self._find_owner(held),
            upload_id=keys.upload_of(file_id),
            file_id=file_id,
            object=held.version,
            seen_at=held.last_modified,
        )

    def _describe_unrecorded(self, held: StoredObject) -> ObjectIncident:
        nobodys = self._find_owner(held) == UNASSIGNED
        own = derive_direct_id(self.ids, held.version, held.last_modified, nobodys=nobodys)
        return self.describe(Fault.ARRIVAL_UNRECORDED, held, own)

    def _is_left_out(self, held: StoredObject) -> bool:
        """Say whether an arrival is one of which there is no record on purpose: its beginning is looked at again."""
        if not carriers.is_carrier_name(held.version.key):
            return False
        try:
            return is_left_out(held.version.key, self.objects.read(held.version, 0, carriers.LOOK))
        except ObjectMissingError:
            return False

    def _find_owner(self, held: StoredObject) -> str:
        """Return whose an object is: a prefix that is no clinic's is told under no name of its own."""
        clinic_id = keys.sender(held.version.key)
        return clinic_id if self.takes_part(clinic_id) else UNASSIGNED
