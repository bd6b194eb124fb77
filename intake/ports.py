"""What the domain asks of the outside world. The AWS adapters stand beside this file, fakes in `tests/fakes`.

Every method may raise what it documents; trouble of the infrastructure propagates as it is and is retried.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto
from typing import Any, Generic, Protocol, TypeVar

from intake.record import FileRecord, FileSummary, ObjectVersion, Upload, Verdict
from intake.states import State
from intake.study import Instance, Study

Row_co = TypeVar("Row_co", covariant=True)


@dataclass(frozen=True, slots=True)
class ObjectRange:
    """Bytes of one object version, and what S3 said of the whole."""

    data: bytes
    total: int
    """Size of the whole object in bytes."""
    etag: str
    version_id: str | None
    last_modified: datetime
    metadata: dict[str, str]
    """The sender's own, without `x-amz-meta-`. To be believed only where the portal signed it."""


@dataclass(frozen=True, slots=True)
class Copied:
    """A copy that S3 made, or had made for an earlier delivery of the same event."""

    stored: ObjectVersion
    sha256: str | None
    """Of the whole object, 64 hexadecimal digits; None for an object that S3 copies in parts (above 5 GiB)."""


@dataclass(frozen=True, slots=True)
class Found:
    """An object that stands in a bucket."""

    version: ObjectVersion
    last_modified: datetime


class Objects(Protocol):
    """The buckets, as the processor uses them. One call of AWS per method, but for copies above 5 GiB."""

    def read(self, source: ObjectVersion, start: int, length: int) -> ObjectRange:
        """Return up to `length` bytes from offset `start`. Raises ObjectMissingError."""
        ...

    def copy(self, source: ObjectVersion, etag: str, size: int, bucket: str, key: str) -> Copied:
        """Copy exactly that version, once: a second call finds the first one's copy.

        Raises ObjectMissingError, ObjectChangedError when the source's ETag is no longer `etag`, and ObjectTakenError
        when the key already holds the copy of another version.
        """
        ...

    def delete(self, stored: ObjectVersion) -> None:
        """Remove an object from its key; the bucket's versioning keeps it for a while. Removing nothing is no error."""
        ...

    def find(self, bucket: str, key: str) -> Found | None:
        """Return the newest version at a key, or None where there is none."""
        ...


class Outcome(Enum):
    """What became of a verdict that was to be recorded."""

    RECORDED = auto()
    ALREADY_RECORDED = auto()
    """This object version has its verdict already: a redelivered event."""
    NO_RESERVATION = auto()
    """The key looks like a reservation's, but none stands behind it, or another version has been judged under it."""
    DUPLICATE_BYTES = auto()
    """Another accepted file of the clinic holds the same bytes."""
    SOP_INSTANCE_CONFLICT = auto()
    """Another accepted file of the clinic has the same SOP Instance UID and other bytes."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """The outcome, and the record that stands in the way where one does."""

    outcome: Outcome
    other_file_id: str | None = None
    other_stored: ObjectVersion | None = None


class Verdicts(Protocol):
    """The table, as the processor uses it."""

    def record(self, verdict: Verdict, *, reserved: bool) -> Recorded:
        """Move the file's record to its verdict and claim its identities, all or nothing.

        Raises ContentionError when others keep writing the same items.
        """
        ...

    def fail(self, record: FileRecord, reason: str) -> bool:
        """Mark a file failed, creating `record` where there is none. Say whether that changed anything."""
        ...

    def expire(self, clinic_id: str, file_id: str, at: datetime) -> bool:
        """Give up a file that never arrived. Say whether that changed anything."""
        ...

    def awaiting(self) -> Iterator[FileSummary]:
        """Yield the files of all clinics that have not arrived, oldest first within each shard."""
        ...

    def file(self, file_id: str) -> FileRecord | None: ...


class Children(Protocol):
    """Entries of archives, which become files of the upload that the archive came with."""

    def reserve(self, children: Sequence[FileRecord]) -> None:
        """Reserve those that are not reserved yet, at most 100. Raises ContentionError."""
        ...

    def awaited(self, file_ids: Sequence[str]) -> frozenset[str]:
        """Return those of the files that have no verdict."""
        ...


class ObjectWriter(Protocol):
    """The incoming bucket, as the expansion of archives uses it."""

    def create(self, target: ObjectVersion, blocks: Iterator[bytes], extension: str) -> None:
        """Write an object unless one stands at its key. What `blocks` raises is raised, and leaves no object."""
        ...


@dataclass(frozen=True, slots=True)
class Page(Generic[Row_co]):
    """Rows and where to go on; `next` is opaque and None on the last page."""

    rows: tuple[Row_co, ...]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class Presigned:
    """A request that its holder may send to S3 once, until it expires."""

    method: str
    url: str
    headers: dict[str, str]
    """To be sent exactly: they are part of the signature."""
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a multipart upload that S3 already holds."""

    number: int
    size: int
    etag: str
    sha256: str


