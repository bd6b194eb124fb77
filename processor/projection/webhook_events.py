"""The events that other systems are called with. Each id follows from what happened, however often it is told."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from intake.files.model import Upload
from intake.files.states import State
from intake.messaging.model import Event, EventKind
from intake.projections.model import Change

_OF_FILES = {State.REJECTED: EventKind.FILE_REJECTED, State.FAILED: EventKind.FILE_FAILED}


def list_events(changes: Sequence[Change]) -> list[Event]:
    """Return the events of some changes: one for each file that was rejected or failed, and one for each study."""
    once = {(change.file_id, change.revision): change for change in changes}
    return [*_list_file_events(list(once.values())), *_list_study_events(list(once.values()))]


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


def _list_file_events(changes: Sequence[Change]) -> Iterator[Event]:
    for change in changes:
        kind = _OF_FILES.get(change.after)
        if kind is not None and change.before is not change.after:
            # The same id as in the change feed, so that who reads both tells an event from its repetition.
            data = {"file_id": change.file_id, "upload_id": change.upload_id, "codes": list(change.codes)}
            yield Event(f"{change.file_id}.{change.revision}", kind, change.clinic_id, change.at, data)


def _list_study_events(changes: Sequence[Change]) -> Iterator[Event]:
    last: dict[tuple[str, str], Change] = {}
    for change in changes:
        if change.instance is not None:
            study = (change.clinic_id, change.instance.study_uid)
            last[study] = max(last.get(study, change), change, key=lambda one: (one.file_id, one.revision))
    for (clinic_id, study_uid), change in last.items():
        event_id = f"{change.file_id}.{change.revision}.study"
        data = {"study_uid": study_uid, "upload_id": change.upload_id}
        yield Event(event_id, EventKind.STUDY_UPDATED, clinic_id, change.at, data)
