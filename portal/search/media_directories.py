"""What a CD's own list (DICOMDIR) names, held against what the clinic has of it."""

from collections import Counter
from itertools import islice

from intake.errors import NotFoundError
from intake.files.model import FileRecord
from intake.studies.media_directory import REFERENCES, Contents, read_contents
from portal.services import Services

STUDIES = 8
"""Studies that are looked up, a call each: a CD holds one patient's. What lists more is not compared."""


def compare_contents(services: Services, record: FileRecord) -> Contents | None:
    """Return what a DICOMDIR lists, and how much of it the clinic has, whichever upload brought it.

    None for what is no DICOMDIR, or lists nothing that can be looked up.
    """
    listed = record.metadata.get(REFERENCES)
    if not listed:
        return None
    studies = {row["study_uid"]: None for row in listed["series"] if row["study_uid"]}
    if len(studies) > STUDIES:
        return None
    here = Counter[str]()
    for study_uid in islice(studies, STUDIES):
        here.update(_count_instances(services, record.clinic_id, study_uid))
    return read_contents(record.metadata, here)


def _count_instances(services: Services, clinic_id: str, study_uid: str) -> dict[str, int]:
    try:
        study = services.studies.study(clinic_id, services.ids.study(clinic_id, study_uid))
    except NotFoundError:
        return {}
    return {series.series_uid: series.instances for series in study.series}
