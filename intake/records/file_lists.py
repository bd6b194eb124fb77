"""Lists of files: which partitions of which index hold them, and what these hold of a file.

Files stand under their clinic and state, awaited ones by the batch (`intake/records/pending.py`). Accepted files of
all clinics are read from the clinics' own lists. Awaited files and those in trouble have an index of their own: they
are few, and whoever looks for them looks at all clinics.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from intake.files.item_keys import CLINICS, HOLDINGS, LISTED_BY_CLINIC, STATE_SHARDS
from intake.files.model import FileSummary, Source
from intake.files.states import State
from intake.table.items import Item, moment
from intake.table.queries import Query
from intake.table.table import Table

Partition = tuple[str, str, str]
"""An index, its key attribute and the key."""


@dataclass(frozen=True, slots=True)
class Section:
    """Which files of a list are read."""

    before: str
    """The `created_key` that all of them come before."""
    since: str
    """The first one that belongs to them."""
    limit: int


class FileLists:
    """Finds the partitions. `table` is asked for the clinics."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def list_partitions(self, clinic_id: str | None, states: Iterable[State]) -> list[Partition]:
        """Return the partitions of a clinic's files or everybody's, in some states."""
        states = sorted(states)
        if clinic_id is not None:
            return [_clinic_partition(clinic_id, one) for one in states]
        clinics = self.clinics() if LISTED_BY_CLINIC & set(states) else []
        own = [_clinic_partition(clinic, one) for one in states if one in LISTED_BY_CLINIC for clinic in clinics]
        return own + [
            ("by_state", "state_shard", f"{one}#{shard}")
            for one in states
            if one not in LISTED_BY_CLINIC
            for shard in range(STATE_SHARDS)
        ]

    def clinics(self) -> list[str]:
        """Return every clinic that may have files: those of the directory, and those that files are kept of.

        Whoever drops files under a prefix that is no clinic's yet has these counted among what is kept.
        """
        found: dict[str, None] = {}
        for kind in (CLINICS, HOLDINGS):
            found |= dict.fromkeys(str(item["sk"]) for item in self._table.items(Query(kind)))
        return list(found)


def _clinic_partition(clinic_id: str, state: State) -> Partition:
    return "by_clinic_state", "clinic_state", f"{clinic_id}#{state}"


def file_summary(item: Item) -> FileSummary:
    """Read what an index holds of a record."""
    return FileSummary(
        clinic_id=item["clinic_id"],
        upload_id=item["upload_id"],
        file_id=item["file_id"],
        name=item["name"],
        size=item["size"],
        state=State(item["state"]),
        source=Source(item["source"]),
        created_at=moment(item["created_at"]),
        updated_at=moment(item["updated_at"]),
        expires_at=moment(item["expires_at"]),
        kind=item.get("kind"),
        warnings=item.get("warnings", 0),
        codes=tuple(item.get("codes", ())),
    )
