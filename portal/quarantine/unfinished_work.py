"""Work that was not finished: messages that were given up, and files that wait for us and not for their sender.

A dead letter is told by what it asks for and by ids. A key is not shown: that of a dropped object may hold a name.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, StrEnum, auto
from typing import Any, assert_never

from intake.errors import NotFoundError
from intake.files import keys
from intake.files.model import FileSummary
from intake.files.outcomes import Page
from intake.files.states import State
from intake.languages import mark
from intake.messaging.events import Arrival, MalwareScanResult, ObjectsCreated, Settlement, Slice, Unknown, parse
from intake.messaging.model import QueuedMessage
from intake.messaging.ports import DeadLetters
from intake.operations.model import StuckFile
from intake.orders.commands import DoTask, FindFiles
from intake.orders.model import Order, Selection, Task
from intake.table.queries import StreamStretch
from portal.audit import note
from portal.auth.identity import Identity
from portal.cursors import Cursor
from portal.presentation.languages import gettext
from portal.quarantine import orders
from portal.services import Services
from portal.uploads import visibility

SHOWN = 100
"""Letters of a queue shown at a time."""
MOVED = 500
"""Letters redriven by one request; more take another."""
_UNREADABLE = mark("A message that cannot be read")
_NOBODY_KNOWS = mark("It cannot be understood, so trying it again will not help.")
KEPT_BY_STREAM = timedelta(hours=24)
"""How long the table's stream holds its records (Amazon DynamoDB Developer Guide, "DynamoDB Streams")."""


class DeadLetterQueue(StrEnum):
    """The queues that letters end in."""

    JUDGING = "judging"
    PROJECTIONS = "projections"
    EXPORTS = "exports"


@dataclass(frozen=True, slots=True)
class Letter:
    """A message that was given up."""

    message_id: str
    what: str
    """What it asks for, in words."""
    file_ids: tuple[str, ...]
    order_id: str
    sent_at: datetime | None
    deliveries: int
    """Including the looks at it."""
    error: str
    """Class and code of the last error, where it was noted."""
    not_redrivable: str = ""
    """Why redriving cannot help, where it cannot."""


def list_letters(services: Services, queue: DeadLetterQueue) -> tuple[Letter, ...]:
    """Return the letters of a queue, oldest first."""
    messages = _find_queue(services, queue).peek(SHOWN)
    last_errors = services.last_errors.find([message.message_id for message in messages])
    known = {message_id: error.error for message_id, error in last_errors.items()}
    return tuple(
        _read_letter(services, queue, message, known.get(message.message_id, ""))
        for message in sorted(messages, key=_find_age)
    )


def redrive(services: Services, identity: Identity, queue: DeadLetterQueue, message_id: str = "") -> int:
    """Have letters tried again: all, or one. Return how many went; none where another took them first."""
    note(services, identity, "letter.redrive", subject=message_id or queue, queue=queue)
    return _find_queue(services, queue).redrive(MOVED, message_id)


def discard(services: Services, identity: Identity, queue: DeadLetterQueue, message_id: str, reason: str) -> None:
    """Remove a letter for good. Raises NotFoundError."""
    found = {letter.message_id: letter for letter in list_letters(services, queue)}.get(message_id)
    if found is None:
        raise NotFoundError("there is no such letter")
    note(
        services,
        identity,
        "letter.discard",
        subject=message_id,
        reason=reason,
        queue=queue,
        files=",".join(found.file_ids),
    )
    _find_queue(services, queue).discard(MOVED, message_id)


def _find_queue(services: Services, queue: DeadLetterQueue) -> DeadLetters:
    queues = {
        DeadLetterQueue.JUDGING: services.dead_letters,
        DeadLetterQueue.PROJECTIONS: services.projection_failures,
        DeadLetterQueue.EXPORTS: services.export_failures,
    }
    return queues[queue]


def _read_letter(services: Services, queue: DeadLetterQueue, message: QueuedMessage, error: str) -> Letter:
    if queue is DeadLetterQueue.JUDGING:
        what, file_ids, order_id = _describe_request(services, message.body)
        not_redrivable = gettext(_NOBODY_KNOWS) if what == gettext(_UNREADABLE) else ""
    else:
        what, file_ids, order_id, not_redrivable = _describe_stretch(services, queue, message)
    return Letter(
        message.message_id, what, file_ids, order_id, message.sent_at, message.receives, error, not_redrivable
    )


def _describe_request(services: Services, body: dict[str, Any]) -> tuple[str, tuple[str, ...], str]:
    """Return what a message of the main queue asks for, about which files, and for which order."""
    match parse(body):
        case DoTask(task=task, file_id=file_id, order_id=order_id):
            return gettext(_ORDERED[task]), (file_id,), order_id
        case FindFiles(order_id=order_id):
            return gettext("Order: find its files"), (), order_id
        case Slice(file_id=archive_id, count=count):
            told = gettext("Unpack {count} entries of an archive").format(count=count)
            return told, (archive_id,), ""
        case Settlement(file_id=archive_id):
            return gettext("Compare an archive's verdict with its entries'"), (archive_id,), ""
        case ObjectsCreated(arrivals) | MalwareScanResult(arrivals):
            scans = [gettext("its malware scan: {ended}").format(ended=one.scan) for one in arrivals if one.scan]
            return (
                "; ".join([gettext("Check what arrived"), *scans]),
                tuple(filter(None, (_find_file_id(services, one) for one in arrivals))),
                "",
            )
        case Unknown():
            return gettext(_UNREADABLE), (), ""
        case other:
            assert_never(other)


