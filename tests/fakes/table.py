"""What the one table holds, and the pages that are cut from it."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeVar

from intake.errors import InvalidCursorError
from intake.files.item_keys import find_cause
from intake.files.model import FileRecord, FileSummary, Source, Upload
from intake.files.outcomes import Page
from intake.files.states import State

Row = TypeVar("Row")
Clock = Callable[[], datetime]


@dataclass
class FakeTable:
    """What the table holds."""

    files: dict[str, FileRecord] = field(default_factory=dict)
    uploads: dict[str, Upload] = field(default_factory=dict)
    identities: dict[tuple[str, str, str], str] = field(default_factory=dict)
    """Clinic, kind of identity and its value → the accepted file that claimed it."""
    idempotency: dict[tuple[str, str], tuple[str, str, datetime]] = field(default_factory=dict)
    """Clinic and key → digest of the body, upload, when it lapses."""

    def files_of(self, upload_id: str) -> list[FileRecord]:
        return [record for record in self.files.values() if record.upload_id == upload_id]

    def count_files(self, upload: Upload) -> Upload:
        files = self.files_of(upload.upload_id)
        counts = dict(Counter(_state_to_count(record) for record in files))
        warned = sum(1 for record in files if record.state is State.ACCEPTED and record.warnings)
        dropped = sum(record.parent is None for record in files)
        entries = sum(map(_entries, files))
        declared = (dropped if upload.source is Source.DIRECT else upload.announced) + entries
        causes = Counter(find_cause(record.state, record.findings) for record in files)
        del causes[""]
        figures = {"counts": counts, "warnings": warned, "causes": dict(causes)}
        return replace(upload, declared=declared, entries=entries, **figures)

    def save(self, record: FileRecord, **changes: Any) -> FileRecord:
        saved = replace(record, revision=record.revision + 1, **changes)
        self.files[record.file_id] = saved
        return saved


def _state_to_count(record: FileRecord) -> State:
    """An archive that waits for its entries' verdicts still waits for its own."""
    waits = record.kind == "zip" and record.state is State.ACCEPTED and not record.settled
    return State.AWAITING_UPLOAD if waits else record.state


def _entries(record: FileRecord) -> int:
    held = record.kind == "zip" and not record.duplicate_of and (record.state is State.ACCEPTED or record.settled)
    return int(record.metadata.get("entries", 0)) if held else 0


def summary(record: FileRecord) -> FileSummary:
    return FileSummary(
        clinic_id=record.clinic_id,
        upload_id=record.upload_id,
        file_id=record.file_id,
        name=record.name,
        size=record.size,
        state=record.state,
        source=record.source,
        created_at=record.created_at,
        updated_at=record.updated_at,
        expires_at=record.expires_at,
        kind=record.kind,
        warnings=record.warnings,
        codes=record.codes,
    )


def page_of(rows: Sequence[Row], scope: str, after: str | None, limit: int) -> Page[Row]:
    """Cut a page; a position is bound to its list, so that one clinic's never opens another's."""
    start = _position(scope, after) if after is not None else 0
    end = start + limit
    return Page(tuple(rows[start:end]), f"{scope} {end}" if end < len(rows) else None)


def _position(scope: str, after: str) -> int:
    bound, _, position = after.rpartition(" ")
    if bound != scope or not position.isdecimal():
        raise InvalidCursorError("This position is none of this list.")
    return int(position)
