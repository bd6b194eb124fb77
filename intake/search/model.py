"""What is looked for."""

from dataclasses import dataclass
from datetime import datetime

from intake.files.states import State


@dataclass(frozen=True, slots=True, kw_only=True)
class FileQuery:
    """What files are looked for by; all that is given must hold. A clinic id of None means all: for admins only."""

    clinic_id: str | None
    patient_id: str = ""
    """The whole Patient ID, without regard to case and spaces."""
    name: str = ""
    """How the last segment of the name begins, without regard to case."""
    study_id: str = ""
    series_id: str = ""
    """Of that study."""
    upload_id: str = ""
    modality: str = ""
    state: State | None = None
    since: datetime | None = None
    """Announced, or arrived where nobody announced it, at this moment or later."""
    until: datetime | None = None
    """And before this one."""