class Presigner(Protocol):
    """S3, as the portal uses it: it signs, and drives multipart uploads; no file's bytes pass through it."""

    def put(self, target: ObjectVersion, size: int, sha256: str | None, extension: str = "") -> Presigned:
        """Sign a PUT of exactly that many bytes. `extension` is the declared name's, as `keys.extension` gives it."""
        ...

    def start_multipart(self, target: ObjectVersion, extension: str = "") -> str:
        """Open a multipart upload and return S3's id of it."""
        ...

    def part(self, target: ObjectVersion, multipart_id: str, number: int, size: int, sha256: str) -> Presigned:
        """Sign one part. S3 wants the checksum of every part of an upload that was opened with checksums."""
        ...

    def parts(self, target: ObjectVersion, multipart_id: str) -> tuple[Part, ...]:
        """List what S3 holds. Raises ObjectMissingError when the multipart upload is gone or complete."""
        ...

    def complete_multipart(self, target: ObjectVersion, multipart_id: str, parts: Sequence[Part]) -> None:
        """Join the parts. Raises ObjectMissingError as `parts` does, ConflictError when S3 refuses the list."""
        ...

    def get(self, stored: ObjectVersion, file_name: str) -> Presigned:
        """Sign a download that the browser saves under `file_name`: an opaque one, for it stands in the URL."""
        ...


class Records(Protocol):
    """The table, as the portal uses it. A clinic id of None means all clinics: for admins only."""

    def create_upload(self, upload: Upload) -> None: ...

    def add_files(self, upload: Upload, files: Sequence[FileRecord]) -> None:
        """Reserve `files`, numbered from `upload.declared` on. Raises ConflictError when another added files since."""
        ...

    def upload(self, clinic_id: str | None, upload_id: str) -> Upload:
        """Raises NotFoundError."""
        ...

    def uploads(self, clinic_id: str, cursor: str | None, limit: int) -> Page[Upload]:
        """Newest first. Raises ValueError for a cursor that this never gave."""
        ...

    def file(self, clinic_id: str | None, file_id: str) -> FileRecord:
        """Raises NotFoundError."""
        ...

    def files_of(self, upload_id: str, cursor: str | None, limit: int) -> Page[FileRecord]:
        """In the order of declaration. Raises ValueError for a bad cursor."""
        ...

    def files(
        self, clinic_id: str | None, state: State | None, since: datetime | None, cursor: str | None, limit: int
    ) -> Page[FileSummary]:
        """Newest first. All clinics need a state (None lists the judged and open ones merged). Raises ValueError."""
        ...

    def prolong(self, record: FileRecord, expires_at: datetime, multipart_id: str | None = None) -> None:
        """Give a file more time to arrive. Raises ConflictError when it is no longer awaited."""
        ...

    def remember(self, clinic_id: str, idempotency_key: str, body_sha256: str, upload_id: str) -> str:
        """Bind an idempotency key for 24 h and return the upload it is bound to: an earlier call's, or `upload_id`.

        Raises ConflictError when the earlier call had another body.
        """
        ...


@dataclass(frozen=True, slots=True)
class Partner:
    """A machine client: which clinic it speaks for, and what it may do."""

    client_id: str
    clinic_id: str
    name: str
    scopes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Clinic:
    """A tenant."""

    clinic_id: str
    name: str


