"""A clinic's stored instances, found by the UIDs of DICOM."""

from collections.abc import Iterator
from itertools import chain

from intake.errors import NotFoundError
from intake.files.model import FileRecord
from intake.files.states import State
from intake.search.ports import FileQuery
from portal.auth.identity import Identity
from portal.errors import SearchTooBroadError
from portal.services import Services

PAGE = 100
MOST_PAGES = 50
"""Pages of files that one request looks through."""


def list_instances(
    services: Services, identity: Identity, study_uid: str, series_uid: str = "", page_size: int = 0
) -> Iterator[FileRecord]:
    """Yield the accepted instances of a study, or of one of its series: by series, then by instance number.

    Raises SearchTooBroadError where they are not found within `MOST_PAGES`: a sender may have sent one instance a
    hundred thousand times. `page_size` is that of the first page, where few are wanted.
    """
    clinic_id = identity.own_clinic()
    query = FileQuery(
        clinic_id=clinic_id,
        study_id=services.ids.study(clinic_id, study_uid),
        series_id=services.ids.series(clinic_id, series_uid) if series_uid else "",
        state=State.ACCEPTED,
    )
    after: str | None = None
    for number in range(MOST_PAGES):
        page = services.search.files(query, after, page_size if page_size and not number else PAGE)
        yield from (record for record in page.rows if _is_listed(record, study_uid, series_uid))
        after = page.next
        if after is None:
            return
    raise SearchTooBroadError("There are too many files to look through.")


def find_first(services: Services, identity: Identity, study_uid: str, series_uid: str = "") -> FileRecord | None:
    """Return one instance, which tells of its study or series what all of its instances say."""
    return next(list_instances(services, identity, study_uid, series_uid, page_size=1), None)


def require_instances(
    services: Services, identity: Identity, study_uid: str, series_uid: str = ""
) -> Iterator[FileRecord]:
    """Yield instances as `list_instances` does, and at least one. Raises NotFoundError at once where there is none."""
    rows = list_instances(services, identity, study_uid, series_uid)
    one = next(rows, None)
    if one is None:
        raise NotFoundError("there is no such study or series")
    return chain([one], rows)


def find_instance(services: Services, identity: Identity, study_uid: str, series_uid: str, sop_uid: str) -> FileRecord:
    """Return one instance. Raises NotFoundError."""
    for record in list_instances(services, identity, study_uid, series_uid):
        if record.metadata.get("sop_instance_uid") == sop_uid:
            return record
    raise NotFoundError("there is no such instance")


def build_address(record: FileRecord, base: str) -> str:
    """Return where an instance is fetched, or nothing for a file that names none: a DICOMDIR is no instance."""
    study_uid, series_uid, sop_uid = (
        record.metadata.get(key) for key in ("study_instance_uid", "series_instance_uid", "sop_instance_uid")
    )
    if not (study_uid and series_uid and sop_uid):
        return ""
    return f"{base}/studies/{study_uid}/series/{series_uid}/instances/{sop_uid}"


def _is_listed(record: FileRecord, study_uid: str, series_uid: str) -> bool:
    """A duplicate is told of once, and what was superseded no more.

    What names no instance is none: a review may have accepted it all the same.
    """
    metadata = record.metadata
    return (
        record.duplicate_of is None
        and record.superseded_by is None
        and record.stored is not None
        and bool(metadata.get("sop_instance_uid"))
        and metadata.get("study_instance_uid") == study_uid
        and series_uid in {"", metadata.get("series_instance_uid")}
    )
