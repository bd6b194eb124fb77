"""Studies as a clinic sees them, and what can be said of their completeness."""

from dataclasses import dataclass, replace
from functools import partial

from intake.files.model import FileRecord, Finding, Metadata, Upload
from intake.files.outcomes import Page
from intake.search.ports import FileQuery
from intake.studies.model import Series, Study, StudyQuery
from intake.studies.rules import findings
from portal.auth.identity import Identity
from portal.cursors import Cursor, seal_page
from portal.search.files import Criteria
from portal.search.labels import hide_labels
from portal.services import Services
from portal.uploads import visibility

UPLOADS = 20
"""Uploads of a study that are compared with it, the latest."""


@dataclass(frozen=True, slots=True)
class StudyPage:
    """A study, the uploads that it came with, and a page of its files."""

    study: Study
    findings: tuple[Finding, ...]
    uploads: tuple[Upload, ...]
    files: Page[FileRecord]
    patient: Metadata
    """As the first of the files says that says anything; for the clinic's own eyes."""


def list_studies(services: Services, identity: Identity, asked: Criteria, cursor: Cursor, limit: int) -> Page[Study]:
    """List studies: a clinic's, or for admins one's or everybody's. Raises InvalidCursorError."""
    clinic_id = identity.clinic_id or asked.clinic or None
    query = StudyQuery(
        clinic_id=clinic_id,
        patient_id=asked.patient,
        modality=asked.modality if clinic_id else "",
        first_date=asked.since.replace("-", "") if clinic_id else "",
        last_date=asked.until.replace("-", "") if clinic_id else "",
    )
    read = partial(services.studies.studies, query, limit=limit)
    page = seal_page(services, identity, cursor, read, **asked.to_dict())
    return replace(page, rows=tuple(hide_labels(identity, study) for study in page.rows))


def read_study(services: Services, identity: Identity, study_id: str) -> tuple[Study, tuple[Upload, ...]]:
    """Return a study with its series, and the uploads that it came with. Raises NotFoundError."""
    study = hide_labels(identity, services.studies.study(identity.clinic_id, study_id))
    return study, _read_uploads(services, study)


def _read_exam(services: Services, identity: Identity, study_id: str) -> tuple[Study, tuple[Upload, ...]]:
    """Return a study as `read_study`, also one of which every file was rejected. Raises NotFoundError."""
    study = hide_labels(identity, services.board.exam(identity.clinic_id, study_id))
    return study, _read_uploads(services, study)


def _read_uploads(services: Services, study: Study) -> tuple[Upload, ...]:
    return services.search.uploads_at(sorted(study.uploads, reverse=True)[:UPLOADS])


def read_study_page(
    services: Services, identity: Identity, study_id: str, *, series_id: str, cursor: Cursor, limit: int
) -> StudyPage:
    """Return a study with a page of its files, or of those of one series. Raises NotFoundError, InvalidCursorError."""
    study, uploads = _read_exam(services, identity, study_id)
    query = FileQuery(clinic_id=study.clinic_id, study_id=study_id, series_id=series_id)
    read = partial(services.search.files, query, limit=limit)
    found = seal_page(services, identity, cursor, read, series=series_id)
    seen = replace(found, rows=tuple(visibility.redact(identity, record) for record in found.rows))
    stated = (record.metadata.get(visibility.PATIENT) for record in seen.rows)
    patient = next((said for said in stated if isinstance(said, dict) and said), {})
    return StudyPage(study, findings(study, uploads), uploads, seen, patient)


def count_repeated(series: Series) -> int:
    """Return how many instances share their number with another one."""
    return max(0, series.numbered - len(series.numbers))
