"""What follows from a changed record: read from the table's stream, counted, told.

Source: Amazon DynamoDB Developer Guide, "DynamoDB Streams and Lambda triggers".
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from intake.errors import NotFoundError
from intake.files.model import Source, Upload, now
from intake.files.states import State
from intake.messaging.model import Alert, AlertKind, Event, EventKind
from intake.messaging.ports import Alerts, Events
from intake.projections.model import Change, DueAlert
from intake.projections.ports import Outbox, Projections
from intake.projections.tally import ALERT_KINDS
from processor.projection import alert_texts

CALM = timedelta(minutes=2)
"""How long an upload must stay complete before this is told, where nobody said how many files were to come: senders
announce a long list in pieces, and each piece may be done before the next one is announced."""


class Projector:
    """Applies changes of records to the sums, and sends the alerts that fall due."""

    def __init__(
        self,
        projections: Projections,
        outbox: Outbox,
        alerts: Alerts,
        *,
        events: Events,
        upload_of: Callable[[str], Upload],
        portal_origin: str,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self._projections = projections
        self._outbox = outbox
        self._alerts = alerts
        self._events = events
        self._upload_of = upload_of
        self._portal_origin = portal_origin
        self._clock = clock

    def project(self, changes: Sequence[Change]) -> int:
        """Count the changes and tell what is due. Return how many alerts were sent."""
        self._projections.apply(changes)
        # A crash after this tells the same events again, by the same ids.
        self._events.publish(list_events(changes))
        worth_telling = dict.fromkeys(
            (ALERT_KINDS[change.after], change.upload_id) for change in changes if change.after in ALERT_KINDS
        )
        counted = [change for change in changes if change.after is not State.AWAITING_UPLOAD]
        announced = dict.fromkeys(change.upload_id for change in counted if change.source != Source.DIRECT)
        finished = [(AlertKind.COMPLETED, upload_id) for upload_id in announced if self._announce(upload_id)]
        return sum(self.tell(kind, upload_id) for kind, upload_id in (*worth_telling, *finished))

    def tell_pending(self) -> int:
        """Send what came while an alert of its kind was held back. Return how many alerts were sent."""
        return sum(self.tell(kind, subject) for kind, subject in list(self._outbox.list_pending_alerts()))

    def tell(self, kind: str, subject: str) -> bool:
        """Send one alert if it is due. A crash after sending repeats it; none is lost."""
        due = self._outbox.take_due_alert(kind, subject, self._clock())
        if due is None:
            return False
        alert = self._write_alert(due)
        if alert is not None:
            self._alerts.publish(alert)
        self._outbox.mark_told(due, self._clock())
        return alert is not None

    def _announce(self, upload_id: str) -> bool:
        """Have an upload's completion told, once for each number of files that it was complete with."""
        try:
            upload = self._upload_of(upload_id)
        except NotFoundError:
            # Nothing that its files add up to may be held up by an upload that cannot be told of.
            return False
        if not _is_complete(upload):
            return False
        at = self._clock()
        due_at = at if upload.expected else at + CALM
        self._outbox.announce(AlertKind.COMPLETED, upload.clinic_id, upload_id, str(upload.declared), due_at)
        return True

    def _write_alert(self, due: DueAlert) -> Alert | None:
        """Write an alert; None where it is no longer true."""
        if due.kind != AlertKind.COMPLETED:
            return WRITERS[due.kind](due, self._portal_origin)
        upload = self._upload_of(due.subject)
        if not _is_complete(upload):
            return None
        self._events.publish([describe_completion(upload, self._clock())])
        return alert_texts.write_completed(due, upload, self._portal_origin)


WRITERS: dict[str, Callable[[DueAlert, str], Alert]] = {
    AlertKind.REJECTED: alert_texts.write_rejected,
    AlertKind.FAILED: alert_texts.write_failed,
    AlertKind.QUIET: alert_texts.write_quiet,
    AlertKind.LATE: alert_texts.write_late,
    AlertKind.DISAGREEMENT: alert_texts.write_disagreement,
    AlertKind.REVIEW: alert_texts.write_review,
}


def _is_complete(upload: Upload) -> bool:
    return upload.complete and not upload.unannounced


_OF_FILES = {State.REJECTED: EventKind.FILE_REJECTED, State.FAILED: EventKind.FILE_FAILED}


def list_events(changes: Sequence[Change]) -> list[Event]:
    """Return the events of some changes: one for each file that was rejected or failed, and one for each study."""
    events: list[Event] = []
    last: dict[tuple[str, str], Change] = {}
    for change in {(change.file_id, change.revision): change for change in changes}.values():
        kind = _OF_FILES.get(change.after)
        if kind is not None and change.before is not change.after:
            # The same id as in the change feed, so that who reads both tells an event from its repetition.
            about = {"file_id": change.file_id, "upload_id": change.upload_id, "codes": list(change.codes)}
            events.append(Event(f"{change.file_id}.{change.revision}", kind, change.clinic_id, change.at, about))
        if change.instance is not None:
            study = (change.clinic_id, change.instance.study_uid)
            last[study] = max(last.get(study, change), change, key=lambda one: (one.file_id, one.revision))
    for (clinic_id, study_uid), change in last.items():
        event_id = f"{change.file_id}.{change.revision}.study"
        data = {"study_uid": study_uid, "upload_id": change.upload_id}
        events.append(Event(event_id, EventKind.STUDY_UPDATED, clinic_id, change.at, data))
    return events


def describe_completion(upload: Upload, at: datetime) -> Event:
    """Return the event of an upload that is complete, as it is with so many files."""
    counts = {state.value: count for state, count in upload.counts.items() if count}
    return Event(
        f"{upload.upload_id}.{upload.declared}",
        EventKind.UPLOAD_COMPLETED,
        upload.clinic_id,
        at,
        {"upload_id": upload.upload_id, "declared": upload.declared, "counts": counts, "warnings": upload.warnings},
    )
