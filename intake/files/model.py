"""The record of a file: what was declared, what arrived, what was decided, and its story."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from intake.files.dealing import Dealing
from intake.files.scan import Scan
from intake.files.states import State

Metadata = dict[str, Any]
"""Kind-specific values: str, int, bool, lists and dicts of these. What identifies a patient stands under `patient`."""


class Severity(StrEnum):
    """What a finding does to its file."""

    WARN = "warn"
    REJECT = "reject"


class Whose(StrEnum):
    """Whose business a finding is: who can do something about it."""

    CLINIC = "clinic"
    VENDOR = "vendor"
    """Of the system that wrote the file: whoever sends the file can only tell them."""
    NOBODY = "nobody"
    """Good to know, and nothing to do."""


class Source(StrEnum):
    """How a file was announced."""

    WEB = "web"
    API = "api"
    DIRECT = "direct"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that the judge found. No field ever holds a patient's value."""

    code: str
    severity: Severity
    message: str
    """The cause, in words for clinic staff."""
    remedy: str
    """What to do about it."""
    where: str = ""
    """A tag such as `(0008,0018)`, an offset such as `byte 132`, or nothing."""


def list_rejecting_codes(findings: Iterable[Finding]) -> tuple[str, ...]:
    """Return the codes of the findings that reject a file, each once."""
    return tuple(dict.fromkeys(found.code for found in findings if found.severity is Severity.REJECT))


