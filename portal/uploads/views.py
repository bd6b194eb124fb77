"""Reservations and signed requests in the shapes of the REST API; the pages' uploader reads the same."""

from collections.abc import Iterable
from dataclasses import asdict

from intake.files.model import FileRecord
from intake.files.outcomes import Page
from intake.storage.model import Part, Presigned
from portal.uploads.multipart import SignedPart, choose_part_size, count_parts
from portal.uploads.reservations import Placed, Placement
from portal.uploads.responses import (
    Announcement,
    AnnouncementList,
    Download,
    HeldPart,
    PartList,
    PartPut,
    PartPuts,
    Reserved,
    ReservedUpload,
)


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
