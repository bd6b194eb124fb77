"""Reading the table's stream: its records, or word of a batch that was given up.

Source: Amazon DynamoDB Streams API Reference, StreamRecord.
"""

import json
from collections.abc import Iterable, Iterator
from itertools import starmap
from typing import Any

from intake.files.item_keys import read_series_id
from intake.files.metadata import read_study_uid, short_text
from intake.files.states import JUDGED, State
from intake.projections.counting import ARCHIVE, describe_counted
from intake.projections.model import Change, Filed, StudyNames, device
from intake.studies.exams import describe_exam
from intake.studies.model import Instance, instance
from intake.table.dynamodb_streams import DynamoStream
from intake.table.items import Item, moment
from intake.table.queries import StreamStretch
from intake.table.table import deserialize
from processor.projection.exporter import Row, describe_verdict


def read_records(event: dict[str, Any], stream: DynamoStream) -> Iterator[dict[str, Any]]:
    """Yield the stream's records, reading again those that an admin redrives.

    Raises StreamRecordsLostError and StreamUnfinishedError, and ValueError for a letter that tells of no batch.
    """
    for record in event["Records"]:
        if record["eventSource"] == "aws:sqs":
            yield from stream.records(StreamStretch.read(json.loads(record["body"])))
        else:
            yield record


def read_changes(records: Iterable[dict[str, Any]]) -> Iterator[Change]:
    """Yield the changes of files' records; other items, removals and what makes no new revision change no sum."""
    for old, new in _list_images(records):
        if old.get("revision") != new["revision"]:
            yield describe_change(old, new)


def verdict_rows(records: Iterable[dict[str, Any]]) -> Iterator[Row]:
    """Yield a row for each verdict among the changes."""
    yield from filter(None, starmap(describe_verdict, _list_images(records)))


def _list_images(records: Iterable[dict[str, Any]]) -> Iterator[tuple[Item, Item]]:
    """Yield each file's record before (empty for none) and after a change that left one.

    Lambda's own filter knows the second key only, and what it lets through in vain would hold up the stream.
    """
    for record in records:
        image, keys = record["dynamodb"], record["dynamodb"]["Keys"]
        if "NewImage" in image and keys["pk"]["S"].startswith("UPLOAD#") and keys["sk"]["S"].startswith("FILE#"):
            yield deserialize(image.get("OldImage", {})), deserialize(image["NewImage"])


def describe_change(old: Item, new: Item) -> Change:
    """Return what became of a file's record, from its items before (empty for none) and after."""
    before, after = State(old["state"]) if old else None, State(new["state"])
    metadata = new.get("metadata", {})
    left_others = before is State.AWAITING_UPLOAD and after is not before and "clinic_state" not in old
    return Change(
        file_id=new["file_id"],
        upload_id=new["upload_id"],
        clinic_id=new["clinic_id"],
        source=new["source"],
        revision=new["revision"],
        before=before,
        after=after,
        at=moment(new["updated_at"]),
        size=new["size"],
        warnings_before=old.get("warnings", 0),
        warnings_after=new.get("warnings", 0),
        codes=tuple(new.get("codes", ())) if after is State.REJECTED else (),
        latency_ms=new["timings"].get("arrival_to_verdict") if after in JUDGED and before not in JUDGED else None,
        shadow=tuple(new.get("shadow", ())),
        counted_before=describe_counted(old),
        counted_after=describe_counted(new),
        unsettled_before=_is_unsettled(old),
        unsettled_after=_is_unsettled(new),
        duplicate_before=bool(old.get("duplicate_of")),
        duplicate=bool(new.get("duplicate_of")),
        device=device(new["clinic_id"], metadata) if after in JUDGED else None,
        cause_before=_read_cause(old),
        cause_after=_read_cause(new),
        study_before=old.get("study_of", ""),
        filed=Filed(new["study_of"], short_text(metadata, "modality"), short_text(metadata, "study_date"))
        if new.get("study_of")
        else None,
        exam=describe_exam(metadata, new.get("patient_key", "")) if new.get("study_of") else None,
        trouble_before=_read_trouble(old),
        trouble_after=_read_trouble(new),
        lost=_read_instance(old) if new.get("superseded_by") and _is_counted(old) else None,
        # Of a file that was announced with others; one that stood in the list of awaited files by itself has none.
        announced_at=moment(old["created_at"]) if left_others else None,
        **_describe_addition(new) if after is State.ACCEPTED and before is not State.ACCEPTED else {},
    )


def _read_trouble(item: Item) -> StudyNames | None:
    """Return the study that a record is in trouble in: rejected or failed, and nobody has seen to it."""
    handled = item.get("replaced_by") or item.get("dealt_with")
    in_trouble = bool(item) and not handled and State(item["state"]) in {State.REJECTED, State.FAILED}
    if not (in_trouble and item.get("study_of")):
        return None
    return StudyNames(item["study_of"], read_study_uid(item.get("metadata", {})))


def _is_unsettled(item: Item) -> bool:
    accepted = bool(item) and item["state"] == State.ACCEPTED and item.get("kind") == ARCHIVE
    return accepted and not item.get("settled")


def _describe_addition(new: Item) -> dict[str, Any]:
    """Return what an accepted file adds beside itself: to its study, or the files that it holds.

    Only an archive leaves the accepted state, and that its entries were declared stays noted in it. So a file adds this
    when it gets there, and never again.
    """
    if new.get("kind") == ARCHIVE:
        return {} if new.get("settled") else {"entries": new.get("metadata", {}).get("entries", 0)}
    if new.get("kind") != "dicom" or new.get("duplicate_of") or new.get("superseded_by"):
        return {}
    return {"instance": _read_instance(new)}


def _read_instance(item: Item) -> Instance | None:
    """Return what a record adds to its study. The ids are in it: no key is needed to count."""
    ids = item.get("study_of", ""), read_series_id(item.get("study_place", "")), item.get("patient_key", "")
    return instance(item.get("metadata", {}), *ids)


def _is_counted(item: Item) -> bool:
    """Say whether a record stands for an instance of its study: accepted, no duplicate, and not superseded."""
    is_image = bool(item) and item["state"] == State.ACCEPTED and item.get("kind") == "dicom"
    return is_image and not item.get("duplicate_of") and not item.get("superseded_by")


def _read_cause(item: Item) -> str:
    """Return what a record is listed under among its upload's trouble, or nothing."""
    return str(item.get("trouble", "")).rpartition("#")[0]
