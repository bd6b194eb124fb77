"""What can be said of a study that no single file shows. Computed when it is asked for, from what was aggregated.

The judge's catalogue lists these rules beside its own. Each finding says where: in which series, by its UID.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from intake.files.model import Finding, Severity, Upload
from intake.files.states import State
from intake.files.upload_state import count_missing_so_far
from intake.studies.model import LIMITS, Gap, Series, Study

PATIENT_DIFFERS = Finding(
    "study-patient-differs",
    Severity.WARN,
    "Files of the same study name different patients.",
    "Check on the scanner or PACS whose study it is. Correct the wrong files, and send them again.",
)
MODALITIES_MIXED = Finding(
    "series-modalities-mixed",
    Severity.WARN,
    "Files of the same series come from different modalities.",
    "Check that no files of another series were given this one's identifier.",
)
FRAMES_MIXED = Finding(
    "series-frames-of-reference-mixed",
    Severity.WARN,
    "Images of the same series do not share one frame of reference, so they cannot be laid over each other.",
    "If the series is meant for planning or comparison, export each frame of reference as a separate series.",
)
NUMBERS_REPEATED = Finding(
    "instance-numbers-repeated",
    Severity.WARN,
    "Images of the same series share an instance number.",
    "Check that two acquisitions were not stored as one series.",
)
NUMBERS_MISSING = Finding(
    "instance-numbers-missing",
    Severity.WARN,
    "The instance numbers of the series have gaps: images may be missing.",
    "Compare the number of images with the scanner or PACS, and send the missing ones.",
)
INCOMPLETE = Finding(
    "study-incomplete",
    Severity.WARN,
    "Fewer files came than were announced with this study.",
    "Look at the uploads that brought it, and send the missing files again.",
)

SECTIONS = {
    PATIENT_DIFFERS: "PS3.3 C.7.1.1",
    MODALITIES_MIXED: "PS3.3 C.7.3.1",
    FRAMES_MIXED: "PS3.3 C.7.4.1",
    NUMBERS_REPEATED: "PS3.3 C.7.6.1",
    NUMBERS_MISSING: "PS3.3 C.7.6.1",
    INCOMPLETE: "",
}
"""Every rule on studies, and the standard's section that it follows from."""

BY_CODE = {found.code: found for found in SECTIONS}


def findings(study: Study, uploads: Sequence[Upload]) -> tuple[Finding, ...]:
    """Return what is to be said of a study with its series, and of the uploads that it came with."""
    broken = {
        PATIENT_DIFFERS: len(study.patients) > 1,
        INCOMPLETE: any(count_missing_so_far(one) or one.counts.get(State.FAILED) for one in uploads),
    }
    of_study = (found for found, is_broken in broken.items() if is_broken)
    return (*of_study, *(found for series in study.series for found in _check_series(series)))


def are_all_known(series: Series) -> bool:
    """Say whether no instance number was left out for want of room."""
    return len(series.numbers) < LIMITS["numbers"]


def find_stretches(series: Series) -> list[Gap]:
    """Return the instance numbers that there are, as first and last of each unbroken stretch."""
    found: list[Gap] = []
    for number in sorted(series.numbers):
        if found and number == found[-1][1] + 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return found


def find_gaps(series: Series) -> list[Gap]:
    """Return the instance numbers that are missing in between, as first and last of each stretch."""
    return [(before[1] + 1, after[0] - 1) for before, after in pairwise(find_stretches(series))]


def _check_series(series: Series) -> Iterator[Finding]:
    numbers, all_known = series.numbers or frozenset({0}), are_all_known(series)
    broken = {
        MODALITIES_MIXED: len(series.modalities) > 1,
        FRAMES_MIXED: len(series.frames_of_reference) > 1,
        NUMBERS_REPEATED: all_known and series.numbered > len(series.numbers),
        NUMBERS_MISSING: all_known and len(numbers) < max(numbers) - min(numbers) + 1,
    }
    where = f"series {series.series_uid}"
    yield from (replace(found, where=where) for found, is_broken in broken.items() if is_broken)
