"""What is asked of links to studies."""

from datetime import datetime
from typing import Protocol

from intake.sharing.model import StudyLink


class StudyLinks(Protocol):
    """Links, by their ids. Whoever comes with a link says of no clinic that it is theirs: the link says it."""

    def create(self, link: StudyLink) -> None: ...

    def list_of_study(self, clinic_id: str, study_id: str) -> tuple[StudyLink, ...]:
        """Return a clinic's links to a study, the newest first, for as long as they are kept: two calls."""
        ...

    def revoke(self, clinic_id: str, link_id: str, at: datetime) -> bool:
        """Close a link. Say whether it stood open; False also for another clinic's."""
        ...

    def begin_try(self, link_id: str, at: datetime) -> StudyLink | None:
        """Count a code that is about to be looked at, in one call, so that no two guesses count as one.

        None for a link that there is not, is revoked, lapsed, closed or used up.
        """
        ...

    def count_opening(self, link: StudyLink) -> None:
        """Take back the try, which was none, and count that the link was opened."""
        ...

    def find_open(self, link_id: str, at: datetime) -> StudyLink | None:
        """Return a link that may be used now, or None."""
        ...

    def count_taking(self, link: StudyLink) -> bool:
        """Count that the study is taken out. Say whether the link allows it once more."""
        ...
