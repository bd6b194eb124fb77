"""What a patient's file must hold, what its SOP class leads to expect, and its geometry (PS3.3 C.7, 10.7, C.12.1)."""

from operator import itemgetter

from intake.dicom.dictionary import charsets
from processor.judge.dicom.dictionary import positions, tags
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

_ROOT = "1.2.840.10008.5.1.4.1.1."
_ALLOWED = {
    "CR": ("1",),
    "DX PX": ("1.1", "1.1.1"),
    "MG": ("1.2", "1.2.1", "13.1.3", "13.1.4", "13.1.5"),
    "IO": ("1.3", "1.3.1"),
    "CT": ("2", "2.1", "2.2"),
    "US IVUS": ("3", "3.1", "6", "6.1", "6.2"),
    "MR": ("4", "4.1", "4.2", "4.3", "4.4"),
    "NM": ("5", "20"),
    "PR": ("11.1", "11.2", "11.3", "11.4", "11.5", "11.6", "11.7", "11.8", "11.9", "11.10", "11.11", "11.12"),
    "XA": ("12.1", "12.1.1", "12.3", "13.1.1"),
    "RF": ("12.2", "12.2.1"),
    "ECG": ("9.1.1", "9.1.2", "9.1.3", "9.1.4"),
    "HD": ("9.2.1",),
    "EPS": ("9.3.1",),
    "AU": ("9.4.1", "9.4.2"),
    "IVOCT": ("14.1", "14.2"),
    "REG": ("66.1", "66.3"),
    "SEG": ("66.4", "66.5"),
    "ES": ("77.1.1", "77.1.1.1"),
    "GM": ("77.1.2", "77.1.2.1"),
    "SM": ("77.1.3", "77.1.6"),
    "XC": ("77.1.4", "77.1.4.1"),
    "OP": ("77.1.5.1", "77.1.5.2", "77.1.5.5", "77.1.5.6"),
    "OPT": ("77.1.5.4",),
    "SR": ("88.11", "88.22", "88.33", "88.34", "88.35", "88.50", "88.65", "88.67", "88.68", "88.69"),
    "KO": ("88.59",),
    "PT": ("128", "128.1", "130"),
    "RTIMAGE": ("481.1", "481.23", "481.24"),
    "RTDOSE": ("481.2",),
    "RTSTRUCT": ("481.3",),
    "RTPLAN": ("481.5", "481.8"),
    "RTRECORD": ("481.4", "481.6", "481.7", "481.9"),
}
MODALITIES = {_ROOT + short: frozenset(names.split()) for names, classes in _ALLOWED.items() for short in classes}
"""SOP class UID → the values of Modality (0008,0060) that its objects may have, where the standard fixes them.

From the series modules of the IODs (PS3.3 A and C.7.3.1.1.1, C.8). Classes that any modality may use (secondary
capture, encapsulated documents, segmentations of old, raw data, real world values) are not here.
"""

_RISKING = ("3", "3.1", "6", "6.1", "7", "7.1", "7.2", "7.3", "7.4", "77.1.1", "77.1.1.1", "77.1.4", "77.1.4.1")
RISKING_ANNOTATION = frozenset(_ROOT + short for short in _RISKING)
"""Ultrasound, secondary capture, endoscopy and photographs: names are burned into these more than into others."""

SPACINGS = tuple((positions.OF[tag], tag) for tag in (tags.PIXEL_SPACING, tags.IMAGER_PIXEL_SPACING))
SMALLEST_SPACING, LARGEST_SPACING = 1e-5, 100.0
"""Millimetres between pixels; microscopes reach 0.0001, and no detector's elements are 10 cm wide."""
TOLERANCE = 1e-3
"""By which direction cosines may miss unit length and a right angle: writers round them to three digits and more."""

_needed_of = itemgetter(*(positions.OF[tag] for _, needed in MUST_BE_THERE for tag in needed))


def check(texts: positions.Texts, findings: Findings) -> None:
    """Check that a patient's file holds what must be there."""
    if None not in _needed_of(texts):
        return
    for code, needed in MUST_BE_THERE:
        for tag in needed:
            if texts[positions.OF[tag]] is None:
                findings.add(code, tags.name_tag(tag))
                break


def check_shared(sop_class: str, texts: positions.Texts, findings: Findings, *, has_patient: bool) -> None:
    """Check what hardly differs within a series: of whatever file its character set, of a patient's all else."""
    stated = texts[positions.SPECIFIC_CHARACTER_SET]
    if stated and stated not in charsets.DEFINED and not charsets.DEFINED.issuperset(charsets.terms(stated)):
        findings.add("character-set-unknown", tags.format_tag(tags.SPECIFIC_CHARACTER_SET))
    if has_patient:
        _check_expected(sop_class, texts, findings)
        _check_geometry(texts, findings)


def _check_expected(sop_class: str, texts: positions.Texts, findings: Findings) -> None:
    """Check what the SOP class leads to expect: the modality, and annotation in the image."""
    modality = texts[positions.MODALITY]
    if not modality:
        findings.add("series-module-incomplete", tags.name_tag(tags.MODALITY))
    elif sop_class in MODALITIES and modality not in MODALITIES[sop_class]:
        findings.add("modality-mismatch", tags.format_tag(tags.MODALITY))
    annotated = texts[positions.BURNED_IN_ANNOTATION]
    if annotated == "YES":
        findings.add("burned-in-annotation", tags.format_tag(tags.BURNED_IN_ANNOTATION))
    elif annotated != "NO" and sop_class in RISKING_ANNOTATION:
        findings.add("burned-in-annotation-possible", tags.format_tag(tags.BURNED_IN_ANNOTATION))


def _check_geometry(texts: positions.Texts, findings: Findings) -> None:
    """Check Pixel Spacing, Imager Pixel Spacing and Image Orientation where they are numbers."""
    for position, tag in SPACINGS:
        spacings = _parse_numbers(texts[position])
        if spacings and not (min(spacings) >= SMALLEST_SPACING and max(spacings) <= LARGEST_SPACING):
            findings.add("pixel-spacing-invalid", tags.format_tag(tag))
    cosines = _parse_numbers(texts[positions.IMAGE_ORIENTATION])
    if len(cosines) == 6:
        a, b, c, x, y, z = cosines
        excesses = abs(a * a + b * b + c * c - 1), abs(x * x + y * y + z * z - 1)
        if not (max(excesses) <= 2 * TOLERANCE and abs(a * x + b * y + c * z) <= TOLERANCE):
            findings.add("image-orientation-invalid", tags.format_tag(tags.IMAGE_ORIENTATION))


def _parse_numbers(text: str | None) -> list[float]:
    """Return a text's numbers; none where any value is no number, which is another rule's matter."""
    try:
        return list(map(float, text.split("\\"))) if text else []
    except ValueError:
        return []
