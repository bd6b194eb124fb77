"""What the modules of a patient's file must hold, and what its SOP class leads to expect (PS3.3 C.7, C.12.1)."""

from operator import itemgetter

from intake.dicom.dictionary import charsets
from processor.judge.dicom.dictionary import positions, tags
from processor.judge.dicom.dictionary.modalities import MODALITIES, RISKING_ANNOTATION
from processor.judge.inspection.findings import Findings

MUST_BE_THERE = (
    ("patient-module-incomplete", (tags.PATIENT_NAME, tags.PATIENT_BIRTH_DATE, tags.PATIENT_SEX)),
    (
        "study-module-incomplete",
        (tags.STUDY_DATE, tags.STUDY_TIME, tags.ACCESSION_NUMBER, tags.REFERRING_PHYSICIAN_NAME, tags.STUDY_ID),
    ),
    ("series-module-incomplete", (tags.SERIES_NUMBER,)),
)
"""Attributes of type 2, which may be empty, by what is said where one is not there."""


_needed_of = itemgetter(*(positions.OF[tag] for _, needed in MUST_BE_THERE for tag in needed))


def check(texts: positions.Texts, findings: Findings) -> None:
    """Check that a patient's file holds what must be there."""
    if None in _needed_of(texts):
        _tell_absent(texts, findings)


def check_expected(sop_class: str, texts: positions.Texts, findings: Findings) -> None:
    """Check what the SOP class leads to expect: the modality, and annotation in the image."""
    modality = texts[positions.MODALITY]
    if not modality:
        findings.add("series-module-incomplete", tags.name_tag(tags.MODALITY))
    elif sop_class in MODALITIES and modality not in MODALITIES[sop_class]:
        findings.add("modality-mismatch", tags.format_tag(tags.MODALITY))
    _check_annotation(sop_class, texts[positions.BURNED_IN_ANNOTATION], findings)


def _tell_absent(texts: positions.Texts, findings: Findings) -> None:
    for code, needed in MUST_BE_THERE:
        for tag in needed:
            if texts[positions.OF[tag]] is None:
                findings.add(code, tags.name_tag(tag))
                break


def _check_annotation(sop_class: str, stated: str | None, findings: Findings) -> None:
    if stated == "YES":
        findings.add("burned-in-annotation", tags.format_tag(tags.BURNED_IN_ANNOTATION))
    elif stated != "NO" and sop_class in RISKING_ANNOTATION:
        findings.add("burned-in-annotation-possible", tags.format_tag(tags.BURNED_IN_ANNOTATION))


def check_character_set(stated: str | None, findings: Findings) -> None:
    if stated and stated not in charsets.DEFINED and not charsets.DEFINED.issuperset(charsets.terms(stated)):
        findings.add("character-set-unknown", tags.format_tag(tags.SPECIFIC_CHARACTER_SET))
