"""What is asked of the indexes.

Each search is a Query, and none of its pages reads more than a bounded number of rows.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from intake.files.model import FileRecord, Upload
from intake.files.outcomes import Page
from intake.search.model import FileQuery
from intake.studies.model import StudyOfUpload


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
