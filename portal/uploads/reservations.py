"""Reserving files, and the presigned requests by which their bytes go straight to S3.

A reservation is written before anything is signed, so every object that arrives by it has a record. See the design,
"A file's life": Reserve.
"""

import hashlib
import json
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from intake.errors import ConflictError
from intake.files.keys import MAX_FILES_PER_UPLOAD, extension, file_id, new_upload_id, object_key
from intake.files.model import FileRecord, ObjectVersion, Source, TimelineEntry, Upload
from intake.files.outcomes import RESERVED_AT_ONCE
from intake.files.states import State
from intake.storage.model import Presigned
from portal.admin import clinics
from portal.auth.identity import Identity
from portal.errors import TooManyFilesError
from portal.services import Services
from portal.uploads.idempotency import bind_key
from portal.uploads.multipart import MAX_SINGLE_PUT, Plan, plan_parts
from portal.uploads.requests import AddFiles, Announced, NewUpload

LIFETIME = timedelta(hours=24)
"""For how long a file is awaited, counted from when it was last signed."""

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
    ClinicError, ClinicInactiveError, IdempotencyError.
    """
    clinics.require_active(services, identity.own_clinic())
    upload = Upload(
        clinic_id=identity.own_clinic(),
        upload_id=new_upload_id(),
        created_at=services.clock(),
        created_by=identity.subject,
        source=source,
        reference=body.reference,
        note=body.note,
        expected=body.expected,
        expected_images=body.expected_images,
    )
    if idempotency_key is not None:
        return _reserve_once(services, identity, upload, body, idempotency_key)
    if not body.files:
        services.records.create_upload(upload)
    return _build_placement(services, upload, _reserve(services, identity, upload, body.files))


def add_files(
    services: Services,
    identity: Identity,
    upload_id: str,
    files: Sequence[Announced],
    *,
    idempotency_key: str | None = None,
) -> Placement:
    """Announce more files of the same upload; a repetition with the same idempotency key finds the first call's.

    Raises NotFoundError, ClinicInactiveError, TooManyFilesError, ConflictError, IdempotencyError.
    """
    clinics.require_active(services, identity.own_clinic())
    upload = services.records.upload(identity.own_clinic(), upload_id)
    since = None
    if idempotency_key is not None:
        next_id, digest = file_id(upload_id, upload.announced), _digest(AddFiles(files=list(files)), upload_id)
        since = _parse_number(bind_key(services, upload.clinic_id, idempotency_key, digest, next_id))
    return _build_placement(services, upload, _reserve(services, identity, upload, files, since))


def _reserve_once(services: Services, identity: Identity, upload: Upload, body: NewUpload, key: str) -> Placement:
    """Reserve under an idempotency key, taking up whatever an earlier call has left undone."""
    upload_id = bind_key(services, upload.clinic_id, key, _digest(body), upload.upload_id)
    upload = replace(upload, upload_id=upload_id)
    try:
        services.records.create_upload(upload)
    except ConflictError:
        upload = services.records.upload(upload.clinic_id, upload_id)
    return _build_placement(services, upload, _reserve(services, identity, upload, body.files, since=0))


def _reserve(
    services: Services, identity: Identity, upload: Upload, files: Sequence[Announced], since: int | None = None
) -> list[FileRecord]:
    """Write the reservations, batch by batch, each numbered from where the upload stands.

    From number `since` on, an earlier call, which may still be running, may have reserved the same files.
    """
    reserved: list[FileRecord] = []
    for start in range(0, len(files), RESERVED_AT_ONCE):
        upload, records = _reserve_batch(services, identity, upload, files[start : start + RESERVED_AT_ONCE], since)
        reserved += records
        since = None if since is None else _parse_number(records[-1].file_id) + 1
    return reserved


def _reserve_batch(
    services: Services, identity: Identity, upload: Upload, files: Sequence[Announced], since: int | None
) -> tuple[Upload, list[FileRecord]]:
    for attempt in range(1, ATTEMPTS + 1):
        standing = [] if since is None else _find_reserved(services, upload, files, since)
        if standing:
            return upload, standing
        if upload.announced + len(files) > MAX_FILES_PER_UPLOAD:
            raise TooManyFilesError("The upload is full.")
        at, numbered = services.clock(), enumerate(files, upload.announced)
        records = _start_multiparts(
            services,
            [_build_record(services, identity, upload, file, number=number, at=at) for number, file in numbered],
        )
        try:
            services.records.add_files(upload, records)
        except ConflictError:
            if attempt == ATTEMPTS:
                raise
            upload = services.records.upload(upload.clinic_id, upload.upload_id)
        else:
            return replace(upload, announced=upload.announced + len(records)), records
    raise AssertionError("unreachable")


def _find_reserved(services: Services, upload: Upload, files: Sequence[Announced], since: int) -> list[FileRecord]:
    """Return the batch, if an earlier call reserved it: it stands as a whole, side by side, or not at all."""
    wanted = [(file.name, file.size) for file in files]
    window: deque[FileRecord] = deque(maxlen=len(files))
    for number in range(since, upload.announced):
        window.append(services.records.file(upload.clinic_id, file_id(upload.upload_id, number)))
        if len(window) == len(files) and [(record.name, record.size) for record in window] == wanted:
            return list(window)
    return []


def _build_record(
    services: Services, identity: Identity, upload: Upload, announced: Announced, *, number: int, at: datetime
) -> FileRecord:
    """Return the record of an upload's file by its number."""
    new_id = file_id(upload.upload_id, number)
    key = object_key(upload.clinic_id, upload.upload_id, new_id, at)
    return FileRecord(
        clinic_id=upload.clinic_id,
        upload_id=upload.upload_id,
        file_id=new_id,
        name=announced.name,
        size=announced.size,
        sha256=announced.sha256,
        state=State.AWAITING_UPLOAD,
        source=upload.source,
        created_at=at,
        created_by=identity.subject,
        updated_at=at,
        expires_at=at + LIFETIME,
        incoming=ObjectVersion(services.settings.incoming_bucket, key),
        timeline=(TimelineEntry(at, identity.subject, "reserved"),),
    )


