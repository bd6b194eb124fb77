"""What is asked of the table of records."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from intake.files.dealing import Dealing
from intake.files.model import FileRecord, FileSummary, Finding, ObjectVersion, TimelineEntry, Upload
from intake.files.outcomes import Neighbours, Page, Recorded, Verdict
from intake.files.scan import Scan
from intake.files.states import State


class Verdicts(Protocol):
    """The table, as the processor uses it. What changes a record changes it only as its own clinic's."""

    def record(self, verdict: Verdict, *, reserved: bool) -> Recorded:
        """Move the file's record to its verdict and claim its identities, all or nothing.

        With `replaces`, the claim of that file is taken over, and its record tells which file supersedes it.

        Raises ContentionError when others keep writing the same items, and for a file that is judged again when its
        record is no longer the one that was judged.
        """
        ...

    def fail(self, record: FileRecord, reason: str) -> bool:
        """Mark a file failed, creating `record` where there is none. Say whether that changed anything."""
        ...

    def delete(self, record: FileRecord, steps: Sequence[TimelineEntry], at: datetime) -> bool:
        """Mark a rejected file deleted. False when its record is no longer as it was read, which changes nothing."""
        ...

    def add_steps(self, record: FileRecord, steps: Sequence[TimelineEntry], at: datetime) -> bool:
        """Add to the story of a file that stays rejected. False when its record is no longer as it was read."""
        ...

    def check_conflicts(self, verdict: Verdict) -> Recorded:
        """Return what recording would come to, as far as other files stand in the way; writes nothing."""
        ...

    def expire(self, file: FileRecord | FileSummary, at: datetime) -> bool:
        """Give up a file that never arrived. Say whether that changed anything."""
        ...

    def note_scan(self, record: FileRecord, scan: Scan) -> None:
        """Note a result that came after the file's verdict, which it leaves as it is. No record is no error."""
        ...

    def settle(
        self, record: FileRecord, state: State, found: Finding | None, stored: ObjectVersion, at: datetime
    ) -> bool:
        """Hold an accepted archive's verdict against its entries': it ends `state`, with `found` beside its findings.

        A rejected one gives up its claim on its bytes. False when its record is no longer as it was read, which changes
        nothing. Raises ContentionError.
        """
        ...

    def file(self, file_id: str) -> FileRecord | None: ...


class Children(Protocol):
    """Entries of archives, which become files of the upload that the archive came with."""

    def reserve(self, children: Sequence[FileRecord]) -> None:
        """Reserve those that are not reserved yet, at most 100. Raises ContentionError."""
        ...

    def find_awaited(self, children: Sequence[FileRecord]) -> frozenset[str]:
        """Return the ids of those that have no verdict. Raises ConflictError where one's id is another's."""
        ...

    def states(self, file_ids: Sequence[str]) -> dict[str, State]:
        """Return where files stand, of those that are reserved."""
        ...


class Records(Protocol):
    """The table, as the portal uses it. A clinic id of None means all clinics: for admins only."""

    def create_upload(self, upload: Upload) -> None:
        """Begin an upload of which no file is known yet. Raises ConflictError where it stands already."""
        ...

    def add_files(self, upload: Upload, files: Sequence[FileRecord]) -> None:
        """Reserve `files`, numbered from `upload.announced` on, `RESERVED_AT_ONCE` at a time.

        The first ones begin their upload where nobody did. Raises ConflictError when another added files since.
        """
        ...

    def upload(self, clinic_id: str | None, upload_id: str) -> Upload:
        """Raises NotFoundError."""
        ...

    def uploads(self, clinic_id: str | None, after: str | None, limit: int) -> Page[Upload]:
        """Newest first. Raises InvalidCursorError."""
        ...

    def file(self, clinic_id: str | None, file_id: str) -> FileRecord:
        """Raises NotFoundError."""
        ...

    def find_holders(self, records: Sequence[FileRecord]) -> dict[str, str]:
        """Return, for each of the files that has one, the accepted file of its clinic that holds its SOP Instance UID.

        Not told are a file of the same bytes, for the two are one, and the file itself.
        """
        ...

    def find_claimant(self, clinic_id: str, sop_instance_uid: str) -> FileRecord | None:
        """Return the clinic's file that claimed an instance, by two reads; None where nobody did.

        It may have moved on since, and files of older deployments claimed nothing.
        """
        ...

    def get_many(self, file_ids: Sequence[str]) -> dict[str, FileRecord]:
        """Return those of the files that there are, of any clinic, by their ids."""
        ...

    def files_of(self, upload_id: str, after: str | None, limit: int) -> Page[FileRecord]:
        """In the order of declaration. Raises InvalidCursorError."""
        ...

    def neighbours(self, record: FileRecord) -> Neighbours:
        """Return the files on either side of one in that order, by two queries however many there are."""
        ...

    def files(
        self,
        clinic_id: str | None,
        state: State | None,
        since: datetime | None,
        after: str | None,
        limit: int,
        *,
        until: datetime | None = None,
    ) -> Page[FileSummary]:
        """Newest first. All clinics need a state (None lists the judged and open ones merged).

        Raises InvalidCursorError.
        """
        ...

    def extend(self, record: FileRecord, expires_at: datetime, multipart_id: str | None = None) -> None:
        """Give a file more time to arrive. Raises ConflictError when it is no longer awaited."""
        ...

    def withdraw(self, record: FileRecord, step: TimelineEntry) -> bool:
        """Give up a file that is awaited. False when it is no longer awaited, which changes nothing."""
        ...

    def bind_idempotency_key(self, clinic_id: str, idempotency_key: str, body_sha256: str, value: str) -> str:
        """Bind an idempotency key to an id for 24 h, and return what it is bound to: an earlier call's id, or `value`.

        Raises ConflictError when the earlier call had another body.
        """
        ...


class Repairs(Protocol):
    """What closes trouble: files that were sent in place of others, and what people say of the rest.

    Each changes a record, or an upload, only as its own clinic's and only as it was read: False where it is no longer
    so, which changes nothing.
    """

    def replace(self, record: FileRecord, replacement: str, step: TimelineEntry) -> bool:
        """Tell of a file in trouble which accepted file of its upload was sent in its place."""
        ...

    def deal(self, record: FileRecord, dealing: Dealing, step: TimelineEntry) -> bool:
        """Tell of a file in trouble that it needs nobody any more."""
        ...

    def reopen(self, record: FileRecord, step: TimelineEntry) -> bool:
        """Take back either: the file is in trouble as before."""
        ...

    def close(self, upload: Upload, dealing: Dealing | None) -> bool:
        """Tell of an upload that nothing more is coming; or, with None, that something may come after all."""
        ...

    def list_open(self, upload_id: str, limit: int) -> Page[FileRecord]:
        """Return the first files of an upload that are in trouble; `next` says that there are more."""
        ...

    def list_behind(self, record: FileRecord, limit: int) -> tuple[FileRecord, ...]:
        """Return the accepted files among the `limit` that were announced next behind a file of its upload."""
        ...

    def find_accepted(self, records: Sequence[FileRecord], names: int) -> tuple[FileRecord, ...]:
        """Return accepted files of the records' own uploads with their SOP Instance UIDs, or their names.

        One BatchGetItem for all that is known by its UID, and one Query a name, of at most `names` of them.
        """
        ...
