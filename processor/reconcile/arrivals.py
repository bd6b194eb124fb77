"""Whether arrivals are recorded: what has to be asked of the table, and what its answers mean."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain

from intake.files import keys
from intake.files.keys import KeyedIds, Placement
from intake.files.model import ObjectVersion
from intake.operations.model import RecordedIds, StoredObject
from processor.ingest.senders import has_teller

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
        derived = list_direct_ids(self.ids, held.version, held.last_modified, in_parts=held.in_parts, nobodys=nobodys)
        return set(derived), set()


def plan_second_look(ids: KeyedIds, unclear: Iterable[StoredObject]) -> dict[str, list[str]]:
    """Return the first of some arrivals, by position, with all ids that each may be recorded under: one call's, or one
    arrival's."""
    looked: dict[str, list[str]] = {}
    for held in unclear:
        possible = list_recording_ids(ids, held.version, held.last_modified, in_parts=held.in_parts)
        if looked and sum(map(len, looked.values())) + len(possible) > LOOKED_UP:
            break
        looked[held.position] = possible
    return looked


def _parse_announced(key: str) -> Placement | None:
    """Return the file that a key says was announced."""
    reserved = keys.reservation(key)
    return None if reserved is None or reserved.from_archive else reserved


LONGEST_SENDING = timedelta(days=8)
"""Parts of an object that is not completed within seven days are removed (`infra/data/buckets.py`)."""


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
