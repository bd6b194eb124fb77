"""A verdict as it is to be recorded, what becomes of it, and pages of records."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Generic, TypeVar

from intake.files.model import FileRecord, Finding, Metadata, ObjectVersion, TimelineEntry
from intake.files.scan import Scan
from intake.files.states import State

Row_co = TypeVar("Row_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The files before and behind one in its upload, in the order of announcement; None at either end."""

    previous: FileRecord | None
    following: FileRecord | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PastVerdict:
    """What a verdict counted that another one takes the place of; its record keeps it, for whoever recounts days."""

    revision: int
    """Of the record when it was judged again."""
    codes: tuple[str, ...] = ()
    shadow: tuple[str, ...] = ()
    device: tuple[str, ...] = ()
    """Key and label of the device; nothing where the file named none."""


@dataclass(frozen=True, slots=True)
class Again:
    """How a file comes to another verdict: people asked for it."""

    revision: int
    """Of the record that was judged again: a change of it in between makes the new verdict void."""
    steps: tuple[TimelineEntry, ...]
    """Who asked, and for what."""
    judged: bool
    """It had a verdict, whose timings stay: how long the first one took is what is measured."""
    past: PastVerdict | None = None
    """What the earlier verdict counted, where it had one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The fate of one object version, ready to be recorded."""

    clinic_id: str
    upload_id: str
    file_id: str
    state: State
    """ACCEPTED or REJECTED."""
    incoming: ObjectVersion
    stored: ObjectVersion
    size: int
    etag: str
    """S3's, of the incoming object: tells equal bytes where no checksum is known, and is else without meaning."""
    sha256: str | None
    kind: str
    findings: tuple[Finding, ...]
    metadata: Metadata
    rules_version: str
    arrived_at: datetime
    """As S3 dates the object: of one sent in parts, when its sending began."""
    decided_at: datetime
    judging_ms: int
    duplicate_of: str | None = None
    sop_instance_uid: str | None = None
    """Claimed for the clinic when accepted: no two accepted files share it, unless one took the other's place."""
    conflicts_with: str | None = None
    """The file that stands in the way of this one, with the same SOP Instance UID and another image."""
    replaces: str | None = None
    """The file whose claim on the SOP Instance UID this one takes over, as two people decided."""
    profile_version: str | None = None
    name: str = ""
    """The last segment of the key, for an object without a reservation."""
    shadow: tuple[str, ...] = ()
    """Codes of broken rules that the clinic's profile only counts."""
    again: Again | None = None
    scan: Scan | None = None
    """How the malware scan ended; None where none was asked for."""
    told_at: datetime | None = None
    """When S3 told of the object, where that is known."""

    @property
    def waited_ms(self) -> int:
        """How long the file waited, from when S3 told of it."""
        return max(0, round((self.decided_at - (self.told_at or self.arrived_at)).total_seconds() * 1000))


class Outcome(Enum):
    """What became of a verdict that was to be recorded."""

    RECORDED = auto()
    ALREADY_RECORDED = auto()
    """This object version has its verdict already: a redelivered event. No other object for what was deleted."""
    NO_RESERVATION = auto()
    """The key looks like a reservation's, but none of its clinic stands behind it that reserved this bucket and key; or
    another version has been judged under it."""
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


RESERVED_AT_ONCE = 98
"""Files that are reserved as a whole: none of them stays behind where one is refused. DynamoDB takes 100 items in one
transaction; the upload is one of them, and the batch of its files."""


@dataclass(frozen=True, slots=True)
class Page(Generic[Row_co]):
    """Rows and where to go on: `next` is what the next page comes after, None on the last one.

    In the system it is a position, such as a sort key, and for the list's own reader; outside a cursor, which is sealed
    (`portal/cursors.py`).
    """

    rows: tuple[Row_co, ...]
    next: str | None = None
    looked_back_to: datetime | None = None
    """Where a search ended the page early: every file since this moment was looked at, and older ones were not."""
