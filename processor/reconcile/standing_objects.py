"""Which keys stand in a bucket: those of some rows, found by lists that leap from one wanted key to the next; or the
few of very many awaited files that stand, so that the others' rows need not be read.

Docs: docs/adr/0062-the-sweep-at-any-size.md. Source: Amazon S3 API Reference, ListObjectsV2.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from intake.files import keys
from intake.files.model import FileRecord, timestamp
from intake.files.states import State
from intake.operations.model import StoredObject
from intake.operations.ports import Inventory, Ledger
from processor.reconcile.arrivals import LOOKED_UP

LISTED = 1000
"""Entries of a list that are read at a time: as many as one call of S3 gives."""

_END = chr(0x10FFFF)
"""Sorts behind every key."""

LISTS_A_CLINIC = 5
"""Lists after which a day is given up that holds more: its rows are read instead, which takes as long by then."""

CLOCKS_APART = timedelta(minutes=1)
"""How much earlier than its announcement S3 may date an object: two clocks tell the two."""

_DAY = timedelta(days=1)


class StandingObjects:
    """What stands under a prefix, as far as it was asked for.

    A list costs what twelve questions by key do. But it answers for all keys up to its last, and where nothing stands
    any more for all that there may be: so a thousand files that never came cost one call.
    """

    def __init__(self, inventory: Inventory, bucket: str, prefix: str) -> None:
        self._inventory = inventory
        self._bucket = bucket
        self._prefix = prefix
        self._held: dict[str, StoredObject] = {}
        self._keys: list[str] = []
        self._from, self._to = _END, ""
        """Between these two, everything that stands is known."""

    def learn(self, spans: Iterable[tuple[str, str]]) -> None:
        """List what stands between the first and the last key of each span; forget what sorts before all of them."""
        wanted = sorted(spans)
        if wanted:
            self._forget(0, bisect_left(self._keys, wanted[0][0]))
            self._from = max(self._from, wanted[0][0])
        for low, high in wanted:
            if not self._from <= low <= self._to:
                self._from = low
                self._forget(bisect_left(self._keys, low), len(self._keys))
                # What a list begins behind need not stand.
                self._list_behind(low[:-1])
            while self._to < high:
                self._list_behind(self._to)

    def find(self, key: str) -> StoredObject | None:
        return self._held.get(key)

    def holds_any(self, low: str, high: str) -> bool:
        """Say whether one of the keys of a span stands."""
        return bisect_left(self._keys, low) < bisect_right(self._keys, high)

    def _list_behind(self, after: str) -> None:
        page = self._inventory.objects(self._bucket, after, LISTED, self._prefix)
        fresh = [held for held in page.held if not self._keys or held.version.key > self._keys[-1]]
        self._held |= {held.version.key: held for held in fresh}
        self._keys += [held.version.key for held in fresh]
        self._to = page.next or _END

    def _forget(self, first: int, end: int) -> None:
        for key in self._keys[first:end]:
            del self._held[key]
        del self._keys[first:end]


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
