"""Finding files, studies and uploads. Each search is a Query, and none of its pages reads more than so many rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from intake.ports.records import Page
from intake.record import FileRecord, Upload
from intake.states import State
from intake.study import Study


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


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyQuery:
    """What studies are looked for by; all that is given must hold."""

    clinic_id: str | None
    patient_id: str = ""
    modality: str = ""
    first_date: str = ""
    """`YYYYMMDD`: the earliest study date."""
    last_date: str = ""


@dataclass(frozen=True, slots=True)
class StudyOfUpload:
    """What an upload brought of one study."""

    study_id: str
    counts: dict[State, int] = field(default_factory=dict)
    """Judged files by state."""
    modality: str = ""
    study_date: str = ""


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


class KeptSearches(Protocol):
    """What somebody searched for, for an hour: so that no address, and no log of addresses, holds it."""

    def keep(self, owner: str, criteria: Mapping[str, str]) -> str:
        """Return an opaque id of the criteria."""
        ...

    def kept(self, owner: str, search_id: str) -> dict[str, str] | None:
        """Return what the owner keeps under the id, or None for what is unknown, lapsed or another's."""
        ...
