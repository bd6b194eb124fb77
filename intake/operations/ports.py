"""What the operators' packages ask of the table and of buckets."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from intake.files.model import FileSummary
from intake.files.outcomes import Page
from intake.operations.model import (
    AuditEntry,
    AuditFilter,
    AwaitedGroup,
    Incident,
    LastError,
    ObjectPage,
    QuietClinic,
    RecordedIds,
    SampledUpload,
    StuckFile,
    UploadAudit,
)


class Watch(Protocol):
    """What the scheduled look found, for people to see."""

    def quiet(self) -> tuple[QuietClinic, ...]: ...

    def note_quiet(self, clinics: Sequence[QuietClinic], at: datetime) -> None:
        """Replace what was noted before."""
        ...


class AuditLog(Protocol):
    """Written before the action itself: what could not be noted does not happen."""

    def write(self, entry: AuditEntry) -> None: ...

    def entries(self, wanted: AuditFilter, after: str | None, limit: int) -> Page[AuditEntry]:
        """Return entries, newest first. A page may be short and still have a next one.

        Raises InvalidCursorError.
        """
        ...


class Incidents(Protocol):
    """What is open. A closed incident may begin again, as another one."""

    def open(self, after: str, limit: int) -> tuple[tuple[Incident, ...], str]:
        """Return up to `limit` open incidents behind a position, and where to go on: empty at the end."""
        ...

    def note(self, incidents: Sequence[Incident]) -> None:
        """Open incidents; those that are open already stay as they are."""
        ...

    def tell(self, incident: Incident, at: datetime) -> None:
        """Have an open incident told, once. Raises ContentionError."""
        ...

    def close(self, incident: Incident, at: datetime) -> None: ...


class Rounds(Protocol):
    """How far each of the sweep's rounds has come: a position per round, which that round alone understands."""

    def read(self) -> dict[str, str]: ...

    def write(self, positions: dict[str, str]) -> None: ...


class UploadSamples(Protocol):
    """Uploads, picked by chance without reading them all."""

    def clinics(self) -> list[str]:
        """Return every clinic that may have uploads, also where it is in no directory."""
        ...

    def draw(self, clinic_id: str, count: int) -> list[SampledUpload]:
        """Return up to `count` of a clinic's uploads from all times, no two the same; fewer where it has fewer."""
        ...


class UploadAudits(Protocol):
    """Holds an upload's sums against its records, and writes nothing."""

    def audit(self, clinic_id: str, upload_id: str, ends: float) -> UploadAudit | None:
        """Look at one upload; None where that was not done by a time, as `time.monotonic` has it."""
        ...


class SweepLease(Protocol):
    """Whose turn it is to sweep: one at a time, whoever starts them and however many may run."""

    def take(self, at: datetime, until: datetime) -> str:
        """Take the turn, which ends by itself, unless somebody has it. Return its name; empty where it is taken."""
        ...

    def give_back(self, turn: str) -> None:
        """End a turn before its time; one that has ended already, and may be another's by now, stays as it is."""
        ...


class AwaitedFiles(Protocol):
    """What is awaited, clinic by clinic. It may be a moment old."""

    def clinics(self) -> list[str]:
        """Return every clinic that may have awaited files, in order, also where it is in no directory."""
        ...

    def page(self, clinic_id: str, after: str, until: datetime, limit: int) -> tuple[tuple[AwaitedGroup, ...], str]:
        """Return groups that were announced before `until`, oldest first, and where to go on: empty at the end.

        `after` is empty, such a position, of which nothing need be awaited any more, or a `timestamp`: what was
        announced since then. The position begins with the group's time.
        """
        ...

    def files(self, group: AwaitedGroup) -> Sequence[FileSummary]:
        """Return the files of a group that are still awaited."""
        ...


class Inventory(Protocol):
    """The buckets' lists. One call of AWS per method."""

    def objects(self, bucket: str, after: str, limit: int, prefix: str = "") -> ObjectPage:
        """Return up to `limit` objects, by key, whose keys sort behind `after`; their version ids are not told."""
        ...

    def versions(self, bucket: str, after: str, limit: int) -> ObjectPage:
        """Return up to `limit` entries of the list of versions behind a position of one, or the position `next`."""
        ...

    def skip_to(self, key: str) -> str:
        """Return the position in the list of versions from a key on, at which nothing need stand."""
        ...


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

    def look_up(self, file_ids: frozenset[str], upload_ids: frozenset[str]) -> RecordedIds:
        """Look up to 100 files and uploads up, in one call. The answer may be a moment old, and costs half as much."""
        ...


class LastErrors(Protocol):
    """Kept as long as the messages themselves."""

    def note(self, error: LastError) -> None: ...

    def find(self, message_ids: Sequence[str]) -> dict[str, LastError]:
        """Return what is known, by message."""
        ...


class StuckFiles(Protocol):
    """Noted by the sweep at each look, and forgotten within the hour where it no longer sees them."""

    def note(self, files: Sequence[StuckFile]) -> None: ...

    def list_seen(self, since: datetime, limit: int) -> tuple[StuckFile, ...]:
        """Return files that were seen stuck since then, those that arrived first at the beginning.

        Some may have got their verdict after that: only their records say.
        """
        ...
