"""What people and programs see of uploads and files.

A file's name and its patient's identity are shown to its own clinic only. Admins, who see all clinics, find a file by
its id: running the pipeline needs no more (45 CFR 164.502(b), the minimum necessary).
"""

from collections.abc import Iterable
from dataclasses import asdict, replace
from datetime import datetime
from functools import partial

from intake.files.model import FileRecord, FileSummary, Upload
from intake.files.outcomes import Page
from intake.files.states import State
from intake.files.upload_state import count_missing, find_upload_state
from intake.projections.model import FeedPage
from intake.search.ports import FileQuery
from intake.storage.model import Part, Presigned
from portal.audit import note
from portal.auth.identity import Identity
from portal.cursors import Cursor, seal, seal_page, unseal
from portal.errors import NotAcceptedError
from portal.services import Services
from portal.uploads.multipart import SignedPart, choose_part_size, count_parts
from portal.uploads.reservations import Placed, Placement
from portal.uploads.responses import (
    Announcement,
    AnnouncementList,
    Download,
    FileList,
    FileRow,
    FileView,
    Receipt,
    ReceiptRow,
    UploadRow,
    UploadView,
)
from portal.uploads.signed_requests import HeldPart, PartList, PartPut, PartPuts, Reserved, ReservedUpload

PATIENT = "patient"
"""The member of a record's metadata that holds what identifies a patient."""

SHOWN = {"jpeg": "image/jpeg", "png": "image/png", "pdf": "application/pdf"}
"""Kinds that browsers show safely, and as what: never as HTML, SVG or XML, which run scripts."""

LARGEST_SHOWN = 50 * 1024 * 1024
"""Bytes."""

SUFFIXES = {
    "dicom": ".dcm",
    "pdf": ".pdf",
    "zip": ".zip",
    "xml": ".xml",
    "json": ".json",
    "csv": ".csv",
    "jpeg": ".jpg",
    "png": ".png",
}
"""Downloads are named by file id and kind: the name stands in a URL, where a patient's has no place."""

NOW = "now"
"""In place of a cursor: behind the newest change."""


def read_file(services: Services, identity: Identity, file_id: str) -> FileRecord:
    """Return a file as `identity` may see it. Raises NotFoundError."""
    return redact(identity, services.records.file(identity.clinic_id, file_id))


def read_upload(services: Services, identity: Identity, upload_id: str) -> Upload:
    """Return an upload as `identity` may see it. Raises NotFoundError."""
    found = services.records.upload(identity.clinic_id, upload_id)
    if found.clinic_id == identity.clinic_id:
        return found
    return replace(found, note="", closing=found.closing and replace(found.closing, words=""))


def list_uploads(services: Services, identity: Identity, cursor: Cursor, limit: int) -> Page[Upload]:
    """List the clinic's uploads, newest first. Raises InvalidCursorError, and ClinicError for admins."""
    clinic_id = identity.own_clinic()
    return seal_page(services, identity, cursor, lambda after: services.records.uploads(clinic_id, after, limit))


def list_files_of_upload(
    services: Services, identity: Identity, upload_id: str, cursor: Cursor, limit: int
) -> Page[FileRecord]:
    """List an upload's files in the order of announcement. Raises NotFoundError, InvalidCursorError."""
    return page_files(services, identity, read_upload(services, identity, upload_id), cursor, limit)


def page_files(services: Services, identity: Identity, shown: Upload, cursor: Cursor, limit: int) -> Page[FileRecord]:
    """List the files of an upload that `identity` was shown. Raises InvalidCursorError."""
    return seal_page(services, identity, cursor, partial(list_files_behind, services, identity, shown, limit=limit))


def list_files_behind(
    services: Services, identity: Identity, shown: Upload, after: str | None, *, limit: int
) -> Page[FileRecord]:
    """List the same behind a position."""
    found = services.records.files_of(shown.upload_id, after, limit)
    return replace(found, rows=tuple(redact(identity, record) for record in found.rows))


def list_files(
    services: Services,
    identity: Identity,
    *,
    state: State | None,
    since: datetime | None,
    cursor: Cursor,
    limit: int,
    until: datetime | None = None,
) -> Page[FileSummary]:
    """List files, newest first: the clinic's, or for admins everybody's. Raises InvalidCursorError."""
    query = FileQuery(clinic_id=identity.clinic_id, state=state, since=since, until=until)
    read = partial(list_newest, services, identity, query, limit=limit)
    return seal_page(services, identity, cursor, read, state=state, since=since, until=until)


def list_newest(
    services: Services, identity: Identity, query: FileQuery, after: str | None, *, limit: int
) -> Page[FileSummary]:
    """List files of a state and a time behind a position, newest first; without their names for admins."""
    found = services.records.files(query.clinic_id, query.state, query.since, after, limit, until=query.until)
    if not identity.is_admin:
        return found
    return replace(found, rows=tuple(replace(row, name=row.file_id) for row in found.rows))


def search_files(
    services: Services, identity: Identity, wanted: FileQuery, cursor: Cursor, limit: int
) -> Page[FileRecord]:
    """Search the files of one clinic, on its own behalf. Raises InvalidCursorError."""
    filters = {name: value for name, value in asdict(wanted).items() if name != "clinic_id"}
    return seal_page(services, identity, cursor, lambda after: services.search.files(wanted, after, limit), **filters)


