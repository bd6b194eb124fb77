"""Whose the file is: the four UIDs and the patient (PS3.3 C.7, C.12.1; PS3.5 9.1)."""

import re
from operator import itemgetter

from intake.studies.media_directory import MEDIA_DIRECTORY
from processor.judge.dicom.dictionary import positions, tags
from processor.judge.dicom.dictionary.positions import Texts
from processor.judge.dicom.dictionary.sop_classes import SOP_CLASSES
from processor.judge.inspection.findings import Findings

VALID = re.compile(r"(?:0|[1-9][0-9]*)(?:\.(?:0|[1-9][0-9]*))*")
# Not by the standard, but harmless, and still told apart from others: leading zeros, letters, hyphens.
USABLE = re.compile(r"(?!.*\.\.)[0-9A-Za-z][0-9A-Za-z ._-]*")
LONGEST = 64

WITHOUT_PATIENT = (
    MEDIA_DIRECTORY,
    "1.2.840.10008.5.1.4.38.",
    "1.2.840.10008.5.1.4.39.",
    "1.2.840.10008.5.1.4.43.",
    "1.2.840.10008.5.1.4.44.",
    "1.2.840.10008.5.1.4.45.",
    "1.2.840.10008.5.1.4.1.1.200.1",
    "1.2.840.10008.5.1.4.1.1.201.1",
)
"""SOP classes of no patient, by prefix: directories, hanging protocols, palettes, implants, protocols (PS3.3 A.1.2)."""

CODES = {
    tags.SOP_CLASS_UID: "sop-class-uid",
    tags.SOP_INSTANCE_UID: "sop-instance-uid",
    tags.STUDY_INSTANCE_UID: "study-instance-uid",
    tags.SERIES_INSTANCE_UID: "series-instance-uid",
}
"""The UIDs that every file of a patient must carry, and how their findings' codes begin."""
_identifiers_of = itemgetter(*(positions.OF[tag] for tag in CODES))

MIRRORED = (
    (positions.MEDIA_STORAGE_SOP_CLASS_UID, positions.SOP_CLASS_UID, tags.MEDIA_STORAGE_SOP_CLASS_UID),
    (positions.MEDIA_STORAGE_SOP_INSTANCE_UID, positions.SOP_INSTANCE_UID, tags.MEDIA_STORAGE_SOP_INSTANCE_UID),
)
"""What the file meta information repeats of the data set."""


def check(texts: Texts, findings: Findings, *, plain: bool) -> None:
    """Check what the file says of itself, its study, series and patient; `plain` texts have their form already."""
    sop_class = find_sop_class(texts)
    if not plain:
        _check_form(texts, findings)
    if sop_class and sop_class not in SOP_CLASSES:
        findings.add("sop-class-unknown", tags.format_tag(tags.SOP_CLASS_UID))
    elif sop_class and SOP_CLASSES[sop_class][1]:
        findings.add("sop-class-retired", tags.format_tag(tags.SOP_CLASS_UID))
    for outer, inner, tag in MIRRORED:
        stated, own = texts[outer], texts[inner]
        if stated and own and stated != own:
            findings.add("file-meta-mismatch", tags.format_tag(tag))
    if sop_class == MEDIA_DIRECTORY:
        findings.add("media-directory")
    elif sop_class.startswith(WITHOUT_PATIENT):
        _check_presence(texts, (tags.SOP_CLASS_UID, tags.SOP_INSTANCE_UID), findings)
    elif is_anonymous(texts):
        findings.add("identity-missing")
        _check_own_uids(texts, findings)
    else:
        if not all(_identifiers_of(texts)):
            _check_presence(texts, tuple(CODES), findings)
        _check_patient(texts, findings)


def find_sop_class(texts: Texts) -> str:
    """Return the data set's own, or else what the file meta information says of it."""
    return texts[positions.SOP_CLASS_UID] or texts[positions.MEDIA_STORAGE_SOP_CLASS_UID] or ""


def find_sop_instance(texts: Texts, *, plain: bool) -> str | None:
    """Return the data set's own UID where it can serve as an identifier; a media directory has none."""
    found = texts[positions.SOP_INSTANCE_UID] or ""
    return found if (plain and found) or is_valid(found) or is_usable(found) else None


def has_patient(sop_class: str, texts: Texts) -> bool:
    """Say whether the file is a patient's, so that the modules of patient, study and series belong into it."""
    return not (sop_class.startswith(WITHOUT_PATIENT) or is_anonymous(texts))


def is_valid(text: str) -> bool:
    return len(text) <= LONGEST and VALID.fullmatch(text) is not None


def is_usable(text: str) -> bool:
    return len(text) <= LONGEST and USABLE.fullmatch(text) is not None


def is_anonymous(texts: Texts) -> bool:
    """Say whether the file names no study, no series and no patient's ID at all.

    Test patterns, phantoms and thoroughly stripped images do so. They cannot be filed under a wrong patient, while
    a file that names some of the three and not the others was damaged, and could be.
    """
    return not (
        texts[positions.STUDY_INSTANCE_UID] or texts[positions.SERIES_INSTANCE_UID] or texts[positions.PATIENT_ID]
    )


def _check_presence(texts: Texts, needed: tuple[int, ...], findings: Findings) -> None:
    for tag in needed:
        if not texts[positions.OF[tag]]:
            findings.add(f"{CODES[tag]}-missing", tags.format_tag(tag))


def _check_own_uids(texts: Texts, findings: Findings) -> None:
    """Tell of a file that is told from others by its bytes alone. See docs/adr/0038."""
    for tag in (tags.SOP_CLASS_UID, tags.SOP_INSTANCE_UID):
        if not texts[positions.OF[tag]]:
            findings.add("object-uids-missing", tags.name_tag(tag))


def _check_form(texts: Texts, findings: Findings) -> None:
    for tag, code in CODES.items():
        found = texts[positions.OF[tag]]
        if not found or is_valid(found):
            continue
        # An SOP class is looked up, so one that is malformed is of no use; an instance's UID is only compared.
        usable = tag != tags.SOP_CLASS_UID and is_usable(found)
        findings.add("uid-malformed" if usable else f"{code}-invalid", tags.format_tag(tag))


def _check_patient(texts: Texts, findings: Findings) -> None:
    """Ask for a Patient ID where a patient is described.

    The standard's first years knew files with a patient's name alone; birth date and sex came with the module that
    makes the ID mandatory, so that a file with them and without an ID lost it. Nobody is asked for an ID where the
    file says that the identity was removed.
    """
    if texts[positions.PATIENT_ID]:
        return
    if texts[positions.PATIENT_ID] is not None:
        if texts[positions.PATIENT_IDENTITY_REMOVED] == "YES":
            return
        findings.add("patient-id-empty", tags.format_tag(tags.PATIENT_ID))
    elif texts[positions.PATIENT_BIRTH_DATE] is not None or texts[positions.PATIENT_SEX] is not None:
        findings.add("patient-id-missing", tags.format_tag(tags.PATIENT_ID))
    else:
        findings.add("patient-module-missing", tags.format_tag(tags.PATIENT_ID))
