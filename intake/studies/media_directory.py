"""What a DICOMDIR lists, held against what is there: a CD's table of contents, and no image itself (PS3.10 8).

Compared by series, and by how many: an instance that is there and was never listed may hide one that was and is not,
which the study's own gaps tell.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from intake.files.model import Metadata

MEDIA_DIRECTORY = "1.2.840.10008.1.3.10"
"""The SOP class of a DICOMDIR: Media Storage Directory Storage."""

REFERENCES = "references"
"""Key of what a DICOMDIR lists, in its metadata: `images`, `whole` and `series`, of which each names its `study_uid`,
`series_uid`, `number`, `modality` and `images`."""


@dataclass(frozen=True, slots=True)
class ListedSeries:
    """A series as a DICOMDIR lists it."""

    study_uid: str
    series_uid: str
    number: str
    modality: str
    images: int
    here: int = 0
    """As many of them as there are, at the most."""

    @property
    def missing(self) -> int:
        return self.images - self.here

    @property
    def name(self) -> str:
        """`series 2 (CT)`; its UID where it has no number."""
        modality = f" ({self.modality})" if self.modality else ""
        return f"series {self.number or self.series_uid}{modality}"


@dataclass(frozen=True, slots=True)
class Contents:
    """What a DICOMDIR lists, and how much of it is there."""

    images: int
    series: tuple[ListedSeries, ...]
    whole: bool
    """False where it could not be read to its end, or lists more series than are kept."""

    @property
    def missing(self) -> int:
        return sum(row.missing for row in self.series)

    @property
    def lacking(self) -> tuple[ListedSeries, ...]:
        """The series of which something is missing."""
        return tuple(row for row in self.series if row.missing)

    def describe(self, place: str) -> str:
        """Tell in a sentence what is listed, and what of that is not in a `place` such as `among the chosen files`."""
        listed = f"The CD's list names {count_images(self.images)}"
        if not self.missing:
            return f"{listed}; {'it is' if self.images == 1 else 'all are'} {place}." if self.images else f"{listed}."
        are = "is" if self.missing == 1 else "are"
        by_series = ", ".join(f"{row.missing:,} of {row.images:,} in {row.name}" for row in self.lacking)
        return f"{listed}; {self.missing:,} of them {are} not {place}: {by_series}."


def read_contents(metadata: Metadata, here: Mapping[str, int]) -> Contents | None:
    """Return what a file's metadata says that it lists, with how many instances are `here` by Series Instance UID.

    None for what is no DICOMDIR, or was read before this was kept.
    """
    listed = metadata.get(REFERENCES)
    if not listed:
        return None
    series = tuple(
        ListedSeries(**row, here=min(row["images"], here.get(row["series_uid"], 0))) for row in listed["series"]
    )
    return Contents(listed["images"], series, listed["whole"])


def is_media_directory(metadata: Metadata) -> bool:
    return metadata.get("sop_class_uid") == MEDIA_DIRECTORY


def count_images(count: int) -> str:
    return f"{count:,} image{'' if count == 1 else 's'}"