@dataclass(frozen=True, slots=True)
class ObjectVersion:
    """One version of one object in S3."""

    bucket: str
    key: str
    version_id: str | None = None


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One step in a file's story."""

    at: datetime
    actor: str
    """Who: a user's or client's opaque id, `processor` or `sweep`."""
    event: str
    """What, as a state or a short verb: `reserved`, `accepted`, `failed`."""
    detail: str = ""
    """A finding's code, an error's class or a file id; never free text from a file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRecord:
    """All that is known of a file. The truth from which everything else is projected."""

    clinic_id: str
    upload_id: str
    file_id: str
    name: str
    """As the sender called it. May hold a patient's name: it never leaves the record but to its own clinic."""
    size: int
    """In bytes: declared until the object arrived, then the object's."""
    sha256: str | None
    """64 lower-case hexadecimal digits."""
    state: State
    source: Source
    created_at: datetime
    created_by: str
    updated_at: datetime
    expires_at: datetime
    """When a file that has not arrived is given up."""
    incoming: ObjectVersion
    stored: ObjectVersion | None = None
    kind: str | None = None
    duplicate_of: str | None = None
    """The accepted file of the same clinic that holds the same bytes; they are stored once, there."""
    conflicts_with: str | None = None
    """The file of the same clinic that held this one's SOP Instance UID and was another image: a rejected file gave way
    to it, an accepted one took its place by review."""
    superseded_by: str | None = None
    """The file that took this one's place by review."""
    replaced_by: str | None = None
    """The accepted file of the same upload that was sent in place of this one, which was not accepted or never came."""
    dealt_with: Dealing | None = None
    """Somebody has said that this file, which was not accepted or never came, needs nobody any more."""
    findings: tuple[Finding, ...] = ()
    metadata: Metadata = field(default_factory=dict)
    rules_version: str | None = None
    profile_version: str | None = None
    """Of the clinic's profile that it was judged with (`intake/tenants/model.py`)."""
    timings: dict[str, int] = field(default_factory=dict)
    """Milliseconds: `arrival_to_verdict`, `judging`."""
    timeline: tuple[TimelineEntry, ...] = ()
    multipart_id: str | None = None
    """S3's id of the multipart upload, for a file above the single PUT's limit."""
    parent: str | None = None
    """The file id of the archive that this file is an entry of."""
    shadow: tuple[str, ...] = ()
    """Codes of broken rules that the clinic's profile only counts; never shown to the clinic."""
    scan: Scan | None = None
    """How the malware scan of its bytes ended; None where nobody scanned them."""
    settled: bool = False
    """Of an archive: its own verdict was once held against those of its entries."""
    revision: int = 0
    """Rises by one with each change, so that a projection applies each change once."""

    def is_of(self, clinic_id: str, arrived: ObjectVersion) -> bool:
        """Say whether an object is what the record was reserved for, or began with: its clinic's, at its key."""
        own = (self.clinic_id, self.incoming.bucket, self.incoming.key)
        return own == (clinic_id, arrived.bucket, arrived.key)

    @property
    def codes(self) -> tuple[str, ...]:
        """Codes of the findings that reject the file."""
        return list_rejecting_codes(self.findings)

    @property
    def is_handled(self) -> bool:
        """Whether it was not accepted, or never came, and needs nobody any more."""
        return bool(self.replaced_by or self.dealt_with)

    @property
    def warnings(self) -> int:
        return sum(finding.severity is Severity.WARN for finding in self.findings)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSummary:
    """What lists show of a file; all of it stands in the table's indexes."""

    clinic_id: str
    upload_id: str
    file_id: str
    name: str
    size: int
    state: State
    source: Source
    created_at: datetime
    updated_at: datetime
    expires_at: datetime
    kind: str | None = None
    warnings: int = 0
    codes: tuple[str, ...] = ()
    """Codes of the findings that rejected the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A set of files that were announced together, and how far they have come."""

    clinic_id: str
    upload_id: str
    created_at: datetime
    created_by: str
    source: Source
    reference: str = ""
    note: str = ""
    """The sender's own words, for the sender's clinic alone: they may tell of patients."""
    expected: int | None = None
    """How many images and documents the sender means to send, those in archives included; None: they did not say."""
    expected_images: int | None = None
    """How many images the sender means to send, those in archives included; None where they did not say."""
    announced: int = 0
    """How many files the sender announced, archives among them; the next one has this number."""
    declared: int = 0
    """How many images and documents are to come: what was announced, unless it is a container, and what it holds."""
    counts: dict[State, int] = field(default_factory=dict)
    """Images and documents by state; follows the records within a second or so, as all sums do that follow here."""
    containers: dict[State, int] = field(default_factory=dict)
    """Archives and directories of media by state: beside the files, and no part of `declared`."""
    documents: int = 0
    """Judged files that are no images, without the repeated and the replaced ones."""
    duplicates: int = 0
    """Accepted files whose bytes, or whose image, were here already."""
    repeats: int = 0
    """Accepted files of which this upload holds another, so that they add nothing to what was expected."""
    replaced: int = 0
    """Files that another one of this upload replaced."""
    handled: dict[State, int] = field(default_factory=dict)
    """Files in trouble that need nobody any more, by state: they were replaced, or somebody dealt with them."""
    closed: bool = False
    """Somebody has said that nothing more is to come."""
    announced_at: datetime | None = None
    """When its last files were announced, as far as that is known."""
    changed_at: datetime | None = None
    """When the last change happened that its sums hold."""
    closing: Dealing | None = None
    """Who said so, and why."""
    warnings: int = 0
    """Accepted files that carry warnings."""
    causes: dict[str, int] = field(default_factory=dict)
    """What troubles its files, as `intake.files.item_keys` names it → how many."""

    @property
    def waiting(self) -> int:
        """How many files have no verdict yet; right even while the counts lag behind."""
        decided = (number for state, number in self.counts.items() if state is not State.AWAITING_UPLOAD)
        return max(0, self.declared - sum(decided))

    @property
    def entries(self) -> int:
        """How many files were found in archives, as far as the sender announced the archives."""
        return max(0, self.declared + sum(self.containers.values()) - self.announced)

    @property
    def settled(self) -> bool:
        """Whether there is something, and all of it has its verdict or was given up."""
        return bool(self.declared or sum(self.containers.values())) and not self.waiting


def now() -> datetime:
    """Return the present moment, in UTC, to the millisecond (which is what the table keeps)."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def timestamp(moment: datetime) -> str:
    """Write a moment as RFC 3339 in UTC with milliseconds; such texts sort by time."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