class Directory(Protocol):
    """Clinics and partners."""

    def clinics(self) -> tuple[Clinic, ...]: ...

    def profile(self, clinic_id: str) -> dict[str, Any] | None:
        """Return how the clinic wants its files judged, as `processor.judge.Profile` writes it; None for a default."""
        ...

    def save_profile(self, clinic_id: str, profile: dict[str, Any]) -> None: ...

    def partner(self, client_id: str) -> Partner | None: ...

    def save_clinic(self, clinic: Clinic) -> None: ...

    def save_partner(self, partner: Partner) -> None: ...


@dataclass(frozen=True, slots=True)
class Change:
    """One revision of one file's record, as the table's stream tells it."""

    file_id: str
    upload_id: str
    clinic_id: str
    source: str
    revision: int
    before: State | None
    after: State
    at: datetime
    size: int
    warnings_before: int = 0
    warnings_after: int = 0
    codes: tuple[str, ...] = ()
    latency_ms: int | None = None
    shadow: tuple[str, ...] = ()
    instance: Instance | None = None
    """What is new to a study: of a DICOM file that has just been accepted, and not as a duplicate."""
    entries: int = 0
    """How many files an archive holds that has just been accepted, and not as a duplicate."""


@dataclass(frozen=True, slots=True)
class HourBucket:
    """One clinic's hour: files by state, bytes accepted, verdicts by latency."""

    clinic_id: str
    hour: datetime
    counts: dict[State, int]
    bytes: int
    latency: dict[int, int]
    """Upper bound in ms of each histogram bin → verdicts in it."""
    codes: dict[str, int]
    """Finding code → files it rejected."""
    shadow: dict[str, int] = field(default_factory=dict)
    """Code of a rule that a profile only counts → files that break it."""


@dataclass(frozen=True, slots=True)
class DueAlert:
    """Something worth telling that has not been told."""

    kind: str
    clinic_id: str
    upload_id: str
    count: int
    codes: dict[str, int]
    first_file_id: str


class Projections(Protocol):
    """What follows from the records. Applied exactly once per file and revision, in any order."""

    def apply(self, changes: Sequence[Change]) -> None:
        """Apply each change that was not applied before. Raises ContentionError."""
        ...

    def hours(self, since: datetime, until: datetime, clinic_id: str | None = None) -> tuple[HourBucket, ...]:
        """Return the buckets of every hour that touches the span, of one clinic or of all."""
        ...


class Studies(Protocol):
    """What the accepted DICOM files of a clinic add up to."""

    def studies(self, clinic_id: str, cursor: str | None, limit: int) -> Page[Study]:
        """Return studies without their series, those first that got a file last. Raises ValueError for a bad cursor."""
        ...

    def study(self, clinic_id: str, study_uid: str) -> Study:
        """Return a study with its series. Raises NotFoundError."""
        ...


class Outbox(Protocol):
    """Alerts that the projections have counted and nobody has sent."""

    def take_due_alert(self, kind: str, upload_id: str, at: datetime) -> DueAlert | None:
        """Lease an alert for sending, or None: nothing to tell, told less than 15 minutes ago, or another sends it."""
        ...

    def told(self, alert: DueAlert, at: datetime) -> None:
        """Note that an alert was sent; what came since stays due."""
        ...

    def pending_alerts(self) -> Iterable[tuple[str, str]]:
        """Yield kind and upload of every alert with something untold."""
        ...


@dataclass(frozen=True, slots=True)
class Alert:
    """A message to people: opaque ids and codes only."""

    kind: str
    clinic_id: str
    severity: str
    subject: str
    """At most 100 ASCII characters."""
    body: str


class Alerts(Protocol):
    def publish(self, alert: Alert) -> None: ...


@dataclass(frozen=True, slots=True)
class QueuedMessage:
    """A message of a queue that was looked at, not taken."""

    message_id: str
    body: dict[str, Any]
    receives: int


class Queue(Protocol):
    def send(self, bodies: Sequence[dict[str, Any]]) -> None: ...

    def peek(self, limit: int) -> tuple[QueuedMessage, ...]:
        """Return up to `limit` messages and leave them in the queue."""
        ...

    def depth(self) -> int:
        """Messages waiting or in flight, about."""
        ...
