"""Elements that stand twice in one data set: the first value wins, and of an identity there may be no second one.

Readers differ in which one they take (pydicom the last, dcmtk the first), so that two values of what says whose the
image is would be filed under one patient and shown under another.
"""

from processor.judge.dicom.dictionary import tags
from processor.judge.dicom.dictionary.attributes import ABSENT, LOOKALIKE
from processor.judge.dicom.elements.element_scanner import Values
from processor.judge.inspection.findings import Findings

IDENTITIES = frozenset({
    tags.SOP_INSTANCE_UID,
    tags.STUDY_INSTANCE_UID,
    tags.SERIES_INSTANCE_UID,
    tags.PATIENT_ID,
    tags.PATIENT_NAME,
    tags.PATIENT_BIRTH_DATE,
    tags.ACCESSION_NUMBER,
})  # fmt: skip
"""What says whose the image is, and which one."""
PADDING = b"\0 "
NAME_PADDING = b"\0 ^="
"""Empty components and groups at a name's end say nothing (PS3.5 6.2.1)."""


def keep(values: Values, tag: int, value: bytes, findings: Findings) -> None:
    """Keep an element's value unless it has one already; one that is empty is none."""
    known = values[tag]
    if known is ABSENT or not known.strip(PADDING):
        values[tag] = LOOKALIKE if value == ABSENT else value
    elif tag in IDENTITIES:
        padding = NAME_PADDING if tag == tags.PATIENT_NAME else PADDING
        if value.strip(padding) not in {b"", known.strip(padding)}:
            findings.add("identity-ambiguous", tags.format_tag(tag))
