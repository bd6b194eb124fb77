"""Records for the tests, with obviously fictional values."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from intake.files import keys
from intake.files.item_keys import index_by_content
from intake.files.keys import KeyedIds
from intake.files.model import FileRecord, Finding, ObjectVersion, Severity, Source, Upload
from intake.files.outcomes import Verdict
from intake.files.states import State
from intake.records.file_items import file_item
from intake.studies.model import Instance
from intake.table.table import deserialize, serialize

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
UPLOAD_ID = "01kanqzzzz0000000000000000"
SHA = "ab" * 32
IDS = KeyedIds(lambda: b"a-tables-secret")
WARNING = Finding("a-warning", Severity.WARN, "Something is odd.", "Have a look.", "(0010,0020)")
REFUSAL = Finding("a-refusal", Severity.REJECT, "Something is wrong.", "Send it again.", "byte 132")


def an_upload(**changes: Any) -> Upload:
    """All that was declared was announced, where nothing else is said."""
    changes = {"announced": changes.get("declared", 0), **changes}
    upload = Upload(clinic_id="northside", upload_id=UPLOAD_ID, created_at=NOON, created_by="user-1", source=Source.WEB)
    return replace(upload, **changes)


def a_file(number: int = 0, **changes: Any) -> FileRecord:
    """A reserved file that has not arrived."""
    clinic_id, upload_id = changes.get("clinic_id", "northside"), changes.get("upload_id", UPLOAD_ID)
    created_at = changes.get("created_at", NOON)
    file_id = keys.file_id(upload_id, number)
    record = FileRecord(
        clinic_id=clinic_id,
        upload_id=upload_id,
        file_id=file_id,
        name=f"slice-{number}.dcm",
        size=1000,
        sha256=None,
        state=State.AWAITING_UPLOAD,
        source=Source.WEB,
        created_at=created_at,
        created_by="user-1",
        updated_at=created_at,
        expires_at=created_at + timedelta(hours=24),
        incoming=ObjectVersion("incoming", keys.object_key(clinic_id, upload_id, file_id, created_at)),
    )
    return replace(record, **changes)


def a_verdict(record: FileRecord, **changes: Any) -> Verdict:
    """An accepting verdict on a reserved file."""
    verdict = Verdict(
        clinic_id=record.clinic_id,
        upload_id=record.upload_id,
        file_id=record.file_id,
        state=State.ACCEPTED,
        incoming=replace(record.incoming, version_id="v1"),
        stored=ObjectVersion("accepted", record.incoming.key, "s1"),
        size=1000,
        etag=f'"{record.file_id}"',
        sha256=None,
        kind="dicom",
        findings=(),
        metadata={"modality": "CT", "rows": 512, "patient": {"id": "TEST"}},
        rules_version="1",
        arrived_at=NOON,
        decided_at=NOON + timedelta(milliseconds=120),
        judging_ms=1,
    )
    return replace(verdict, **changes)


def an_instance(study_uid, series_uid, clinic_id="northside", **changes):
    """What an accepted DICOM file says of its study and series."""
    ids = {"study_id": IDS.study(clinic_id, study_uid), "series_id": IDS.series(clinic_id, series_uid)}
    return Instance(**ids, study_uid=study_uid, series_uid=series_uid, **changes)


def stored_item(record):
    """Return a record as it comes back from the table."""
    return deserialize(serialize(indexed_item(record)))


def indexed_item(record):
    """Return a record as the table holds it, with what a verdict adds for searches."""
    return {**file_item(record), **index_by_content(record.clinic_id, record.file_id, record.metadata, IDS)}


def list_awaited(awaited, until=NOON + timedelta(days=365), limit=2):
    """Return the awaited files of all clinics as the sweep comes by them, a clinic at a time."""
    found = []
    for clinic_id in awaited.clinics():
        position = None
        while position is None or position:
            groups, position = awaited.page(clinic_id, position or "", until, limit)
            found += [file for group in groups for file in awaited.files(group)]
    return found
