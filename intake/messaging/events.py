"""What the main queue brings, read into the domain's words.

Sources: Amazon S3 User Guide, "Event message structure"; Amazon GuardDuty User Guide, "Monitoring S3 object scans with
Amazon EventBridge"; Amazon DynamoDB Developer Guide, "Streams and Lambda".
"""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Self
from urllib.parse import quote_plus, unquote_plus

from intake.errors import ScalperError
from intake.files import scan as scans
from intake.files.keys import is_folder_marker, is_of_file
from intake.files.model import FileRecord, ObjectVersion
from intake.files.scan import SOURCE, VALIDATION_OBJECT, Scan, result_of
from intake.files.states import State
from intake.orders.commands import DoTask, FindFiles, parse_command

EXPAND, SETTLE = "expand", "settle"
"""What messages of ours hold, where S3's notifications hold `Records`."""


class UnreadableEventError(ScalperError):
    """Raised when a message is not an event that this system knows; it ends among the dead letters, unlost."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """An object version that has landed in the incoming bucket."""

    object: ObjectVersion
    at: datetime
    """When it landed; where a scan tells of it, when the scan ended."""
    scan: Scan | None = None
    """How its malware scan ended, where that is what tells of it."""


@dataclass(frozen=True, slots=True)
class Slice:
    """Some entries of an accepted archive, which are to become files of their own."""

    clinic_id: str
    upload_id: str
    file_id: str
    """The archive's."""
    stored: ObjectVersion
    """The archive's, in the accepted bucket."""
    first: int
    """Place of the first entry in the archive's directory."""
    count: int
    """How many places the slice spans."""

    def is_of(self, archive: FileRecord) -> bool:
        """Say whether it is an accepted archive's, as its record says: its clinic's, its upload's, its own bytes.

        A duplicate's may have been given a copy of their own since the slice was asked for.
        """
        named = (self.clinic_id, self.upload_id, self.file_id)
        held = archive.stored and (archive.stored.bucket, archive.stored.key)
        own = named == (archive.clinic_id, archive.upload_id, archive.file_id)
        has_copy = archive.stored is not None and is_of_file(archive.stored.key, archive.file_id)
        held_then = held == (self.stored.bucket, self.stored.key) or (archive.settled and has_copy)
        return own and archive.state is State.ACCEPTED and held_then

    def message(self) -> dict[str, Any]:
        """Return the message that asks for the expansion: opaque ids and no names."""
        return {EXPAND: asdict(self)}

    @classmethod
    def read(cls, members: dict[str, Any]) -> Self:
        return cls(**{**members, "stored": ObjectVersion(**members["stored"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """The wish that an accepted archive's verdict be held against its entries', as soon as these have theirs."""

    clinic_id: str
    upload_id: str
    file_id: str
    """The archive's."""
    since: str
    """When this was first asked, as RFC 3339."""
    attempt: int = 0
    """How often somebody has looked in vain."""
    seen: int = 0
    """How many of the first entries have their verdict, as was seen before: of these,"""
    accepted: int = 0
    rejected: int = 0

    def message(self) -> dict[str, Any]:
        """Return the message that asks for it: opaque ids and no names."""
        return {SETTLE: asdict(self)}


@dataclass(frozen=True, slots=True)
class ObjectsCreated:
    """A notification of S3: objects that landed. Its test message tells of none."""

    arrivals: tuple[Arrival, ...]


@dataclass(frozen=True, slots=True)
class MalwareScanResult:
    """What GuardDuty, through EventBridge, says of an object; of nobody's where it only tried the bucket."""

    arrivals: tuple[Arrival, ...]


@dataclass(frozen=True, slots=True)
class Unknown:
    """A message of no kind that this system knows."""

    reason: str
    """What is wrong with it, in words that hold nothing of it."""


Message = ObjectsCreated | MalwareScanResult | Slice | Settlement | FindFiles | DoTask | Unknown
"""All that the main queue may bring, and so all that may lie among its dead letters."""


def parse(body: dict[str, Any]) -> Message:
    """Read a message of the main queue. A redriven one is what it was at first."""
    message: Message = Unknown("the message is of no kind that is known")
    try:
        match body:
            case {"command": _}:
                message = parse_command(body)
            case {"expand": members}:
                message = Slice.read(members)
            case {"settle": members}:
                message = Settlement(**members)
            case {"Event": "s3:TestEvent"}:
                message = ObjectsCreated(())
            case {"detail-type": scans.EVENT}:
                message = MalwareScanResult(tuple(_read_scan(body)))
            case {"Records": records}:
                message = ObjectsCreated(tuple(_read_created(records)))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        # The event holds a key, which for a direct drop may hold a name: say what is wrong, not what it says.
        return Unknown(f"the message lacks what its kind holds: {type(error).__name__}")
    return message


def notification(arrival: Arrival) -> dict[str, Any]:
    """Return the notification that S3 would send for an arrival; the sweep sends it again."""
    return {
        "Records": [
            {
                "eventSource": "aws:s3",
                "eventName": "ObjectCreated:Put",
                "eventTime": arrival.at.isoformat(),
                "s3": {
                    "bucket": {"name": arrival.object.bucket},
                    "object": {
                        "key": quote_plus(arrival.object.key, safe="/"),
                        "versionId": arrival.object.version_id,
                    },
                },
            }
        ]
    }


def _read_created(records: Iterable[dict[str, Any]]) -> Iterator[Arrival]:
    for record in records:
        if record["eventName"].removeprefix("s3:").startswith("ObjectCreated:"):
            target = record["s3"]["object"]
            key = unquote_plus(target["key"])
            version = ObjectVersion(record["s3"]["bucket"]["name"], key, target.get("versionId"))
            arrival = Arrival(version, _read_moment(record["eventTime"]))
            if key != VALIDATION_OBJECT and not is_folder_marker(key, target.get("size", -1)):
                yield arrival


def _read_scan(event: dict[str, Any]) -> Iterator[Arrival]:
    detail = event["detail"]
    if event["source"] != SOURCE or detail["resourceType"] != "S3_OBJECT":
        raise ValueError("the event tells of another scan")
    target = detail["s3ObjectDetails"]
    # Keys stand as they are in EventBridge's events, where S3's notifications encode them. Without its version, a
    # result could be taken for that of other bytes under the same key.
    names = [target[name] for name in ("bucketName", "objectKey", "versionId")]
    if not all(isinstance(name, str) and name for name in names):
        raise ValueError("an event names its object in full")
    version = ObjectVersion(*names)
    if version.key != VALIDATION_OBJECT:
        yield Arrival(version, _read_moment(event["time"]), result_of(detail))


def _read_moment(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("an event's time needs its zone")
    return at
