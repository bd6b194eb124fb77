"""Whether arrivals are recorded: what has to be asked of the table, and what its answers mean."""

from dataclasses import dataclass, field

from intake import keys
from intake.keyed_ids import KeyedIds
from intake.ports import Held
from processor.incidents import direct_ids

LOOKED_UP = 100
"""Records that each round looks up at a sweep: as many as one call of DynamoDB takes."""


@dataclass(slots=True)
class Questions:
    """What has to be looked up to know whether arrivals are recorded: no more than one call takes.

    A file that was announced has its record, so its upload answers for it; other ids are asked for one by one.
    """

    ids: KeyedIds
    files: set[str] = field(default_factory=set)
    uploads: set[str] = field(default_factory=set)

    def take(self, held: Held) -> bool:
        """Add what one arrival asks, unless that is more than one call takes."""
        files, uploads = self._asked(held)
        if len(self.files | files) + len(self.uploads | uploads) > LOOKED_UP:
            return False
        self.files |= files
        self.uploads |= uploads
        return True

    def answered(self, held: Held, files: frozenset[str], announced: dict[str, int]) -> bool:
        """Say whether the object is recorded."""
        number = _announced_number(held.version.key)
        if number is not None and number[1] < announced.get(number[0], 0):
            return True
        return not files.isdisjoint(self._asked(held)[0])

    def _asked(self, held: Held) -> tuple[set[str], set[str]]:
        reserved = keys.reservation(held.version.key)
        number = _announced_number(held.version.key)
        if number is not None:
            return set(), {number[0]}
        if reserved:
            return {reserved.file_id}, set()
        return set(direct_ids(self.ids, held.version, held.last_modified, in_parts=held.in_parts)), set()


def _announced_number(key: str) -> tuple[str, int] | None:
    """Return the upload and the number of a file that a key says was announced."""
    reserved = keys.reservation(key)
    if reserved is None or reserved.from_archive:
        return None
    return reserved.upload_id, int(reserved.file_id.rpartition("-")[2])
