"""Whose file an arriving object is, and which record tells of it.

The key says who sent it; the directory, whether that is a clinic that takes part. What is sent by anybody else is
nobody's, and stands under no invented name.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from intake.files import keys
from intake.files.keys import UNASSIGNED, KeyedIds, Placement
from intake.files.model import FileRecord, ObjectVersion
from intake.files.ports import Verdicts
from intake.messaging.events import Arrival


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
