"""Where a text attribute stands among a file's texts: indexes are faster than a dict that is made for each file."""

from processor.judge.dicom.dictionary import tags
from processor.judge.dicom.dictionary.attributes import TEXTS

Texts = tuple[str | None, ...]
"""The texts of attributes.TEXTS in their order; None where there is no element."""
OF: dict[int, int] = {entry.tag: position for position, entry in enumerate(TEXTS)}

BURNED_IN_ANNOTATION = OF[tags.BURNED_IN_ANNOTATION]
IMAGE_ORIENTATION = OF[tags.IMAGE_ORIENTATION]
MEDIA_STORAGE_SOP_CLASS_UID = OF[tags.MEDIA_STORAGE_SOP_CLASS_UID]
MEDIA_STORAGE_SOP_INSTANCE_UID = OF[tags.MEDIA_STORAGE_SOP_INSTANCE_UID]
MODALITY = OF[tags.MODALITY]
NUMBER_OF_FRAMES = OF[tags.NUMBER_OF_FRAMES]
PATIENT_BIRTH_DATE = OF[tags.PATIENT_BIRTH_DATE]
PATIENT_ID = OF[tags.PATIENT_ID]
PATIENT_IDENTITY_REMOVED = OF[tags.PATIENT_IDENTITY_REMOVED]
PATIENT_SEX = OF[tags.PATIENT_SEX]
PHOTOMETRIC_INTERPRETATION = OF[tags.PHOTOMETRIC_INTERPRETATION]
SERIES_INSTANCE_UID = OF[tags.SERIES_INSTANCE_UID]
SOP_CLASS_UID = OF[tags.SOP_CLASS_UID]
SOP_INSTANCE_UID = OF[tags.SOP_INSTANCE_UID]
SPECIFIC_CHARACTER_SET = OF[tags.SPECIFIC_CHARACTER_SET]
STUDY_INSTANCE_UID = OF[tags.STUDY_INSTANCE_UID]
TRANSFER_SYNTAX_UID = OF[tags.TRANSFER_SYNTAX_UID]
