"""Changes of records, and what they are added up to."""

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum, StrEnum
from typing import NamedTuple

from intake.files.model import Metadata
from intake.files.states import State
from intake.studies.exams import Exam
from intake.studies.model import Instance

LONGEST_LABEL = 64
"""Characters of a device's make and model."""

OTHER = "other"
"""The key under which a clinic's devices are counted that are too many to be told apart."""
OTHER_LABEL = "Other devices"


@dataclass(frozen=True, slots=True)
class Filed:
    """The study that a judged file says it belongs to, whatever its verdict."""

    study_id: str
    modality: str = ""
    study_date: str = ""
    """`YYYYMMDD`, as the file says."""


class StudyNames(NamedTuple):
    """A study by its id and its UID."""

    study_id: str
    study_uid: str


@dataclass(frozen=True, slots=True)
class Device:
    """A device of a clinic."""

    key: str
    """12 hexadecimal digits, different for each clinic, make, model, station and serial number; or `OTHER`."""
    label: str
    """Make and model as the files say, and the key's beginning, which tells equal ones apart."""


def device(clinic_id: str, metadata: Metadata) -> Device | None:
    """Return what a DICOM file's metadata says of its device, or None where it says nothing."""
    names = ("manufacturer", "manufacturer_model", "station_name", "device_serial_number")
    values = (metadata.get(name, "") for name in names)
    words = [" ".join(value.split()) if isinstance(value, str) and value.isprintable() else "" for value in values]
    if not any(words):
        return None
    key = hashlib.sha256("\0".join([clinic_id, *words]).encode("utf-8", "surrogatepass")).hexdigest()[:12]
    name = " ".join(filter(None, words[:2]))[:LONGEST_LABEL].strip()
    return Device(key, f"{name or 'Unnamed device'} · {key[:4]}")


class Place(StrEnum):
    """What a file is to what its sender expected, besides one more image; the value is the sum's name."""

    DOCUMENT = "documents"
    REPEAT = "repeats"
    """The upload holds another of it."""
    REPLACED = "replaced"
    """Another file of the upload took over what it was to be."""


@dataclass(frozen=True, slots=True)
class Counted:
    """How an upload counts one of its files (docs/adr/0042-counting-what-a-clinic-counts.md)."""

    container: bool = False
    """It stands beside the files: its entries are counted."""
    place: Place | None = None
    duplicate: bool = False
    """It was accepted, and was here already."""
    elsewhere: str = ""
    """The accepted file of another upload that it is the same as. The first such of an upload adds to it, the others
    are repeats, which is known once the sums are to be written."""
    handled: bool = False
    """It is in trouble that needs nobody any more."""
    inside: bool = False
    """It was found in an archive."""


ONE_MORE = Counted()
"""What nobody knows anything of yet."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What sums are made of: one revision of a record."""

    state: State
    size: int = 0
    warnings: int = 0
    counted: Counted = ONE_MORE
    cause: str = ""
    """What troubles the file, as `intake.files.item_keys` names it."""
    filed: Filed | None = None
    trouble: StudyNames | None = None
    """The study that the file is in trouble in: rejected or failed, and nobody has seen to it."""
    instance: Instance | None = None
    """What the file stands for in its study: accepted, no duplicate, and its place taken by no other."""
    duplicate: bool = False
    unsettled: bool = False
    """The file is an accepted archive whose verdict is still to be held against its entries': it counts as awaited."""
    entries: int = 0
    """How many files an archive holds that was accepted, also where it was rejected for them afterwards."""
    dropped: bool = False
    """Nobody announced the file: it was dropped into S3."""


@dataclass(frozen=True, slots=True)
class Change:
    """One revision of one file's record, as the table's stream tells it."""

    file_id: str
    upload_id: str
    clinic_id: str
    source: str
    revision: int
    old: Snapshot | None
    new: Snapshot
    at: datetime
    codes: tuple[str, ...] = ()
    latency_ms: int | None = None
    shadow: tuple[str, ...] = ()
    exam: Exam | None = None
    """Whose and what the exam is, as a file says that is new to its study, or was rejected or failed."""
    device: Device | None = None
    """What made the file, where it says so and was judged."""
    announced_at: datetime | None = None
    """When the file was announced with others, where this change ends its being awaited."""

    @property
    def before(self) -> State | None:
        return self.old.state if self.old else None

    @property
    def after(self) -> State:
        return self.new.state


class Grain(Enum):
    """How long the stretches of time are that are counted together, in UTC."""

    FIVE_MINUTES = timedelta(minutes=5)
    HOUR = timedelta(hours=1)
    DAY = timedelta(days=1)

    def start(self, at: datetime) -> datetime:
        """Return when the stretch began that `at` lies in."""
        midnight = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        return midnight + (at - midnight) // self.value * self.value


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceTally:
    """What became of the files of one device."""

    accepted: int = 0
    rejected: int = 0
    codes: dict[str, int] = field(default_factory=dict)
    """Finding code → files it rejected."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """One clinic's stretch of time: files by state, bytes newly stored, verdicts by latency, code and device."""

    clinic_id: str
    start: datetime
    counts: dict[State, int]
    bytes: int
    """Accepted and stored: a duplicate's bytes are not stored again."""
    latency: dict[int, int]
    """Upper bound in ms of each histogram bin → verdicts in it."""
    codes: dict[str, int]
    """Finding code → files it rejected."""
    shadow: dict[str, int] = field(default_factory=dict)
    """Code of a rule that a profile only counts → files that break it."""
    devices: dict[str, DeviceTally] = field(default_factory=dict)
    """By the device's key, which `Projections.device_labels` explains."""
    accepted_again: int = 0
    """Of the accepted files, those that had been rejected before."""


@dataclass(frozen=True, slots=True)
class History:
    """One clinic's days, oldest first, without those on which nothing happened."""

    days: tuple[Bucket, ...]
    device_labels: dict[str, str]
    """By the device's key."""


@dataclass(frozen=True, slots=True)
class Holding:
    """What a clinic has stored since its beginning, less what was deleted."""

    clinic_id: str
    files: int
    bytes: int


@dataclass(frozen=True, slots=True)
class DueAlert:
    """Something worth telling that has not been told."""

    kind: str
    clinic_id: str
    subject: str
    """Id of the upload or the clinic that it is about."""
    count: int
    codes: dict[str, int]
    first_file_id: str
    first_upload_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedEntry:
    """A verdict in the change feed: what became of a file. `revision` tells a file's entries apart."""

    file_id: str
    upload_id: str
    revision: int
    before: State | None
    """None for an object that was dropped into S3, whose record begins with its verdict."""
    after: State
    at: datetime
    codes: tuple[str, ...] = ()
    warnings: int = 0

    @property
    def change_id(self) -> str:
        return f"{self.file_id}.{self.revision}"


@dataclass(frozen=True, slots=True)
class FeedPage:
    """Some entries, in order, and where to go on: `next` stands behind the last of them, also when there is none."""

    entries: tuple[FeedEntry, ...]
    next: str
    more: bool
    """Entries that stand behind it already."""
