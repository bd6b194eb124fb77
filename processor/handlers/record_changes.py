"""Reading the table's stream: its records, or word of a batch that was given up.

Source: Amazon DynamoDB Streams API Reference, StreamRecord.
"""

import json
from collections.abc import Iterable, Iterator
from itertools import starmap
from typing import Any

from intake.files.states import JUDGED, State
from intake.projections.counting import describe_snapshot
from intake.projections.model import Change, device
from intake.studies.exams import describe_exam
from intake.table.dynamodb_streams import DynamoStream
from intake.table.items import Item, moment
from intake.table.queries import StreamStretch
from intake.table.table import deserialize
from processor.projection.exporter import Row, describe_verdict


def read_records(event: dict[str, Any], stream: DynamoStream) -> Iterator[dict[str, Any]]:
    """Yield the stream's records, reading again those that an admin redrives. Raises StreamTrimmedError."""
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
        old=describe_snapshot(old) if old else None,
        new=describe_snapshot(new),
        at=moment(new["updated_at"]),
        codes=tuple(new.get("codes", ())) if after is State.REJECTED else (),
        latency_ms=new["timings"].get("arrival_to_verdict") if after in JUDGED and before not in JUDGED else None,
        shadow=tuple(new.get("shadow", ())),
        device=device(new["clinic_id"], metadata) if after in JUDGED else None,
        exam=describe_exam(metadata, new.get("patient_key", "")) if new.get("study_of") else None,
        # Of a file that was announced with others; one that stood in the list of awaited files by itself has none.
        announced_at=moment(old["created_at"]) if left_others else None,
    )
