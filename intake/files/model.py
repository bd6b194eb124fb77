"""The record of a file: what was declared, what arrived, what was decided, and its story."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

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
    """How many files the sender means to send, those in archives included; None where they did not say."""
    declared: int = 0
    """How many files are to come: those that were announced, and those found in archives."""
    entries: int = 0
    """How many of these were found in archives."""
    counts: dict[State, int] = field(default_factory=dict)
    """Files by state; follows the records within a second or so."""
    warnings: int = 0
    """Accepted files that carry warnings."""
    causes: dict[str, int] = field(default_factory=dict)
    """What troubles its files, as `intake.files.item_keys` names it → how many; follows like the counts."""

    @property
    def announced(self) -> int:
        """How many files the sender announced; the next one has this number."""
        return self.declared - self.entries

    @property
    def unannounced(self) -> int:
        """How many of the expected files were neither announced nor found in an archive so far."""
        return max(0, (self.expected or 0) - self.declared)

    @property
    def complete(self) -> bool:
        return self.declared > 0 and not self.counts.get(State.AWAITING_UPLOAD)


def now() -> datetime:
    """Return the present moment, in UTC, to the millisecond (which is what the table keeps)."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def timestamp(moment: datetime) -> str:
    """Write a moment as RFC 3339 in UTC with milliseconds; such texts sort by time."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def read_modality(metadata: Mapping[str, Any]) -> str:
    """Return a DICOM file's modality, in capitals as the standard writes them (PS3.3 C.7.3.1.1.1); or nothing."""
    return str(metadata.get("modality", "")).strip().upper()[:16]


def patient_id_of(metadata: Mapping[str, Any]) -> str:
    """Return the Patient ID that a file states, or nothing."""
    patient = metadata.get("patient")
    return str(patient.get("id", "")) if isinstance(patient, dict) else ""


LONGEST_UID = 128
"""Characters. The standard allows 64 (PS3.5 9.1); some scanners write more."""


def read_study_uid(metadata: Mapping[str, Any]) -> str:
    """Return the Study Instance UID of a file that names its series too, or nothing."""
    return read_uid(metadata, "study_instance_uid") if read_series_uid(metadata) else ""


def read_series_uid(metadata: Mapping[str, Any]) -> str:
    return read_uid(metadata, "series_instance_uid")


def read_uid(metadata: Mapping[str, Any], name: str) -> str:
    uid = str(metadata.get(name, ""))
    return uid if uid.isascii() and len(uid) <= LONGEST_UID else ""


def short_text(metadata: Mapping[str, Any], name: str) -> str:
    return str(metadata.get(name, ""))[:16].strip()
