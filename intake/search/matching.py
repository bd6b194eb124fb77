"""Whether a record is one that was looked for: what the index does not already ensure."""

from datetime import datetime

from intake.files.index_keys import modality_of, normalised, patient_id_of, term
from intake.files.keyed_ids import KeyedIds
from intake.files.metadata import series_uid_of, study_uid_of
from intake.files.model import FileRecord
from intake.search.model import FileQuery


def matches(query: FileQuery, record: FileRecord, ids: KeyedIds) -> bool:
    """Say whether all that was asked for holds."""
    asked = (
        query.clinic_id is None or record.clinic_id == query.clinic_id,
        not query.patient_id or normalised(patient_id_of(record.metadata)) == normalised(query.patient_id),
        term(record.name).startswith(term(query.name)),
        not query.study_id or _study(record, ids) == query.study_id,
        not query.series_id or ids.series(record.clinic_id, series_uid_of(record.metadata)) == query.series_id,
        not query.upload_id or record.upload_id == query.upload_id,
        not query.modality or modality_of(record.metadata) == query.modality.upper(),
        query.state in {None, record.state},
        _within(record.created_at, query.since, query.until),
    )
    return all(asked)


def _study(record: FileRecord, ids: KeyedIds) -> str:
    uid = study_uid_of(record.metadata)
    return ids.study(record.clinic_id, uid) if uid else ""


def _within(moment: datetime, since: datetime | None, until: datetime | None) -> bool:
    return (since is None or moment >= since) and (until is None or moment < until)
