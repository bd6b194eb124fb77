"""What is asked of the indexes.

Each search is a Query, and none of its pages reads more than a bounded number of rows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from intake.files.model import FileRecord, Upload
from intake.files.outcomes import Page
from intake.files.states import State
from intake.studies.model import StudyOfUpload


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


class Search(Protocol):
    """Files and uploads by what people know of them."""

    def files(self, query: FileQuery, after: str | None, limit: int) -> Page[FileRecord]:
        """Return files: newest first, by name in alphabetical order, of a study or an upload in its own order.

        A page may be short, or empty, and have a next one: where what is asked for is rare, the search goes on there.
        Of an upload or a study that is not the clinic's, nothing is read: it answers as one that there is not.
        Raises InvalidCursorError.
        """
        ...

    def uploads(self, clinic_id: str, reference: str, limit: int) -> tuple[Upload, ...]:
        """Return the first uploads whose reference begins so, without regard to case, in alphabetical order."""
        ...

    def uploads_at(self, upload_ids: Sequence[str]) -> tuple[Upload, ...]:
        """Return up to 50 uploads by their ids, without those that there are not."""
        ...


class Troubles(Protocol):
    """What an upload's receipt tells beside its figures."""

    def first(self, upload_id: str, causes: Sequence[str], limit: int) -> dict[str, tuple[FileRecord, ...]]:
        """Return the first files of each cause, in the order of declaration, where there are any."""
        ...

    def files(self, upload_id: str, cause: str, after: str | None, limit: int) -> Page[FileRecord]:
        """Return an upload's files with one cause, or with any that begins so. Raises InvalidCursorError."""
        ...

    def studies(self, upload_id: str, limit: int) -> Page[StudyOfUpload]:
        """Return the first of the studies that an upload brought files of."""
        ...


class KeptSearches(Protocol):
    """What somebody searched for, for an hour: so that no address, and no log of addresses, holds it."""

    def keep(self, owner: str, criteria: Mapping[str, str]) -> str:
        """Return an opaque id of the criteria."""
        ...

    def find(self, owner: str, search_id: str) -> dict[str, str] | None:
        """Return what the owner keeps under the id, or None for what is unknown, lapsed or another's."""
        ...
