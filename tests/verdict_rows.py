"""The table's stream, as records that change their state; and verdicts of a busy month, drawn from a seed."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from intake.files import keys
from intake.files.model import FileRecord, Source
from intake.files.states import State
from intake.records.file_items import file_item
from intake.table.table import serialize
from tests.records import REFUSAL, a_file

SCANNERS = (
    {"manufacturer": "Example Imaging", "manufacturer_model": "CT 900", "station_name": "ROOM1"},
    {"manufacturer": "Sample Medical", "manufacturer_model": "MR-3", "device_serial_number": "12345"},
    {},
)
CODES = ("truncated", "kind-unsupported", "not-dicom")


def change(after: FileRecord, before: FileRecord | None = None, **extra):
    """Return a stream's record of a change; `extra` are attributes that only the table knows."""
    image = {"Keys": serialize({key: file_item(after)[key] for key in ("pk", "sk")})}
    image["NewImage"] = serialize({**file_item(after), **extra})
    if before:
        image["OldImage"] = serialize(file_item(before))
    return {"eventSource": "aws:dynamodb", "dynamodb": image}


def judged(record: FileRecord, at: datetime, **changes) -> FileRecord:
    """Return what a verdict makes of a record."""
    settled = {"updated_at": at, "revision": record.revision + 1, "rules_version": "7", "kind": "dicom"}
    return replace(record, **{**settled, **changes})


def a_month(seed: int, files: int = 400) -> list[tuple[FileRecord, FileRecord]]:
    """Return changes, each as the record before and after: verdicts of forty days, some followed by another."""
    draw, now = random.Random(seed), datetime.now(UTC).replace(microsecond=0)
    history = []
    for number in range(files):
        at = now - timedelta(minutes=draw.randrange(60, 40 * 24 * 60))
        record = a_file(
            number,
            upload_id=keys.new_upload_id(),
            clinic_id=draw.choice(["northside", "lakeview", "harbour"]),
            created_at=at,
            size=draw.randrange(100, 5_000_000),
            source=draw.choice(list(Source)),
        )
        history += _story(draw, record, at)
    return history


def _story(draw, record, at):
    if draw.random() < 0.1:
        state = draw.choice([State.FAILED, State.EXPIRED])
        yield record, replace(record, state=state, updated_at=at, revision=1)
        return
    metadata = {"modality": draw.choice(["CT", "MR"]), **draw.choice(SCANNERS)}
    timings = {"arrival_to_verdict": draw.randrange(20, 90_000), "judging": 3}
    first = judged(record, at, metadata=metadata, timings=timings, **_fate(draw))
    yield record, first
    if first.state is State.REJECTED and draw.random() < 0.4:
        yield first, judged(first, at + timedelta(minutes=draw.randrange(1, 60)), **_fate(draw))


def _fate(draw):
    if draw.random() < 0.7:
        held = "01kanqzzzz0000000000000000-00001" if draw.random() < 0.2 else None
        return {"state": State.ACCEPTED, "findings": (), "duplicate_of": held}
    broken = draw.sample(CODES, draw.randint(1, 2))
    return {"state": State.REJECTED, "findings": tuple(replace(REFUSAL, code=code) for code in broken)}
