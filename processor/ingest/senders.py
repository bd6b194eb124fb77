"""Who sent a file: which clinics take part, and whose file an arriving object is.

The key says who sent it; the directory, asked at most once a minute, whether that is a clinic that takes part, and how
it wants its files judged. What is sent by anybody else is nobody's, and stands under no invented name.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from intake.errors import ScalperError
from intake.files import keys
from intake.files.keys import UNASSIGNED, KeyedIds, Placement
from intake.files.model import FileRecord, ObjectVersion
from intake.files.ports import Verdicts
from intake.messaging.events import Arrival
from intake.tenants.ports import Directory
from processor.judge.inspection.findings import Profile

KEPT_SECONDS = 60.0
MOST_KEPT = 1_000
"""Clinics, and prefixes that are none: whoever may write to the bucket can make these up."""

DEFAULT = Profile()

Kept = TypeVar("Kept")


class ProfileError(ScalperError):
    """Raised when a clinic's profile cannot be used: our fault, so its files are tried again and not judged by it."""


@dataclass(slots=True)
class Profiles:
    """Clinics and their profiles. That a clinic has none, is inactive or does not exist is remembered as well.

    Trouble in asking is raised: it says nothing of a clinic.
    """

    directory: Directory
    clock: Callable[[], float] = time.monotonic
    kept_s: float = KEPT_SECONDS
    _kept: dict[str, tuple[float, Profile]] = field(default_factory=dict)
    _strangers: dict[str, float] = field(default_factory=dict)
    """Kept apart, so that made-up prefixes push no clinic out."""

    def takes_part(self, clinic_id: str) -> bool:
        """Say whether a clinic is in the directory, and active. Raises ProfileError."""
        return self._find(clinic_id) is not None

    def get(self, clinic_id: str) -> Profile:
        """Return the profile of a clinic, the default for one that takes no part. Raises ProfileError."""
        return self._find(clinic_id) or DEFAULT

    def _find(self, clinic_id: str) -> Profile | None:
        if clinic_id == UNASSIGNED or self._is_fresh(self._strangers.get(clinic_id)):
            return None
        kept_at, kept = self._kept.get(clinic_id, (None, DEFAULT))
        if self._is_fresh(kept_at):
            return kept
        clinic = self.directory.clinic(clinic_id)
        if clinic is None or not clinic.active:
            self._kept.pop(clinic_id, None)
            _remember(self._strangers, clinic_id, self.clock())
            return None
        written = self.directory.profile(clinic_id)
        try:
            profile = DEFAULT if written is None else Profile.parse(written)
        except ValueError as error:
            raise ProfileError(f"the profile of {clinic_id} cannot be used: {error}") from error
        self._strangers.pop(clinic_id, None)
        _remember(self._kept, clinic_id, (self.clock(), profile))
        return profile

    def _is_fresh(self, kept_at: float | None) -> bool:
        return kept_at is not None and self.clock() - kept_at < self.kept_s


def _remember(kept: dict[str, Kept], clinic_id: str, what: Kept) -> None:
    if len(kept) >= MOST_KEPT:
        kept.clear()
    kept[clinic_id] = what


@dataclass(frozen=True, slots=True)
class Placements:
    """Finds the places of arrivals. `takes_part` says whether a clinic is known and active."""

    verdicts: Verdicts
    ids: KeyedIds
    takes_part: Callable[[str], bool]

    def place(self, arrival: Arrival) -> Placement:
        """Return the place of an arrival of a clinic that takes part, or of a record that stands already, or nobody's.

        A clinic that took part when it announced a file has that file's verdict in its own lists.
        """
        if self.takes_part(keys.sender(arrival.object.key)):
            return self._list_own_places(arrival)[0]
        known = self.find_record(arrival)
        return known[0] if known else self._derive_nobodys_place(arrival)

    def place_dropped(self, arrival: Arrival) -> Placement:
        """Return the place of an arrival that has no record."""
        if self.takes_part(keys.sender(arrival.object.key)):
            return self._list_own_places(arrival)[-1]
        return self._derive_nobodys_place(arrival)

    def find_record(self, arrival: Arrival) -> tuple[Placement, FileRecord] | None:
        """Return the record that tells of an arrival, and its place."""
        for placement in dict.fromkeys((*self._list_own_places(arrival), self._derive_nobodys_place(arrival))):
            record = self.verdicts.file(placement.file_id)
            if record and tells_of(record, arrival.object):
                return placement, record
        return None

    def _list_own_places(self, arrival: Arrival) -> list[Placement]:
        """Return the places of an arrival at its sender: the reservation that its key names, and one of its own."""
        stored = arrival.object
        reserved = keys.reservation(stored.key)
        dropped = self.ids.place_direct(stored.bucket, stored.key, stored.version_id, arrival.at)
        return [reserved, dropped] if reserved else [dropped]

    def _derive_nobodys_place(self, arrival: Arrival) -> Placement:
        stored = arrival.object
        return self.ids.place_unassigned(stored.bucket, stored.key, stored.version_id, arrival.at)


def place_again(record: FileRecord, ids: KeyedIds, takes_part: Callable[[str], bool]) -> Placement:
    """Return where a file that is judged again belongs: where it stands, or at its sender, once that takes part."""
    sent = record.incoming
    if record.clinic_id == UNASSIGNED and takes_part(keys.sender(sent.key)):
        return ids.place_direct(sent.bucket, sent.key, sent.version_id, record.created_at)
    return Placement(record.clinic_id, record.upload_id, record.file_id, reserved=True)


def tells_of(record: FileRecord, version: ObjectVersion) -> bool:
    """Say whether a record is that of an object version: its sender's or nobody's, and reserved for it or begun by it.

    An id in a key proves nothing, for whoever may write to the bucket writes what they like there.
    """
    owner = UNASSIGNED if record.clinic_id == UNASSIGNED else keys.sender(version.key)
    return record.is_of(owner, version) and record.incoming.version_id in {None, version.version_id}


def has_teller(records: Iterable[FileRecord], version: ObjectVersion) -> bool:
    return any(tells_of(record, version) for record in records)
