"""Reserving files, and the presigned requests by which their bytes go straight to S3.

A reservation is written before anything is signed, so every object that arrives by it has a record. See the design,
"A file's life": Reserve.
"""

import hashlib
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from intake.errors import ConflictError, NotFoundError
from intake.keys import MAX_FILES_PER_UPLOAD, extension, file_id, new_upload_id, object_key
from intake.ports import Presigned
from intake.record import FileRecord, ObjectVersion, Source, TimelineEntry, Upload
from intake.states import State
from portal.errors import IdempotencyError, TooManyFilesError
from portal.identity import Identity
from portal.multipart import MAX_SINGLE_PUT, Plan, plan
from portal.services import Services
from portal.shapes import Announced, NewUpload

LIFETIME = timedelta(hours=24)
"""For how long a file is awaited, counted from when it was last signed."""

BATCH = 99
"""Files that are reserved at a time: one transaction, so that a conflict leaves none of them behind."""

ATTEMPTS = 5
"""How often others may add files to the same upload before we give up."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A reserved file, and how to send it. Neither `put` nor `plan` once it is no longer awaited."""

    record: FileRecord
    put: Presigned | None = None
    plan: Plan | None = None


@dataclass(frozen=True, slots=True)
class Placement:
    """An upload and the files that were just reserved in it."""

    upload_id: str
    files: tuple[Placed, ...]


def reserve(
    services: Services,
    identity: Identity,
    body: NewUpload,
    *,
    source: Source,
    idempotency_key: str | None = None,
) -> Placement:
    """Begin an upload with its first files.

    A repetition with the same idempotency key finds the first call's upload and signs its files anew. Raises
    ClinicError, IdempotencyError.
    """
    upload = Upload(
        clinic_id=identity.own_clinic(),
        upload_id=new_upload_id(),
        created_at=services.clock(),
        created_by=identity.subject,
        source=source,
        reference=body.reference,
        note=body.note,
        expected=body.expected,
    )
    if idempotency_key is not None:
        return _repeatable(services, identity, upload, body, idempotency_key)
    services.records.create_upload(upload)
    return _placed(services, upload, _reserve(services, identity, upload, body.files))


def add(services: Services, identity: Identity, upload_id: str, files: Sequence[Announced]) -> Placement:
    """Announce more files of the same upload. Raises NotFoundError, TooManyFilesError, ConflictError."""
    upload = services.records.upload(identity.own_clinic(), upload_id)
    return _placed(services, upload, _reserve(services, identity, upload, files))


def _repeatable(services: Services, identity: Identity, upload: Upload, body: NewUpload, key: str) -> Placement:
    """Reserve under an idempotency key, taking up whatever an earlier call has left undone."""
    records, clinic_id, files = services.records, upload.clinic_id, body.files
    try:
        upload_id = records.remember(clinic_id, key, _digest(body), upload.upload_id)
    except ConflictError as error:
        raise IdempotencyError("The key was used with another body.") from error
    try:
        upload = records.upload(clinic_id, upload_id)
    except NotFoundError:
        upload = replace(upload, upload_id=upload_id)
        records.create_upload(upload)
    missing = files[upload.announced :]
    earlier = records.files_of(upload_id, None, len(files)).rows if upload.announced else ()
    return _placed(services, upload, [*earlier[: len(files)], *_reserve(services, identity, upload, missing)])


def _reserve(services: Services, identity: Identity, upload: Upload, files: Sequence[Announced]) -> list[FileRecord]:
    """Write the reservations, batch by batch, each numbered from where the upload stands."""
    reserved: list[FileRecord] = []
    for start in range(0, len(files), BATCH):
        upload, records = _reserve_batch(services, identity, upload, files[start : start + BATCH])
        reserved += records
    return reserved


def _reserve_batch(
    services: Services, identity: Identity, upload: Upload, files: Sequence[Announced]
) -> tuple[Upload, list[FileRecord]]:
    for attempt in range(1, ATTEMPTS + 1):
        if upload.announced + len(files) > MAX_FILES_PER_UPLOAD:
            raise TooManyFilesError("The upload is full.")
        records = _opened(services, _records(services, identity, upload, files))
        try:
            services.records.add_files(upload, records)
        except ConflictError:
            if attempt == ATTEMPTS:
                raise
            upload = services.records.upload(upload.clinic_id, upload.upload_id)
        else:
            return replace(upload, declared=upload.declared + len(records)), records
    raise AssertionError("unreachable")


def _records(services: Services, identity: Identity, upload: Upload, files: Sequence[Announced]) -> list[FileRecord]:
    at = services.clock()
    bucket = services.settings.incoming_bucket
    return [
        _record(identity, upload, announced, _slot(upload, number, bucket, at), at)
        for number, announced in enumerate(files, upload.announced)
    ]


def _slot(upload: Upload, number: int, bucket: str, at: datetime) -> tuple[str, ObjectVersion]:
    """Return the id and the place of an upload's file by its number."""
    new_id = file_id(upload.upload_id, number)
    return new_id, ObjectVersion(bucket, object_key(upload.clinic_id, upload.upload_id, new_id, at))


def _record(
    identity: Identity, upload: Upload, announced: Announced, slot: tuple[str, ObjectVersion], at: datetime
) -> FileRecord:
    return FileRecord(
        clinic_id=upload.clinic_id,
        upload_id=upload.upload_id,
        file_id=slot[0],
        name=announced.name,
        size=announced.size,
        sha256=announced.sha256,
        state=State.AWAITING_UPLOAD,
        source=upload.source,
        created_at=at,
        created_by=identity.subject,
        updated_at=at,
        expires_at=at + LIFETIME,
        incoming=slot[1],
        timeline=(TimelineEntry(at, identity.subject, "reserved"),),
    )


def _opened(services: Services, records: list[FileRecord]) -> list[FileRecord]:
    """Open S3's multipart upload of each large file. What a lost race leaves open, the bucket's lifecycle aborts."""
    large = [record for record in records if record.size > MAX_SINGLE_PUT]
    if not large:
        return records
    with ThreadPoolExecutor(max_workers=8) as threads:
        targets, extensions = [record.incoming for record in large], [extension(record.name) for record in large]
        ids = threads.map(services.presigner.start_multipart, targets, extensions)
        opened = {record.file_id: multipart_id for record, multipart_id in zip(large, ids, strict=True)}
    return [replace(record, multipart_id=opened.get(record.file_id)) for record in records]


def _placed(services: Services, upload: Upload, records: Sequence[FileRecord]) -> Placement:
    return Placement(upload.upload_id, tuple(_place(services, record) for record in records))


def _place(services: Services, record: FileRecord) -> Placed:
    if record.state is not State.AWAITING_UPLOAD:
        return Placed(record)
    if record.multipart_id is not None:
        return Placed(record, plan=plan(record))
    return Placed(record, put=signed(services, record))


def signed(services: Services, record: FileRecord) -> Presigned:
    """Sign the PUT of a file that is sent in one piece."""
    return services.presigner.put(record.incoming, record.size, record.sha256, extension(record.name))


def _digest(body: NewUpload) -> str:
    return hashlib.sha256(json.dumps(body.model_dump(), sort_keys=True).encode()).hexdigest()
