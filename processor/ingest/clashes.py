"""Two files of one SOP Instance UID: whether they hold the same image, and what their clinic wants where they do not.

Asked for only where an accepted file stands in the way of another, so that no other file costs a call more. Trouble in
reading is raised: it is never a verdict (docs/adr/0038-an-image-is-its-data-set.md).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from intake.dicom.budget import Budget
from intake.dicom.errors import TooCostlyError, UnreadableDataSetError
from intake.dicom.likeness import Compared, Digest, Likeness, compare, digest
from intake.dicom.streams import ByteSource
from intake.errors import ObjectMissingError
from intake.files.model import Finding, ObjectVersion
from intake.files.outcomes import Recorded
from intake.files.weighing import name_clash
from intake.storage.ports import Objects
from processor.ingest.stored_objects import open_object
from processor.judge.dicom.dictionary import tags
from processor.judge.inspection.findings import Profile
from processor.judge.rules.catalogue import RULES

STEPS, FETCHED, INFLATED = 4_000_000, 4 * 1024**3, 2 * 1024**3
"""What both files of a comparison may cost together: about a minute of the judging Lambda's five."""

_SAME = {Likeness.SAME: "rewrapped", Likeness.RECOMPRESSED: "re-encoded"}


@dataclass(frozen=True, slots=True)
class Met:
    """What was found when a file met another of its SOP Instance UID, weighed as its clinic wants it."""

    file_id: str
    """The other one."""
    findings: tuple[Finding, ...]
    shadow: tuple[str, ...]
    is_duplicate: bool
    """It holds the same image as the other, and is not kept a second time."""


class Clashes:
    """Compares files that claim one SOP Instance UID."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    def meet(self, source: ByteSource, recorded: Recorded, profile: Profile) -> Met:
        """Hold a file against the one that stands in its way. Raises ObjectMissingError for the file itself."""
        if recorded.other_file_id is None:
            raise ValueError("no file stands in the way")
        compared = self._compare(source, recorded.other_stored)
        same = compared is not None and compared.likeness in _SAME
        if compared is None:
            found = RULES[name_clash(profile.conflicts, compared=False)].finding()
        elif same:
            found = RULES[_SAME[compared.likeness]].finding()
        else:
            found = RULES[name_clash(profile.conflicts, compared=True)].finding(name_places(compared.differing))
        findings, shadow = profile.weigh((found,))
        return Met(recorded.other_file_id, findings, shadow, same)

    def _compare(self, source: ByteSource, first: ObjectVersion | None) -> Compared | None:
        """Return how two files compare, or None where that cannot be told to the end."""
        budget = Budget(steps=STEPS, fetched=FETCHED, inflated=INFLATED, taken=FETCHED)
        try:
            here = digest(source, budget)
            there = self._digest_first(first, budget)
        except (TooCostlyError, UnreadableDataSetError):
            return None
        return compare(here, there) if there else None

    def _digest_first(self, stored: ObjectVersion | None, budget: Budget) -> Digest | None:
        """Return what the first file says; nothing where its content is gone."""
        if stored is None:
            return None
        try:
            return digest(open_object(self._objects, stored), budget)
        except ObjectMissingError:
            return None


MOST_PLACES = 5


def name_places(differing: Iterable[int]) -> str:
    """Name the elements that differ, as many as can be read, and never a value."""
    elements = list(differing)
    named = ", ".join(map(tags.name_tag, elements[:MOST_PLACES]))
    more = len(elements) - MOST_PLACES
    return f"{named} and {more} more" if more > 0 else named
