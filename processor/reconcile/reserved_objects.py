"""Which reserved files stand in a bucket, told by the bucket's list: where very many are awaited and few stand, a list
of a thousand objects decides about all of them, and their rows need not be read.

Docs: docs/adr/0062-the-sweep-at-any-size.md. Source: Amazon S3 API Reference, ListObjectsV2.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from intake.files import keys
from intake.files.model import FileRecord, timestamp
from intake.files.states import State
from intake.operations.model import StoredObject
from intake.operations.ports import Inventory, Ledger
from processor.reconcile.arrivals import LOOKED_UP
from processor.reconcile.standing_objects import LISTED

LISTS_A_CLINIC = 5
"""Lists after which a day is given up that holds more: its rows are read instead, which takes as long by then."""

CLOCKS_APART = timedelta(minutes=1)
"""How much earlier than its announcement S3 may date an object: two clocks tell the two."""

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Decided:
    """What a list decided about a clinic's reservations."""

    until: datetime
    """What was announced before this, and not before the time that was asked for, is awaited only if it stands here."""
    is_all: bool
    """Whether that is all that was asked for."""
    standing: Sequence[tuple[FileRecord, StoredObject]]
    """Files that stand and are awaited."""
    looked_up: int
    """Records that were read for it."""

    def pass_by(self, position: str) -> str:
        """Return the position behind all that is decided, seen from one; empty where nothing is left to look at."""
        if read_time(position) >= self.until:
            return position
        return "" if self.is_all else timestamp(self.until)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReservedObjects:
    """Looks from the objects to the reservations: keys begin with the day on which a file was announced."""

    inventory: Inventory
    ledger: Ledger
    bucket: str

    def decide(self, clinic_id: str, since: datetime, until: datetime) -> Decided:
        """Decide about what a clinic announced between two times, or as many of these days as few lists tell of."""
        listed, decided = self._list_days(clinic_id, since, until)
        # Nothing stands before it was announced.
        held = {one.version.key: one for one in listed if one.last_modified > since - CLOCKS_APART}
        places = map(keys.reservation, held)
        records = self._look_up(sorted({place.file_id for place in places if place}))
        standing = [
            (one, held[_own_key(one)]) for one in records if _is_awaited(one, decided) and _own_key(one) in held
        ]
        return Decided(decided, decided == until, standing, len(records))

    def _list_days(self, clinic_id: str, since: datetime, until: datetime) -> tuple[list[StoredObject], datetime]:
        """Return what stands of the days that were listed to their end, and when these end."""
        prefix, after = f"{clinic_id}/", _begin_day(clinic_id, since)
        end = _begin_day(clinic_id, until + _DAY)
        held: list[StoredObject] = []
        for _ in range(LISTS_A_CLINIC):
            page = self.inventory.objects(self.bucket, after, LISTED, prefix)
            held += page.held
            after = page.next
            if not after or after >= end:
                return [one for one in held if one.version.key < end], until
        day = since
        while _begin_day(clinic_id, day + _DAY) <= after:
            day += _DAY
        begins = day.replace(hour=0, minute=0, second=0, microsecond=0)
        return [one for one in held if one.version.key < _begin_day(clinic_id, day)], max(since, begins)

    def _look_up(self, file_ids: Sequence[str]) -> list[FileRecord]:
        found: dict[str, FileRecord] = {}
        for start in range(0, len(file_ids), LOOKED_UP):
            found |= self.ledger.look_up(frozenset(file_ids[start : start + LOOKED_UP]), frozenset()).files
        return list(found.values())


def read_time(position: str) -> datetime:
    """Return when that was announced which a position of a list of awaited files stands behind."""
    return datetime.fromisoformat(position.partition("#")[0])


def _begin_day(clinic_id: str, day: datetime) -> str:
    """Return what sorts before each key of a clinic's day, and behind those of the day before."""
    return f"{clinic_id}/{day:%Y/%m/%d}/"


def _own_key(record: FileRecord) -> str:
    """Return the key of a file's own object: in any other, whoever wrote it may have put anybody's id."""
    return keys.object_key(record.clinic_id, record.upload_id, record.file_id, record.created_at)


def _is_awaited(record: FileRecord, until: datetime) -> bool:
    return record.state is State.AWAITING_UPLOAD and record.created_at < until