def _start_multiparts(services: Services, records: list[FileRecord]) -> list[FileRecord]:
    """Open S3's multipart upload of each large file. What a lost race leaves open, the bucket's lifecycle aborts."""
    large = [record for record in records if record.size > MAX_SINGLE_PUT]
    if not large:
        return records
    with ThreadPoolExecutor(max_workers=8) as threads:
        targets, extensions = [record.incoming for record in large], [extension(record.name) for record in large]
        ids = threads.map(services.presigner.start_multipart, targets, extensions)
        opened = {record.file_id: multipart_id for record, multipart_id in zip(large, ids, strict=True)}
    return [replace(record, multipart_id=opened.get(record.file_id)) for record in records]


def _build_placement(services: Services, upload: Upload, records: Sequence[FileRecord]) -> Placement:
    return Placement(upload.upload_id, tuple(_place(services, record) for record in records))


def _place(services: Services, record: FileRecord) -> Placed:
    if record.state is not State.AWAITING_UPLOAD:
        return Placed(record)
    if record.multipart_id is not None:
        return Placed(record, plan=plan_parts(record))
    return Placed(record, put=sign_put(services, record))


def sign_put(services: Services, record: FileRecord) -> Presigned:
    """Sign the PUT of a file that is sent in one piece."""
    return services.presigner.put(record.incoming, record.size, record.sha256, extension(record.name))


def _parse_number(file_id: str) -> int:
    """Return the number of an announced file in its upload."""
    return int(file_id.rpartition("-")[2])


def _digest(body: AddFiles, *context: str) -> str:
    return hashlib.sha256(json.dumps([body.model_dump(), *context], sort_keys=True).encode()).hexdigest()