def sign_download(services: Services, identity: Identity, file_id: str) -> Presigned:
    """Sign the download of exactly the version that was judged. Raises NotFoundError, NotAcceptedError."""
    identity.own_clinic()
    record = services.records.file(identity.clinic_id, file_id)
    if record.state is not State.ACCEPTED or record.stored is None:
        raise NotAcceptedError("Only accepted files can be downloaded.")
    note(services, identity, "file.download", clinic_id=record.clinic_id, subject=file_id)
    return services.presigner.get(record.stored, record.file_id + SUFFIXES.get(record.kind or "", ""))


def sign_preview(services: Services, identity: Identity, file_id: str) -> Presigned:
    """Sign the showing of what a browser shows safely. Raises NotFoundError, NotAcceptedError for everything else."""
    identity.own_clinic()
    record = services.records.file(identity.clinic_id, file_id)
    if not is_shown(record) or record.stored is None:
        raise NotAcceptedError("This file is not shown in a browser.")
    note(services, identity, "file.preview", clinic_id=record.clinic_id, subject=file_id)
    kind = record.kind or ""
    return services.presigner.get(record.stored, record.file_id + SUFFIXES.get(kind, ""), SHOWN[kind])


def is_shown(record: FileRecord) -> bool:
    """Say whether a browser may show a file: accepted, of a kind that carries no script, and not too large for it."""
    return record.state is State.ACCEPTED and record.kind in SHOWN and record.size <= LARGEST_SHOWN


def redact(identity: Identity, record: FileRecord) -> FileRecord:
    """Return the record without name and patient, unless it belongs to the identity's clinic."""
    if record.clinic_id == identity.clinic_id:
        return record
    metadata = {key: value for key, value in record.metadata.items() if key != PATIENT}
    dealt_with = record.dealt_with and replace(record.dealt_with, words="")
    return replace(record, name=record.file_id, metadata=metadata, dealt_with=dealt_with)


def list_changes(services: Services, identity: Identity, since: Cursor, limit: int) -> FeedPage:
    """Return what follows on a cursor. Raises ClinicError, InvalidCursorError, ChangesGoneError, ContentionError."""
    clinic_id = identity.own_clinic()
    if since.text == NOW:
        found = FeedPage((), services.feed.end(clinic_id), more=False)
    else:
        found = services.feed.changes(clinic_id, unseal(services, identity, since), limit)
    return replace(found, next=seal(services, identity, since, found.next))


def show_upload_row(upload: Upload) -> UploadRow:
    told = {
        "state": find_upload_state(upload),
        "missing": count_missing(upload),
        "counts": {state: count for state, count in upload.counts.items() if count},
        "archives": {state: count for state, count in upload.containers.items() if count},
        "handled": {state: count for state, count in upload.handled.items() if count},
        "closed": asdict(upload.closing) if upload.closing else None,
    }
    return UploadRow.model_validate({**asdict(upload), **told})


def show_upload(upload: Upload, files: Page[FileRecord]) -> UploadView:
    row, views = show_upload_row(upload).model_dump(), [show_file(record) for record in files.rows]
    return UploadView(**row, note=upload.note, files=views, next=files.next)


def show_receipt(upload: Upload, files: Page[FileRecord]) -> Receipt:
    rows = [ReceiptRow.model_validate(record, from_attributes=True) for record in files.rows]
    return Receipt(**show_upload_row(upload).model_dump(), files=rows, next=files.next)


def show_file_list(page: Page[FileRecord] | Page[FileSummary]) -> FileList:
    rows = [FileRow.model_validate(row, from_attributes=True) for row in page.rows]
    return FileList(files=rows, next=page.next)


def show_file(record: FileRecord) -> FileView:
    return FileView.model_validate(record, from_attributes=True)


def show_reserved_upload(placement: Placement) -> ReservedUpload:
    return ReservedUpload(upload_id=placement.upload_id, files=[show_reserved(placed) for placed in placement.files])


def show_reserved(placed: Placed) -> Reserved:
    record = placed.record
    told = {"file_id": record.file_id, "name": record.name, "state": record.state}
    return Reserved.model_validate({**told, "put": placed.put, "multipart": placed.plan}, from_attributes=True)


def show_part_puts(parts: Iterable[SignedPart]) -> PartPuts:
    return PartPuts(parts=[PartPut(number=part.number, size=part.size, **asdict(part.request)) for part in parts])


def show_part_list(record: FileRecord, held: Iterable[Part]) -> PartList:
    parts = [HeldPart.model_validate(part, from_attributes=True) for part in held]
    return PartList(part_size=choose_part_size(record.size), part_count=count_parts(record.size), parts=parts)


def show_announcements(page: Page[FileRecord]) -> AnnouncementList:
    """Leave out what was found in archives: nobody announced or sends it."""
    own = [record for record in page.rows if record.parent is None]
    rows = [Announcement.model_validate(record, from_attributes=True) for record in own]
    return AnnouncementList(files=rows, next=page.next)


def show_download(presigned: Presigned) -> Download:
    return Download.model_validate(presigned, from_attributes=True)
