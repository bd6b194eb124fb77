"""How records lie in the table: one item per file, upload, claim, partner and projection.

Keys: `pk` and `sk`. Indexes: `by_clinic` (`clinic_key`; uploads and studies), `by_clinic_state` (`clinic_state`; files,
and batches of awaited ones) and `by_state` (`state_shard`; the same of files that are awaited or in trouble, and
studies), each sorted by `created_key`, the time of creation and the id; and those that searches read
(`intake/files/index_keys.py`).
"""

from datetime import datetime

from intake.files.keys import upload_of
from intake.files.model import timestamp
from intake.table.items import Item

META = "#META"
OUTBOX = "OUTBOX"
COUNTS = "#COUNTS"
SERIES = "SERIES#"
STUDY_OF_UPLOAD = "#STUDY#"
STUDIES = "studies"
CLINICS = "CLINICS"
HOLDINGS = "HOLDINGS"


def upload_key(upload_id: str, sort: str = META) -> Item:
    return {"pk": f"UPLOAD#{upload_id}", "sk": sort}


def file_key(file_id: str) -> Item:
    return {"pk": f"UPLOAD#{upload_of(file_id)}", "sk": f"FILE#{file_id}"}


def claim_key(clinic_id: str, identity: str) -> Item:
    """Return the key of the claim on `sha256:…` or `sop:…`; the first accepted file of a clinic holds it."""
    return {"pk": f"CLAIM#{clinic_id}#{identity}", "sk": "#CLAIM"}


def alert_key(kind: str, upload_id: str) -> Item:
    return {"pk": OUTBOX, "sk": f"{kind}#{upload_id}"}


def study_key(study_id: str) -> Item:
    return {"pk": f"STUDY#{study_id}", "sk": META}


def study_of_upload_key(upload_id: str, study_id: str) -> Item:
    """Return the key of what an upload brought of a study; it sorts before the upload's files."""
    return {**upload_key(upload_id), "sk": f"{STUDY_OF_UPLOAD}{study_id}"}


def study_list(clinic_id: str, *which: str) -> str:
    """Return the partition of `by_clinic` that lists a clinic's studies: all, or those of a date or a patient."""
    return "#".join((clinic_id, STUDIES, *which))


def series_key(study_id: str, series_id: str) -> Item:
    return {**study_key(study_id), "sk": f"{SERIES}{series_id}"}


def build_created_key(created_at: datetime, identifier: str) -> str:
    return f"{timestamp(created_at)}#{identifier}"
