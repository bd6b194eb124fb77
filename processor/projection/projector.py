"""What follows from a changed record: read from the table's stream, counted, told.

Source: Amazon DynamoDB Developer Guide, "DynamoDB Streams and Lambda triggers".
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from intake.errors import NotFoundError
from intake.files.keys import UNASSIGNED
from intake.files.model import Source, Upload, now
from intake.files.states import State
from intake.files.upload_state import count_missing, find_upload_state
from intake.languages import ENGLISH, speaking
from intake.messaging.model import OF_OPERATIONS, Alert, AlertKind, Event, EventKind
from intake.messaging.ports import Alerts, Events
from intake.projections.contributions import find_new_instance
from intake.projections.model import Change, DueAlert
from intake.projections.ports import Outbox, Projections
from intake.projections.tally import ALERT_KINDS
from processor.projection import alert_texts, operations_texts
from processor.projection.replacements import Replacements

COUNTED = frozenset(State) - {State.AWAITING_UPLOAD}
"""States of which something follows: that a file is awaited follows from its upload, and nobody is invoked for it."""

CALM = timedelta(minutes=2)
"""How long an upload must stay complete before this is told, where nobody said how many files were to come: senders
announce a long list in pieces, and each piece may be done before the next one is announced."""

PATIENCE = timedelta(minutes=10)
"""How long files may be missing before this is told: who sends them may be about to announce them."""


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
        language_of: Callable[[str], str],
        replacements: Replacements,
        portal_origin: str,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self._projections = projections
        self._outbox = outbox
        self._alerts = alerts
        self._events = events
        self._upload_of = upload_of
        self._language_of = language_of
        self._replacements = replacements
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
        counted = [change for change in changes if change.after in COUNTED]
        finished = [
            (AlertKind.COMPLETED, upload_id)
            for upload_id in dict.fromkeys(change.upload_id for change in counted)
            if self._follow(upload_id, [change for change in counted if change.upload_id == upload_id])
        ]
        return sum(self.tell(kind, upload_id) for kind, upload_id in (*worth_telling, *finished))

    def tell_pending(self) -> int:
        """Send what came while an alert of its kind was held back. Return how many alerts were sent."""
        return sum(self.tell(kind, subject) for kind, subject in list(self._outbox.list_pending_alerts()))

    def tell(self, kind: str, subject: str) -> bool:
        """Send one alert if it is due. A crash after sending repeats it; none is lost."""
        due = self._outbox.take_due_alert(kind, subject, self._clock())
        if due is None:
            return False
        with speaking(self._choose_language(due)):
            alert = self._write_alert(due)
        if alert is not None:
            self._alerts.publish(alert)
        self._outbox.mark_told(due, self._clock())
        return alert is not None

    def _follow(self, upload_id: str, changes: Sequence[Change]) -> bool:
        """Link what was sent in place of something else; or, where that changed nothing, have told how an upload ended.

        That is told once for each end that it comes to: by the sweep, or at once, which is what is answered. What is
        linked changes records, so the upload is looked at again in a moment.
        """
        try:
            upload = self._upload_of(upload_id)
        except NotFoundError:
            # Nothing that its files add up to may be held up by an upload that cannot be told of.
            return False
        if self._replacements.link(upload, changes) or upload.source is Source.DIRECT or not upload.settled:
            return False
        delay = _choose_delay(upload)
        due_at = self._clock() + delay
        self._outbox.announce(AlertKind.COMPLETED, upload.clinic_id, upload_id, describe_end(upload), due_at)
        # Trying before it is due would be refused, and billed like any other write.
        return not delay

    def _choose_language(self, due: DueAlert) -> str:
        """Return the language of the clinic that is told, asked for each mail. What admins alone get is English."""
        is_admins = due.kind in OF_OPERATIONS or due.clinic_id == UNASSIGNED
        return ENGLISH if is_admins else self._language_of(due.clinic_id)

    def _write_alert(self, due: DueAlert) -> Alert | None:
        """Write an alert; None where it is no longer true."""
        if due.kind != AlertKind.COMPLETED:
            return WRITERS[due.kind](due, self._portal_origin)
        upload = self._upload_of(due.subject)
        if not upload.settled:
            return None
        self._events.publish([describe_completion(upload, self._clock())])
        return alert_texts.write_completed(due, upload, self._portal_origin)


WRITERS: dict[str, Callable[[DueAlert, str], Alert]] = {
    AlertKind.REJECTED: alert_texts.write_rejected,
    AlertKind.FAILED: alert_texts.write_failed,
    AlertKind.QUIET: alert_texts.write_quiet,
    AlertKind.LATE: alert_texts.write_late,
    AlertKind.EXAMS_MISSING: alert_texts.write_exams_missing,
    AlertKind.DISAGREEMENT: operations_texts.write_disagreement,
    AlertKind.SCORECARD: alert_texts.write_scorecard,
    AlertKind.REVIEW: operations_texts.write_review,
}


def _choose_delay(upload: Upload) -> timedelta:
    if count_missing(upload):
        return PATIENCE
    return timedelta() if upload.expected or upload.expected_images else CALM


def describe_end(upload: Upload) -> str:
    """Return what an upload's end is told with: another text is another end, and is told too."""
    return f"{upload.declared}.{find_upload_state(upload)}.{count_missing(upload)}"


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
        new = find_new_instance(change)
        if new is not None:
            study = (change.clinic_id, new.study_uid)
            last[study] = max(last.get(study, change), change, key=lambda one: (one.file_id, one.revision))
    for (clinic_id, study_uid), change in last.items():
        event_id = f"{change.file_id}.{change.revision}.study"
        data = {"study_uid": study_uid, "upload_id": change.upload_id}
        events.append(Event(event_id, EventKind.STUDY_UPDATED, clinic_id, change.at, data))
    return events


def describe_completion(upload: Upload, at: datetime) -> Event:
    """Return the event of an upload that waits for nothing more, as it stands; never as complete with files missing."""
    missing = count_missing(upload)
    return Event(
        f"{upload.upload_id}.{describe_end(upload)}",
        EventKind.UPLOAD_INCOMPLETE if missing else EventKind.UPLOAD_COMPLETED,
        upload.clinic_id,
        at,
        {
            "upload_id": upload.upload_id,
            "state": find_upload_state(upload).value,
            "missing": missing,
            "declared": upload.declared,
            "counts": {state.value: count for state, count in upload.counts.items() if count},
            "archives": {state.value: count for state, count in upload.containers.items() if count},
            "duplicates": upload.duplicates,
            "warnings": upload.warnings,
        },
    )
