"""Whose the file is: the four UIDs and the patient (PS3.3 C.7, C.12.1; PS3.5 9.1)."""

import re

from processor.judge import tags
from processor.judge.data_set import DataSet
from processor.judge.findings import Findings
from processor.judge.meta import FileMeta, uid
from processor.judge.sop_classes import SOP_CLASSES

VALID = re.compile(r"(?:0|[1-9][0-9]*)(?:\.(?:0|[1-9][0-9]*))*")
# Not by the standard, but harmless, and still told apart from others: leading zeros, letters, hyphens.
USABLE = re.compile(r"(?!.*\.\.)[0-9A-Za-z][0-9A-Za-z ._-]*")
LONGEST = 64

MEDIA_DIRECTORY = "1.2.840.10008.1.3.10"
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


def check(data_set: DataSet, meta: FileMeta, findings: Findings) -> None:
    """Check what the file says of itself, its study, series and patient."""
    sop_class = sop_class_uid(data_set, meta)
    _check_form(data_set, findings)
    _check_class(sop_class, findings)
    _check_meta(data_set, meta, findings)
    if sop_class == MEDIA_DIRECTORY:
        findings.add("media-directory")
    elif sop_class.startswith(WITHOUT_PATIENT):
        _check_presence(data_set, (tags.SOP_CLASS_UID, tags.SOP_INSTANCE_UID), findings)
    elif is_anonymous(data_set):
        findings.add("identity-missing")
    else:
        _check_presence(data_set, tuple(CODES), findings)
        _check_patient(data_set, findings)


def sop_class_uid(data_set: DataSet, meta: FileMeta) -> str:
    """Return the data set's own, or else what the file meta information says of it."""
    return value(data_set, tags.SOP_CLASS_UID) or meta.uid(tags.MEDIA_STORAGE_SOP_CLASS_UID)


def sop_instance_uid(data_set: DataSet) -> str | None:
    """Return the data set's own UID where it can serve as an identifier; a media directory has none."""
    found = value(data_set, tags.SOP_INSTANCE_UID)
    return found if is_usable(found) else None


def value(data_set: DataSet, tag: int) -> str:
    return uid(data_set.values.get(tag, b""))


def is_usable(text: str) -> bool:
    return len(text) <= LONGEST and USABLE.fullmatch(text) is not None


def is_anonymous(data_set: DataSet) -> bool:
    """Say whether the file names no study, no series and no patient's ID at all.

    Test patterns, phantoms and thoroughly stripped images do so. They cannot be filed under a wrong patient, while
    a file that names some of the three and not the others was damaged, and could be.
    """
    return not any(value(data_set, tag) for tag in (tags.STUDY_INSTANCE_UID, tags.SERIES_INSTANCE_UID, tags.PATIENT_ID))


def _check_presence(data_set: DataSet, needed: tuple[int, ...], findings: Findings) -> None:
    for tag in needed:
        if not value(data_set, tag):
            findings.add(f"{CODES[tag]}-missing", tags.written(tag))


def _check_form(data_set: DataSet, findings: Findings) -> None:
    for tag, code in CODES.items():
        found = value(data_set, tag)
        # An SOP class is looked up, so one that is malformed is of no use; an instance's UID is only compared.
        usable = is_usable(found) and (tag != tags.SOP_CLASS_UID or VALID.fullmatch(found) is not None)
        if found and not usable:
            findings.add(f"{code}-invalid", tags.written(tag))
        elif found and VALID.fullmatch(found) is None:
            findings.add("uid-malformed", tags.written(tag))


def _check_class(sop_class: str, findings: Findings) -> None:
    if sop_class and sop_class not in SOP_CLASSES:
        findings.add("sop-class-unknown", tags.written(tags.SOP_CLASS_UID))
    elif sop_class and SOP_CLASSES[sop_class][1]:
        findings.add("sop-class-retired", tags.written(tags.SOP_CLASS_UID))


def _check_patient(data_set: DataSet, findings: Findings) -> None:
    """Ask for a Patient ID where a patient is described.

    The standard's first years knew files with a patient's name alone; birth date and sex came with the module that
    makes the ID mandatory, so that a file with them and without an ID lost it.
    """
    if value(data_set, tags.PATIENT_ID):
        return
    if tags.PATIENT_ID in data_set.values:
        findings.add("patient-id-empty", tags.written(tags.PATIENT_ID))
    elif {tags.PATIENT_BIRTH_DATE, tags.PATIENT_SEX} & data_set.values.keys():
        findings.add("patient-id-missing", tags.written(tags.PATIENT_ID))
    else:
        findings.add("patient-module-missing", tags.written(tags.PATIENT_ID))


def _check_meta(data_set: DataSet, meta: FileMeta, findings: Findings) -> None:
    pairs = (
        (tags.MEDIA_STORAGE_SOP_CLASS_UID, tags.SOP_CLASS_UID),
        (tags.MEDIA_STORAGE_SOP_INSTANCE_UID, tags.SOP_INSTANCE_UID),
    )
    for outer, inner in pairs:
        if meta.uid(outer) and value(data_set, inner) and meta.uid(outer) != value(data_set, inner):
            findings.add("file-meta-mismatch", tags.written(outer))