def _find_file_id(services: Services, arrival: Arrival) -> str:
    """Return the file's id; or nothing, where a scan tells of a dropped object: its id follows from when it landed.

    Of S3's notice that is the day as well, but for what landed in the second before a midnight.
    """
    version = arrival.object
    reserved = keys.reservation(version.key)
    if reserved is None and arrival.scan:
        return ""
    return (reserved or services.ids.place_direct(version.bucket, version.key, version.version_id, arrival.at)).file_id


def _describe_stretch(
    services: Services, queue: DeadLetterQueue, message: QueuedMessage
) -> tuple[str, tuple[str, ...], str, str]:
    try:
        stretch = StreamStretch.read(message.body)
    except ValueError:
        return gettext(_UNREADABLE), (), "", gettext(_NOBODY_KNOWS)
    size = message.body["DDBStreamBatchInfo"].get("batchSize") or gettext("some")
    # The letter is younger than its records by as long as they were tried, and newly sent by each redrive.
    began_at = stretch.arrived_at or message.sent_at
    lost = began_at is not None and services.clock() - began_at > KEPT_BY_STREAM
    work, loss = map(gettext, _FOLLOWERS[queue])
    why = f"{gettext('The stream kept these records for 24 hours only.')} {loss}"
    return work.format(count=size), (), "", why if lost else ""


_ORDERED = {
    Task.REPROCESS: "Order: check one file again",
    Task.TRY: "Order: dry run of one file",
    Task.ACCEPT: "Order: accept one file",
    Task.DELETE: "Order: delete one file",
}

_FOLLOWERS = {
    DeadLetterQueue.PROJECTIONS: ("Count {count} changes of records", "The counts lack these changes."),
    DeadLetterQueue.EXPORTS: (
        "Write {count} changes of records for the analytics",
        "The analytics lack these verdicts.",
    ),
}
"""Those who follow the table's stream: what a batch asks of them, and what it means that it is lost."""


def _find_age(message: QueuedMessage) -> float:
    return message.sent_at.timestamp() if message.sent_at else 0


class WorkList(Enum):
    """What waits for admins."""

    REJECTED = auto()
    REVIEWS = auto()
    STUCK = auto()
    DEAD_LETTERS = auto()


MOST_COUNTED = 99
"""Of each list; where there is more, this is told."""


def count_work(services: Services) -> dict[WorkList, int]:
    """Count what waits in each list, up to one more than `MOST_COUNTED`; of dead letters about how many there are."""
    rejected = services.records.files(None, State.REJECTED, None, None, MOST_COUNTED + 1)
    failed = services.records.files(None, State.FAILED, None, None, MOST_COUNTED + 1)
    return {
        WorkList.REJECTED: len(rejected.rows),
        WorkList.REVIEWS: len(services.reviews.list_waiting(MOST_COUNTED + 1)),
        WorkList.STUCK: len(list_stuck(services)) + len(failed.rows),
        WorkList.DEAD_LETTERS: sum(_find_queue(services, queue).depth() for queue in DeadLetterQueue),
    }


SEEN_WITHIN = timedelta(minutes=12)
"""The sweep looks every five minutes: what it did not see stuck twice in a row is no longer so."""

STUCK_SHOWN = 500


def list_stuck(services: Services) -> tuple[StuckFile, ...]:
    """Return files that arrived and have no verdict, those first that have waited longest."""
    seen = services.stuck_files.list_seen(services.clock() - SEEN_WITHIN, STUCK_SHOWN)
    records = services.records.get_many([file.file_id for file in seen])
    still = {file_id for file_id, record in records.items() if record.state is State.AWAITING_UPLOAD}
    return tuple(file for file in seen if file.file_id in still)


def list_failed(services: Services, identity: Identity, cursor: Cursor, limit: int) -> Page[FileSummary]:
    """Return files that failed on our side, newest first. Raises InvalidCursorError."""
    return visibility.list_files(services, identity, state=State.FAILED, since=None, cursor=cursor, limit=limit)


def check(services: Services, identity: Identity, state: State, file_ids: tuple[str, ...], *, order_id: str) -> Order:
    """Have files judged: those named, or all that are in such a state."""
    named = file_ids
    if not named and state is State.AWAITING_UPLOAD:
        # Most of those that are awaited have not arrived; only the ones that the sweep saw are meant.
        named = tuple(file.file_id for file in list_stuck(services))
    chosen = Selection(file_ids=named, state=state)
    return orders.place(services, identity, Task.REPROCESS, chosen, order_id=order_id)
