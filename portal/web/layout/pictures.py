"""Pictures by which people recognise files, as pages show them: of which there is one, and how large it is."""

from collections.abc import Iterable
from dataclasses import dataclass

from intake.files.metadata import read_study_uid
from intake.files.model import FileRecord
from intake.files.states import State
from intake.renditions.model import NoPreview
from portal.auth.identity import Identity
from portal.presentation.labels import NO_PREVIEW
from portal.retrieval.previews import Edge, find_reason, is_previewed
from portal.services import Services

PICTURED = frozenset({"dicom", "pdf", "nifti", "jpeg", "png", "tiff"})
"""Kinds of files that are drawn."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A file's picture as a page shows it, or why there is none."""

    address: str
    width: int
    """In pixels, as is the height: the room that is kept for it."""
    height: int
    reason: str = ""
    """A sentence to be translated; nothing where there is a picture, or nobody has tried."""


def is_pictured(services: Services, identity: Identity, record: FileRecord) -> bool:
    """Say whether a page shows a picture of a file that was read on its behalf, as far as its record tells."""
    return is_previewed(services, identity, record) and _find_obstacle(record) is None


def build_picture(services: Services, identity: Identity, record: FileRecord) -> Picture | None:
    """Return a file's picture for its own page; None where `identity` may not see one. Never waits for a renderer."""
    if not is_previewed(services, identity, record):
        return None
    reason = _find_obstacle(record) or find_reason(services, identity, record)
    width, height = _find_size(record)
    address = f"/files/{record.file_id}/preview/{Edge.LARGE}"
    return Picture(address, width, height, NO_PREVIEW[reason] if reason else "")


def choose_by_study(services: Services, identity: Identity, records: Iterable[FileRecord]) -> dict[str, str]:
    """Return study ids, and of each the image in the middle of those that were accepted among `records`, by file id."""
    found: dict[str, list[FileRecord]] = {}
    for record in records:
        is_image = record.kind == "dicom" and record.state is State.ACCEPTED
        uid = read_study_uid(record.metadata) if is_image else ""
        if uid and is_pictured(services, identity, record):
            found.setdefault(services.ids.study(record.clinic_id, uid), []).append(record)
    return {study_id: sorted(images, key=_read_number)[len(images) // 2].file_id for study_id, images in found.items()}


def _read_number(record: FileRecord) -> int:
    number = record.metadata.get("instance_number")
    return number if isinstance(number, int) else 0


def _find_obstacle(record: FileRecord) -> NoPreview | None:
    if record.kind not in PICTURED:
        return NoPreview.UNKNOWN_FORMAT
    # Reports, plans and lists say nothing of rows.
    is_image = record.kind != "dicom" or "rows" in record.metadata or record.state is State.REJECTED
    return None if is_image else NoPreview.NO_PIXELS


def _find_size(record: FileRecord) -> tuple[int, int]:
    """Return how large the picture gets: as large as the image, but no larger than the edge; a square where unknown."""
    columns, rows = (record.metadata.get(name) for name in ("columns", "rows"))
    if not (isinstance(columns, int) and isinstance(rows, int) and columns > 0 and rows > 0):
        return Edge.LARGE.value, Edge.LARGE.value
    share = min(1.0, Edge.LARGE / max(columns, rows))
    return max(1, round(columns * share)), max(1, round(rows * share))
