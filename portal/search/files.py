"""Looking for files: what may be asked, and by whom.

Names and Patient IDs are searched by a file's own clinic only. What identifies a patient stands in no address: such
criteria are kept under an opaque id, which the address holds instead.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import timedelta
from functools import partial

from intake.files.keys import UNASSIGNED, is_clinic_id, is_label_id, is_study_id, is_upload_id
from intake.files.model import FileRecord, FileSummary, Upload
from intake.files.outcomes import Page
from intake.files.states import State
from intake.projections.model import device
from intake.search.ports import FileQuery
from intake.studies.board import Standing
from portal.auth.identity import Identity
from portal.cursors import Cursor, seal_page
from portal.presentation.formatting import parse_day
from portal.services import Services
from portal.uploads import visibility

UPLOADS = 10
"""Uploads shown that a reference leads to."""

LONGEST = 200
"""Characters of a criterion."""

ROUNDS = 4
"""How often a page goes on reading, where what it reads has another cause or comes from another device."""

_CODE, _DEVICE = re.compile(r"[a-z][a-z0-9-]{0,63}"), re.compile(r"[0-9a-f]{12}")


PRIVATE = frozenset({"name", "patient", "reference", "text"})
"""What addresses may not hold."""


@dataclass(frozen=True, slots=True)
class Criteria:
    """What was asked for, as it was typed; what is empty was not asked."""

    name: str = ""
    patient: str = ""
    reference: str = ""
    study: str = ""
    upload: str = ""
    modality: str = ""
    code: str = ""
    """Of the finding that rejected."""
    device: str = ""
    """The key of what made the file."""
    state: str = ""
    since: str = ""
    """`YYYY-MM-DD`, in UTC."""
    until: str = ""
    """The last day."""
    clinic: str = ""
    """For admins; staff search their own."""
    text: str = ""
    """Of exams: a name, a Patient ID, an accession number or a description, by how it begins."""
    label: str = ""
    """Of exams, by its id."""
    tab: str = ""
    """State of exams."""
    sort: str = ""
    """`date` for exams by study date."""

    @property
    def private(self) -> bool:
        """Say whether an address may not hold it."""
        return any(name in PRIVATE for name in self.to_dict())

    @property
    def searches_exams(self) -> bool:
        """Say whether exams are asked for by more than their state."""
        return bool(self.text or self.patient or self.modality or self.since or self.until or self.label)

    def to_dict(self) -> dict[str, str]:
        return {name: value for name, value in asdict(self).items() if value}


@dataclass(frozen=True, slots=True)
class Found:
    """A page of files, and the uploads that a reference led to."""

    files: Page[FileRecord | FileSummary]
    uploads: tuple[Upload, ...] = ()


def read_address(services: Services, identity: Identity, query: Mapping[str, str]) -> Criteria:
    """Read what an address asks for."""
    return read_criteria(services, identity, {name: value for name, value in query.items() if name not in PRIVATE})


def find_kept(services: Services, identity: Identity, search_id: str) -> Criteria | None:
    """Return what is kept under an address's id; None for what is lapsed, unknown or somebody else's."""
    told = services.kept_searches.find(identity.subject, search_id) if search_id else None
    return read_criteria(services, identity, told) if told else None


def build_query(services: Services, identity: Identity, asked: Criteria) -> dict[str, str]:
    """Return the query of an address that leads to what is asked for, and identifies nobody."""
    if not asked.private:
        return asked.to_dict()
    return {"search": services.kept_searches.keep(identity.subject, asked.to_dict())}


def read_criteria(services: Services, identity: Identity, asked: Mapping[str, str]) -> Criteria:
    """Read what a form or an address asks for: what cannot be is left out, as is what `identity` may not ask."""
    known = {field.name: asked.get(field.name, "").strip()[:LONGEST] for field in fields(Criteria)}
    given = Criteria(**known)
    if identity.is_admin:
        # Causes and devices of all clinics are what the quarantine narrows by.
        given = replace(given, name="", patient="", reference="", text="", label="", code="", device="")
    return replace(
        given,
        # Files may also be nobody's.
        clinic=given.clinic if identity.is_admin and (given.clinic == UNASSIGNED or is_clinic_id(given.clinic)) else "",
        study=_find_study_id(services, identity.clinic_id or given.clinic, given.study),
        upload=given.upload if is_upload_id(given.upload) else "",
        label=given.label if is_label_id(given.label) else "",
        tab=given.tab if given.tab in set(Standing) else "",
        sort=given.sort if given.sort == "date" else "",
        state=given.state if given.state in set(State) else "",
        since=f"{since:%Y-%m-%d}" if (since := parse_day(given.since)) else "",
        until=f"{until:%Y-%m-%d}" if (until := parse_day(given.until)) else "",
        modality=given.modality.upper()[:16],
        code=given.code if _CODE.fullmatch(given.code) else "",
        device=given.device if _DEVICE.fullmatch(given.device) else "",
    )


def find_files(services: Services, identity: Identity, asked: Criteria, cursor: Cursor, limit: int) -> Found:
    """Return files, and uploads where a reference was given. Raises InvalidCursorError."""
    uploads = services.search.uploads(identity.own_clinic(), asked.reference, UPLOADS) if asked.reference else ()
    read = partial(_read_files, services, identity, asked, uploads, limit=limit)
    return Found(seal_page(services, identity, cursor, read, **asked.to_dict()), uploads)


def _read_files(
    services: Services,
    identity: Identity,
    asked: Criteria,
    uploads: tuple[Upload, ...],
    after: str | None,
    *,
    limit: int,
) -> Page[FileRecord | FileSummary]:
    if asked.reference and len(uploads) != 1:
        return Page(())
    query = _build_file_query(identity, asked, uploads)
    if asked.code or asked.device:
        return _read_by_cause(services, identity, asked, query, after, limit=limit)
    if not (query.patient_id or query.name or query.study_id or query.upload_id or query.modality):
        return visibility.list_newest(services, identity, query, after, limit=limit)
    found = services.search.files(query, after, limit)
    return replace(found, rows=tuple(visibility.redact(identity, record) for record in found.rows))


def _read_by_cause(
    services: Services, identity: Identity, asked: Criteria, query: FileQuery, after: str | None, *, limit: int
) -> Page[FileRecord | FileSummary]:
    """Read on, some rounds at most, until half a page has the cause and the device that were asked for."""
    rows: list[FileRecord | FileSummary] = []
    found: Page[FileRecord] = Page(())
    for _ in range(ROUNDS):
        found = services.search.files(query, after, limit)
        rows += [visibility.redact(identity, record) for record in found.rows if _fits(asked, record)]
        after = found.next
        if after is None or 2 * len(rows) >= limit:
            break
    return Page(tuple(rows), found.next, found.looked_back_to)


def _fits(asked: Criteria, record: FileRecord) -> bool:
    made_by = device(record.clinic_id, record.metadata) if asked.device else None
    if asked.device and (made_by is None or made_by.key != asked.device):
        return False
    return not asked.code or asked.code in record.codes


def _build_file_query(identity: Identity, asked: Criteria, uploads: tuple[Upload, ...]) -> FileQuery:
    until = parse_day(asked.until)
    clinic_id = identity.clinic_id or asked.clinic or None
    return FileQuery(
        clinic_id=clinic_id,
        patient_id=asked.patient,
        name=asked.name,
        study_id=asked.study,
        upload_id=uploads[0].upload_id if uploads else asked.upload,
        # Modalities are listed clinic by clinic.
        modality=asked.modality if clinic_id else "",
        state=State(asked.state) if asked.state else None,
        since=parse_day(asked.since),
        until=until + timedelta(days=1) if until else None,
    )


def _find_study_id(services: Services, clinic_id: str, text: str) -> str:
    """Return the id of a study by its id or its UID (PS3.5 9.1); nothing for what is neither."""
    if is_study_id(text):
        return text
    is_uid = "." in text and text.replace(".", "").isdigit() and text.isascii()
    return services.ids.study(clinic_id, text) if is_uid and clinic_id else ""
