"""Uploads of all clinics, as admins look for them: newest first, or by a reference or an id.

A reference may tell of a patient, so it stands in no address: it is kept under an opaque id.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice

from intake.errors import NotFoundError
from intake.files.keys import UNASSIGNED, is_clinic_id, is_file_id, is_upload_id, upload_of
from intake.files.model import Upload
from intake.files.outcomes import Page
from portal.auth.identity import Identity
from portal.cursors import Cursor, seal_page
from portal.services import Services

FOUND = 50
"""Uploads shown that a reference leads to."""
LONGEST = 200


@dataclass(frozen=True, slots=True)
class UploadSearch:
    """What is looked for; what is empty was not asked."""

    clinic: str = ""
    reference: str = ""
    """How it begins, whatever the case."""


def read_search(clinic: str, reference: str) -> UploadSearch:
    known = clinic == UNASSIGNED or is_clinic_id(clinic)
    return UploadSearch(clinic if known else "", reference.strip()[:LONGEST])


def keep_search(services: Services, identity: Identity, asked: UploadSearch) -> dict[str, str]:
    """Return the query of an address that leads to what is asked for."""
    if not asked.reference:
        return {"clinic": asked.clinic}
    fields = {"clinic": asked.clinic, "reference": asked.reference}
    return {"search": services.kept_searches.keep(identity.subject, fields)}


def find_search(services: Services, identity: Identity, search_id: str) -> UploadSearch | None:
    """Return what is kept; None for what is lapsed, unknown or somebody else's."""
    kept = services.kept_searches.find(identity.subject, search_id)
    return read_search(kept.get("clinic", ""), kept.get("reference", "")) if kept else None


def find_by_id(services: Services, text: str) -> str:
    """Return the id of the upload that an upload's or a file's id names; nothing where there is none."""
    upload_id = upload_of(text) if is_file_id(text) else text
    try:
        return services.records.upload(None, upload_id).upload_id if is_upload_id(upload_id) else ""
    except NotFoundError:
        return ""


def list_all_uploads(
    services: Services, identity: Identity, asked: UploadSearch, cursor: Cursor, limit: int
) -> Page[Upload]:
    """List uploads of a clinic or of all, newest first, without notes. Raises InvalidCursorError.

    By a reference at most `FOUND` are listed. That takes a query for each clinic where none is chosen.
    """
    if asked.reference:
        return Page(_hide_notes(_find_by_reference(services, asked)))

    def read(after: str | None) -> Page[Upload]:
        page = services.records.uploads(asked.clinic or None, after, limit)
        return replace(page, rows=_hide_notes(page.rows))

    return seal_page(services, identity, cursor, read, clinic=asked.clinic)


def _find_by_reference(services: Services, asked: UploadSearch) -> Sequence[Upload]:
    clinic_ids = [asked.clinic] if asked.clinic else [clinic.clinic_id for clinic in services.directory.clinics()]
    found = chain.from_iterable(services.search.uploads(one, asked.reference, FOUND) for one in clinic_ids)
    return sorted(islice(found, FOUND), key=lambda upload: upload.created_at, reverse=True)


def _hide_notes(uploads: Sequence[Upload]) -> tuple[Upload, ...]:
    return tuple(replace(upload, note="") for upload in uploads)
