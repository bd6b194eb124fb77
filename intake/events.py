"""What the main queue brings, read into the domain's words.

Sources: Amazon S3 User Guide, "Event message structure"; Amazon DynamoDB Developer Guide, "Streams and Lambda".
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote_plus, unquote_plus

from intake.commands import DoTask, FindFiles, command_of
from intake.errors import ScalperError
from intake.record import ObjectVersion

EXPAND = "expand"
"""What a message of ours holds, where S3's notifications hold `Records`."""


class UnreadableEventError(ScalperError):
    """Raised when a message is not an event that this system knows; it ends among the dead letters, unlost."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """An object version that has landed in the incoming bucket."""

    object: ObjectVersion
    at: datetime


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

    def message(self) -> dict[str, Any]:
        """Return the message that asks for the expansion: opaque ids and no names."""
        return {EXPAND: asdict(self)}


def order_of(body: dict[str, Any]) -> FindFiles | DoTask | None:
    """Return what a message asks in an order's name, or None for a message of another kind."""
    try:
        return command_of(body)
    except ValueError as error:
        raise UnreadableEventError(str(error)) from None


def slice_of(body: dict[str, Any]) -> Slice | None:
    """Return the slice that a message asks to be expanded, or None for a message of another kind."""
    if EXPAND not in body:
        return None
    try:
        wanted = dict(body[EXPAND])
        return Slice(**{**wanted, "stored": ObjectVersion(**wanted["stored"])})
    except (KeyError, TypeError, ValueError) as error:
        raise UnreadableEventError(f"the message names no slice of an archive: {type(error).__name__}") from None


def arrivals(body: dict[str, Any]) -> Iterator[Arrival]:
    """Yield the objects that one S3 notification tells of; S3's test message tells of none."""
    if body.get("Event") == "s3:TestEvent":
        return
    try:
        for record in body["Records"]:
            if record["eventName"].removeprefix("s3:").startswith("ObjectCreated:"):
                yield _arrival(record)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        # The event holds a key, which for a direct drop may hold a name: say what is wrong, not what it says.
        raise UnreadableEventError(f"the message is no S3 event: {type(error).__name__}") from None


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


def _arrival(record: dict[str, Any]) -> Arrival:
    target = record["s3"]["object"]
    version = ObjectVersion(record["s3"]["bucket"]["name"], unquote_plus(target["key"]), target.get("versionId"))
    at = datetime.fromisoformat(record["eventTime"])
    if at.tzinfo is None:
        raise ValueError("an event's time needs its zone")
    return Arrival(version, at)
