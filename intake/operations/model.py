"""Incidents, stuck files, quiet clinics, entries of the audit log."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from intake.files.keys import object_key
from intake.files.model import FileRecord, FileSummary, ObjectVersion


@dataclass(frozen=True, slots=True)
class QuietClinic:
    """A clinic that usually sends files at this time of the week, and has sent none."""

    clinic_id: str
    usual: int
    """Files that it sent in these hours of past weeks: their median."""
    since: datetime
    """When this was noticed."""


WINDOW = timedelta(hours=6)
WEEKS = 4
USUALLY = 3
FILES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One action of a person or a client. Opaque ids and codes only, but for `actor_name` and `reason`."""

    at: datetime
    actor: str
    """Opaque id of the user or the client."""
    actor_name: str
    """As the user pool calls them, for people to read: a member of staff's, never a patient's."""
    action: str
    """A dotted verb such as `file.reprocess` or `partner.revoke`, from `portal.actions`."""
    clinic_id: str = ""
    """The clinic that it concerns; empty for what concerns all or none."""
    subject: str = ""
    """Id of what was acted on: a file, an upload, a user, a client, a message."""
    reason: str = ""
    """Why, in the actor's words. Shown to admins only."""
    detail: dict[str, str] = field(default_factory=dict)
    """What else tells the action from others of its kind: numbers, codes, settings before and after."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """Which entries are wanted; what is left empty excludes none."""

    clinic_id: str = ""
    actor: str = ""
    action: str = ""
    """A whole action, or its beginning up to a dot: `file.`."""
    subject: str = ""
    since: datetime | None = None
    until: datetime | None = None


class Fault(StrEnum):
    """What is wrong. The values are the codes of alerts and logs."""

    LATE = "late"
    """A file has arrived, and has no verdict within the time that one may take."""
    OBJECT_MISSING = "object-missing"
    """A judged file's record names an object that its bucket does not hold."""
    OBJECT_UNCLAIMED = "object-unclaimed"
    """The accepted or the quarantine bucket holds an object that no record claims."""
    ARRIVAL_UNRECORDED = "arrival-unrecorded"
    """The incoming bucket holds an object that no record tells of."""
    SUMS_DIFFER = "sums-differ"
    """What was counted of an upload, or of a study of it, is not what the records make it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One fault: of an upload's sums, or of an object version (`ObjectIncident`)."""

    fault: Fault
    clinic_id: str
    upload_id: str
    """Empty where an object belongs to none."""
    seen_at: datetime
    """The object's last change, or when the fault was first seen where there is no object."""
    told: bool = False

    @property
    def incident_id(self) -> str:
        """What makes two findings the same incident: the fault, and what it is of. Opaque."""
        return f"{self.fault}#{self.upload_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectIncident(Incident):
    """One fault of one object version."""

    file_id: str
    object: ObjectVersion
    """Its key may hold a name: it stays in the table and is told to nobody."""

    @property
    def incident_id(self) -> str:
        version = "\0".join((self.object.bucket, self.object.key, self.object.version_id or ""))
        digest = hashlib.sha256(version.encode("utf-8", "surrogatepass")).hexdigest()
        return f"{self.fault}#{digest[:32]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SampledUpload:
    """An upload that was picked by chance, to be audited."""

    clinic_id: str
    upload_id: str
    files: int
    """Declared, or found without a declaration; as its items say, which may be wrong."""
    changed_at: datetime
    """When it began, or when the last of its files was written that is counted."""


@dataclass(frozen=True, slots=True)
class UploadAudit:
    """What an upload's sums, and those of its studies, were found to be by its records."""

    differing: tuple[str, ...]
    """What stands otherwise, by the kind of item and the number's own name: `study.instances`. None: all is exact."""
    is_moving: bool = False
    """Something of it kept changing, and was not looked at."""


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object version as a listing tells of it."""

    version: ObjectVersion
    last_modified: datetime
    """Of an object sent in parts, when its sending began."""
    in_parts: bool
    position: str
    """Where to go on behind it."""
    size: int
    """In bytes."""


@dataclass(frozen=True, slots=True)
class ObjectPage:
    """Some of a list, in its order."""

    held: tuple[StoredObject, ...]
    next: str
    """Where to go on; empty at the end."""


@dataclass(frozen=True, slots=True)
class AwaitedGroup:
    """Files that are awaited and were announced together; or one by itself, as an archive's entry is."""

    clinic_id: str
    upload_id: str
    created_at: datetime
    first: str
    """File id of the first of them. Some between the two may have arrived."""
    last: str
    position: str
    """Where to go on behind it."""
    file: FileSummary | None
    """Where it is one by itself."""

    @property
    def span(self) -> tuple[str, str]:
        """The first and the last key that one of its files may have."""
        return self.find_key(self.first), self.find_key(self.last)

    def find_key(self, file_id: str) -> str:
        return object_key(self.clinic_id, self.upload_id, file_id, self.created_at)


@dataclass(frozen=True, slots=True)
class Announcements:
    """What an upload has announced: numbers below `files`, each of which has its record."""

    clinic_id: str
    files: int
    first_day: str
    last_day: str
    """As `yyyy-mm-dd`; empty for an upload of times that did not keep it."""

    def answers(self, clinic_id: str, number: int, day: str) -> bool:
        """Say whether a key with that clinic, number and day is surely that of an announced file.

        An upload that announced on several days cannot tell on which of them.
        """
        return clinic_id == self.clinic_id and number < self.files and self.first_day == self.last_day == day


@dataclass(frozen=True, slots=True)
class RecordedIds:
    """What the table knows of some files and uploads."""

    files: dict[str, FileRecord]
    uploads: dict[str, Announcements]


@dataclass(frozen=True, slots=True)
class LastError:
    """Why a message was delivered for the last time in vain."""

    message_id: str
    error: str
    """The error's class, and AWS's code where there is one; never its text."""
    at: datetime


@dataclass(frozen=True, slots=True)
class StuckFile:
    """A file whose object stands in the incoming bucket, unjudged."""

    file_id: str
    clinic_id: str
    arrived_at: datetime
    seen_at: datetime
    """When the sweep saw it so."""
