"""What the API answers of audits and rebuilds. Fields that this version does not know are left aside."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Difference:
    """A number that stands otherwise than the records make it."""

    subject: str
    """What it belongs to, such as `upload 01k…` or `day 2026-11-22 of northside`."""
    name: str
    standing: int
    expected: int


@dataclass(frozen=True, slots=True)
class Rebuild:
    """A rebuild, or an audit: a rebuild that writes nothing (`dry_run`)."""

    rebuild_id: str
    clinic_id: str | None
    upload_id: str | None
    dry_run: bool
    state: str
    """`waiting` or `running`, then `done` or `stopped`."""
    clinics_done: int
    looked_at: int
    """Units so far: uploads, studies, and what a clinic has once."""
    position: str | None
    """The clinic that it has come to."""
    differences: int
    uncounted: int
    """Changes of records that no sum held."""
    marks: int
    """Marks that told otherwise what was counted of a file, or were gone."""
    beside: int
    """Items beside the sums that are to be written anew."""
    busy: int
    busy_units: tuple[str, ...]
    """What kept changing, and is to be looked at another time."""
    read_units: float
    exact: bool
    found: tuple[Difference, ...] = ()
    """The first differences; lists of rebuilds leave them out."""

    @property
    def ended(self) -> bool:
        return self.state in {"done", "stopped"}

    @property
    def whole(self) -> bool:
        """Whether everything was looked at."""
        return self.state == "done" and not self.busy

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> Self:
        return cls(
            rebuild_id=row["rebuild_id"],
            clinic_id=row.get("clinic_id"),
            upload_id=row.get("upload_id"),
            dry_run=row["dry_run"],
            state=row["state"],
            clinics_done=row["clinics_done"],
            looked_at=row["looked_at"],
            position=row.get("position"),
            differences=row["differences"],
            uncounted=row["uncounted"],
            marks=row["marks"],
            beside=row["beside"],
            busy=row["busy"],
            busy_units=tuple(row.get("busy_units", ())),
            read_units=row["read_units"],
            exact=row["exact"],
            found=tuple(
                Difference(one["subject"], one["name"], one["standing"], one["expected"])
                for one in row.get("found", ())
            ),
        )
