"""How the pages say things of exams: their states, titles, and the numbers that are missing."""

from collections.abc import Sequence
from dataclasses import replace

from intake.expectations.model import Presence
from intake.languages import format_number
from intake.phrases import Phrase
from intake.studies.board import Standing
from intake.studies.media_directory import Contents, ListedSeries
from intake.studies.model import Gap, Study
from portal.presentation.dicom_values import write_person_name
from portal.presentation.formatting import format_count, format_dicom_date
from portal.presentation.labels import Badge
from portal.presentation.languages import gettext, ngettext

EXAM_BADGES = {
    Standing.PROBLEM: Badge(
        "Problem", "cross", "bad", "Files of it were rejected or failed, or contradict each other."
    ),
    Standing.GROWING: Badge("Growing", "clock", "wait", "A file came within the last ten minutes."),
    Standing.MISSING: Badge("Missing", "warning", "warn", "Numbers have gaps, or fewer images came than expected."),
    Standing.COMPLETE: Badge("Complete", "check", "ok", "No number is missing in between."),
}


PRESENCE_BADGES = {
    Presence.EXPECTED: Badge("Expected", "clock", "wait", "It is expected, and nothing of it came yet."),
    Presence.OVERDUE: Badge("Did not come", "warning", "warn", "Nothing of it came by the hour that you chose."),
    Presence.CANCELLED: Badge("Cancelled", "bin", "wait", "It is expected no longer."),
}


def choose_exam_badge(standing: Standing, missing: int = 0, expected: int = 0) -> Badge:
    """Return how an exam shows; of what is missing, with how many, and of how many where that was told."""
    badge = EXAM_BADGES[standing]
    if standing is not Standing.MISSING or not missing:
        return badge
    return replace(badge, label=_label_missing(missing, expected))


def choose_presence_badge(presence: Presence, standing: Standing | None, study: Study | None) -> Badge:
    """Return how an expected exam shows: as the exam that came, where one did."""
    if study is not None and standing is not None:
        return choose_exam_badge(standing, study.missing, study.expected_images)
    return PRESENCE_BADGES[presence]


def write_phrase(phrase: Phrase) -> str:
    """Return a phrase in the language that is spoken, its numbers too."""
    holes = {
        name: write_phrase(value)
        if isinstance(value, Phrase)
        else format_number(value)
        if isinstance(value, int)
        else value
        for name, value in phrase.holes.items()
    }
    return gettext(phrase.pattern).format(**holes)


def _label_missing(missing: int, expected: int) -> str:
    if not expected:
        return f"{gettext('Missing')} {format_number(missing)}"
    told = gettext("Missing {missing} of {expected}")
    return told.format(missing=format_number(missing), expected=format_number(expected))


def name_study(study: Study) -> str:
    """Return `CT, PT, 22 Nov 2026`; what the files do not state is said so."""
    modalities = ", ".join(sorted(study.modalities)) or study.exam.modality
    dates = sorted(study.study_dates or filter(None, [study.exam.study_date]))
    if len(dates) == 1:
        told = format_dicom_date(dates[0])
    else:
        told = gettext("{count} dates").format(count=len(dates)) if dates else gettext("without a date")
    return f"{modalities or gettext('Study')}, {told}"


def format_gaps(gaps: Sequence[Sequence[Gap]], missing: int) -> str:
    """Return the numbers that are missing, series by series: `17, 18, 42; 3`."""
    if not gaps:
        # Fewer came than were expected, and their numbers do not say which.
        return gettext("not known which")
    told = "; ".join(", ".join(map(_format_gap, series)) for series in gaps)
    shown = sum(last - first + 1 for series in gaps for first, last in series)
    return gettext("{numbers} and more").format(numbers=told) if shown < missing else told


def _format_gap(gap: Gap) -> str:
    first, last = gap
    return ", ".join(map(str, dict.fromkeys(gap))) if last - first < 2 else f"{first}\N{EN DASH}\N{WORD JOINER}{last}"


def describe_contents(contents: Contents) -> str:
    """Tell in a sentence what a DICOMDIR lists, and what of that is not here."""
    listed = gettext("The CD's list names {images}").format(images=format_count(contents.images, "image"))
    if not contents.images:
        return f"{listed}."
    if not contents.missing:
        return f"{listed}; {ngettext('it is here.', 'all are here.', contents.images)}"
    told = ngettext(
        "{count} of them is not here: {series}.", "{count} of them are not here: {series}.", contents.missing
    )
    lacking = ", ".join(map(_describe_lack, contents.lacking))
    return f"{listed}; {told.format(count=format_number(contents.missing), series=lacking)}"


def _describe_lack(series: ListedSeries) -> str:
    told = gettext("{missing} of {images} in series {name}")
    modality = f" ({series.modality})" if series.modality else ""
    return told.format(
        missing=format_number(series.missing),
        images=format_number(series.images),
        name=f"{series.number or series.series_uid}{modality}",
    )


EXAM_FILTERS = {
    "describe_contents": describe_contents,
    "dicom_date": format_dicom_date,
    "exam_badge": choose_exam_badge,
    "gaps": format_gaps,
    "phrase": write_phrase,
    "presence_badge": choose_presence_badge,
    "person_name": write_person_name,
    "study_title": name_study,
}
"""What templates say `| name` for, to tell of exams."""
