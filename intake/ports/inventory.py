"""What stands in buckets and in the table, some at a time, for comparison."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from intake.record import FileRecord, ObjectVersion


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object version as a listing tells of it."""

    version: ObjectVersion
    last_modified: datetime
    """Of an object sent in parts, when its sending began."""
    in_parts: bool
    position: str
    """Where to go on behind it."""
    size: int
    """In bytes."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some of a list, in its order."""

    held: tuple[StoredObject, ...]
    next: str
    """Where to go on; empty at the end."""


class Inventory(Protocol):
    """The buckets' lists. One call of AWS per method."""

    def objects(self, bucket: str, after: str, limit: int, prefix: str = "") -> Stretch:
        """Return up to `limit` objects, by key, whose keys sort behind `after`; their version ids are not told."""
        ...

    def versions(self, bucket: str, after: str, limit: int) -> Stretch:
        """Return up to `limit` entries of the list of versions behind a position of one, or the position `next`."""
        ...


@dataclass(frozen=True, slots=True)
class Announcements:
    """What an upload has announced: numbers below `files`, each of which has its record."""

    clinic_id: str
    files: int
    first_day: str
    last_day: str
    """As `yyyy-mm-dd`; empty for an upload of times that did not keep it."""

    def answers(self, clinic_id: str, number: int, day: str) -> bool:
        """Say whether a key with that clinic, number and day is surely that of an announced file.

        An upload that announced on several days cannot tell on which of them.
        """
        return clinic_id == self.clinic_id and number < self.files and self.first_day == self.last_day == day


@dataclass(frozen=True, slots=True)
class RecordedIds:
    """What the table knows of some files and uploads."""

    files: dict[str, FileRecord]
    uploads: dict[str, Announcements]


class Ledger(Protocol):
    """The records, to be compared with objects."""

    def clinics(self) -> list[str]:
        """Return every clinic that may have files, in order: it may be in no directory, as whoever drops files says."""
        ...

    def page(self, clinic_id: str, after: str, limit: int) -> tuple[dict[str, str], bool]:
        """Return some files of a clinic, oldest first, each id with the position behind it; and whether there are more.

        Files that are still awaited are left out. `after` is empty or such a position.
        """
        ...

    def known(self, file_ids: frozenset[str], upload_ids: frozenset[str]) -> RecordedIds:
        """Look up to 100 files and uploads up, in one call."""
        ...
