"""Reservations and signed requests in the shapes of the REST API; the pages' uploader reads the same."""

from collections.abc import Iterable

from intake.ports import Page, Part, Presigned
from intake.record import FileRecord
from portal import shapes
from portal.multipart import Plan, SignedPart, part_count, part_size
from portal.uploads import Placed, Placement


def reserved_upload(placement: Placement) -> shapes.ReservedUpload:
    return shapes.ReservedUpload(upload_id=placement.upload_id, files=[reserved(placed) for placed in placement.files])


def reserved(placed: Placed) -> shapes.Reserved:
    return shapes.Reserved(
        file_id=placed.record.file_id,
        name=placed.record.name,
        state=placed.record.state,
        put=_put(placed.put) if placed.put else None,
        multipart=_multipart(placed.plan) if placed.plan else None,
    )


def part_puts(parts: Iterable[SignedPart]) -> shapes.PartPuts:
    return shapes.PartPuts(parts=[_part_put(part) for part in parts])


def part_list(record: FileRecord, held: Iterable[Part]) -> shapes.PartList:
    return shapes.PartList(
        part_size=part_size(record.size), part_count=part_count(record.size), parts=[_held(part) for part in held]
    )


def announcements(page: Page[FileRecord]) -> shapes.AnnouncementList:
    """Leave out what was found in archives: nobody announced or sends it."""
    own = [record for record in page.rows if record.parent is None]
    return shapes.AnnouncementList(files=[_announcement(record) for record in own], next=page.next)


def download(presigned: Presigned) -> shapes.Download:
    return shapes.Download(url=presigned.url, expires_at=presigned.expires_at)


def _announcement(record: FileRecord) -> shapes.Announcement:
    return shapes.Announcement(
        file_id=record.file_id, name=record.name, size=record.size, sha256=record.sha256, state=record.state
    )


def _put(presigned: Presigned) -> shapes.Put:
    return shapes.Put(url=presigned.url, headers=presigned.headers, expires_at=presigned.expires_at)


def _part_put(part: SignedPart) -> shapes.PartPut:
    request = part.request
    return shapes.PartPut(
        number=part.number, size=part.size, url=request.url, headers=request.headers, expires_at=request.expires_at
    )


def _multipart(plan: Plan) -> shapes.Multipart:
    return shapes.Multipart(
        part_size=plan.part_size, part_count=plan.part_count, held=[_held(part) for part in plan.held]
    )


def _held(part: Part) -> shapes.HeldPart:
    return shapes.HeldPart(number=part.number, size=part.size, sha256=part.sha256)
