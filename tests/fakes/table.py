"""What the one table holds, and the pages that are cut from it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeVar

from intake.errors import InvalidCursorError
from intake.expectations.model import ExpectedExam
from intake.files.dealing import Dealing
from intake.files.model import FileRecord, FileSummary, Source, Upload
from intake.files.outcomes import Page
from intake.files.states import State
from intake.projections.model import Change, Place
from intake.projections.tally import tally
from intake.records.dealings import dealing_map
from intake.records.upload_items import read_upload, upload_item
from processor.handlers.record_changes import describe_change
from tests.records import stored_item

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

    expected: dict[str, ExpectedExam] = field(default_factory=dict)

    labels: dict[str, dict[str, str]] = field(default_factory=dict)
    """Study → the texts of its labels, by their ids."""

    previews: dict[str, str] = field(default_factory=dict)
    """Study or series → the file that shows it."""

    closings: dict[str, Dealing] = field(default_factory=dict)
    """Upload → who said that nothing more is coming."""

    _described: dict[str, tuple[FileRecord, Change]] = field(default_factory=dict, init=False, repr=False)

    def files_of(self, upload_id: str) -> list[FileRecord]:
        return [record for record in self.files.values() if record.upload_id == upload_id]

    def count_files(self, upload: Upload) -> Upload:
        """Return an upload with the sums that the projector would have written."""
        changes = [self._describe_end(record) for record in self.files_of(upload.upload_id)]
        sums = tally(_admit(changes)).uploads.get(upload.upload_id)
        meta = upload_item(upload)
        meta["declared"] = upload.announced + (sums.declared if sums else 0)
        if upload.source is Source.DIRECT:
            del meta["announced"]
        closing = self.closings.get(upload.upload_id)
        closed = {"closed": dealing_map(closing)} if closing else {}
        return read_upload(meta, {**(dict(sums.counts) if sums else {}), **closed})

    def save(self, record: FileRecord, **changes: Any) -> FileRecord:
        # What was said of the trouble that a file was in before it moved holds no longer.
        said = {"replaced_by": None, "dealt_with": None} if "state" in changes else {}
        saved = replace(record, revision=record.revision + 1, **{**said, **changes})
        self.files[record.file_id] = saved
        return saved

    def _describe_end(self, record: FileRecord) -> Change:
        """Return the one change that adds what all of a record's changes added up to.

        Records are replaced and never changed, so each is described once: a page of an upload asks for all of its.
        """
        described = self._described.get(record.file_id)
        if described is None or described[0] is not record:
            described = record, describe_change({}, stored_item(replace(record, state=State(record.state))))
            self._described[record.file_id] = described
        return described[1]


def _admit(changes: Sequence[Change]) -> Iterator[Change]:
    """Yield the changes with the second of those that are the same as a file elsewhere as repeats."""
    firsts: dict[str, str] = {}
    for change in changes:
        first = change.new.counted.elsewhere
        is_new = firsts.setdefault(first, change.file_id) == change.file_id
        repeat = replace(change.new, counted=replace(change.new.counted, place=Place.REPEAT))
        yield change if not first or is_new else replace(change, new=repeat)


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
