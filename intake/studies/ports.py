"""Reading studies."""

from typing import Protocol

from intake.files.outcomes import Page
from intake.studies.model import Study, StudyQuery


class Studies(Protocol):
    """What the accepted DICOM files of a clinic add up to. A clinic id of None means all: for admins only."""

    def studies(self, query: StudyQuery, after: str | None, limit: int) -> Page[Study]:
        """Return studies without their series. Raises InvalidCursorError.

        Without conditions, those first that got a file last; else by study date, newest first, and of one clinic only.
        A page may be short, as one of `Search.files`.
        """
        ...

    def study(self, clinic_id: str | None, study_id: str) -> Study:
        """Return a study with its series. Raises NotFoundError."""
        ...
