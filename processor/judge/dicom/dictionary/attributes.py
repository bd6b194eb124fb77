"""The attributes that are read of a data set, as data: value representation, multiplicity, and what is made of them.

Names, value representations and multiplicities are those of PS3.6 table 6-1.
"""

from typing import NamedTuple

from processor.judge.dicom.dictionary import tags

ANY = 64
"""Values of an attribute whose multiplicity is `1-n`: more are not looked at."""


class Attribute(NamedTuple):
    """One attribute. All are of the outermost level: those of nested items belong to something else."""

    tag: int
    vr: str
    key: str = ""
    """In the metadata; empty for what is looked at and not delivered."""
    least: int = 1
    most: int = 1
    """How many values there may be."""


SHARED = (
    Attribute(tags.MEDIA_STORAGE_SOP_CLASS_UID, "UI"),
    Attribute(tags.TRANSFER_SYNTAX_UID, "UI", "transfer_syntax_uid"),
    Attribute(tags.SOP_CLASS_UID, "UI", "sop_class_uid"),
    Attribute(tags.SPECIFIC_CHARACTER_SET, "CS", "specific_character_set", most=ANY),
    Attribute(tags.IMAGE_TYPE, "CS", "image_type", least=2, most=ANY),
    Attribute(tags.MODALITY, "CS", "modality"),
    Attribute(tags.CONVERSION_TYPE, "CS", "conversion_type"),
    Attribute(tags.BODY_PART_EXAMINED, "CS", "body_part"),
    Attribute(tags.PATIENT_POSITION, "CS", "patient_position"),
    Attribute(tags.VIEW_POSITION, "CS", "view_position"),
    Attribute(tags.LATERALITY, "CS", "laterality"),
    Attribute(tags.IMAGE_LATERALITY, "CS", "image_laterality"),
    Attribute(tags.PHOTOMETRIC_INTERPRETATION, "CS", "photometric_interpretation"),
    Attribute(tags.BURNED_IN_ANNOTATION, "CS", "burned_in_annotation"),
    Attribute(tags.PATIENT_IDENTITY_REMOVED, "CS"),
    Attribute(tags.LOSSY_IMAGE_COMPRESSION, "CS", "lossy_image_compression"),
    Attribute(tags.STATION_NAME, "SH", "station_name"),
    Attribute(tags.MANUFACTURER, "LO", "manufacturer"),
    Attribute(tags.MANUFACTURER_MODEL_NAME, "LO", "manufacturer_model"),
    Attribute(tags.DEVICE_SERIAL_NUMBER, "LO", "device_serial_number"),
    Attribute(tags.SERIES_NUMBER, "IS", "series_number"),
    Attribute(tags.NUMBER_OF_FRAMES, "IS", "frames"),
    Attribute(tags.SLICE_THICKNESS, "DS", "slice_thickness"),
    Attribute(tags.IMAGER_PIXEL_SPACING, "DS", "imager_pixel_spacing", least=2, most=2),
    Attribute(tags.IMAGE_ORIENTATION, "DS", "image_orientation", least=6, most=6),
    Attribute(tags.PIXEL_SPACING, "DS", "pixel_spacing", least=2, most=2),
)
"""Attributes of text that hardly differ within a series and, alone or together, say nothing of a person or a date."""

OWN = (
    Attribute(tags.MEDIA_STORAGE_SOP_INSTANCE_UID, "UI"),
    Attribute(tags.SOP_INSTANCE_UID, "UI", "sop_instance_uid"),
    Attribute(tags.STUDY_INSTANCE_UID, "UI", "study_instance_uid"),
    Attribute(tags.SERIES_INSTANCE_UID, "UI", "series_instance_uid"),
    Attribute(tags.FRAME_OF_REFERENCE_UID, "UI", "frame_of_reference_uid"),
    Attribute(tags.STUDY_DATE, "DA", "study_date"),
    Attribute(tags.SERIES_DATE, "DA", "series_date"),
    Attribute(tags.ACQUISITION_DATE, "DA", "acquisition_date"),
    Attribute(tags.CONTENT_DATE, "DA", "content_date"),
    Attribute(tags.PATIENT_BIRTH_DATE, "DA", "patient.birth_date"),
    Attribute(tags.STUDY_TIME, "TM", "study_time"),
    Attribute(tags.SERIES_TIME, "TM", "series_time"),
    Attribute(tags.ACQUISITION_TIME, "TM", "acquisition_time"),
    Attribute(tags.CONTENT_TIME, "TM", "content_time"),
    Attribute(tags.ACQUISITION_DATE_TIME, "DT", "acquisition_datetime"),
    Attribute(tags.PATIENT_SEX, "CS", "patient.sex"),
    Attribute(tags.ACCESSION_NUMBER, "SH", "patient.accession_number"),
    Attribute(tags.STUDY_ID, "SH", "study_id"),
    Attribute(tags.STUDY_DESCRIPTION, "LO", "study_description"),
    Attribute(tags.SERIES_DESCRIPTION, "LO", "series_description"),
    Attribute(tags.PATIENT_ID, "LO", "patient.id"),
    Attribute(tags.PROTOCOL_NAME, "LO", "protocol_name"),
    Attribute(tags.REFERRING_PHYSICIAN_NAME, "PN"),
    Attribute(tags.PATIENT_NAME, "PN", "patient.name"),
    Attribute(tags.ACQUISITION_NUMBER, "IS", "acquisition_number"),
    Attribute(tags.INSTANCE_NUMBER, "IS", "instance_number"),
    Attribute(tags.IMAGE_POSITION, "DS", "image_position", least=3, most=3),
)
"""The other attributes of text: what tells instances, studies and patients apart, and what people wrote freely."""

TEXTS = (*SHARED, *OWN)
"""Attributes whose values are text. Of either part UIDs come first, as `texts` looks at them once more."""

NUMBERS = (
    Attribute(tags.SAMPLES_PER_PIXEL, "US", "samples_per_pixel"),
    Attribute(tags.ROWS, "US", "rows"),
    Attribute(tags.COLUMNS, "US", "columns"),
    Attribute(tags.BITS_ALLOCATED, "US", "bits_allocated"),
    Attribute(tags.BITS_STORED, "US", "bits_stored"),
    Attribute(tags.HIGH_BIT, "US"),
    Attribute(tags.PIXEL_REPRESENTATION, "US"),
    Attribute(tags.PLANAR_CONFIGURATION, "US"),
)
"""Attributes whose values are numbers of two bytes."""

BY_TAG = {attribute.tag: attribute for attribute in (*TEXTS, *NUMBERS)}
KEPT = frozenset(tag for tag in BY_TAG if tag >> 16 > 0x0002)
"""Elements of the data set whose values are kept."""

ABSENT = b"\x1e\x1e"
"""Stands for the value of a text attribute that is not there."""
LOOKALIKE = ABSENT * 2
"""What is kept of a value that happens to be ABSENT's two control characters: as malformed, but not absent."""
KEPT_BYTES = 1024
"""What is kept of a value at the most: more than any value of the kept elements may hold by the standard."""
Values = dict[int, bytes]
"""Tag → value as encoded."""
NOTHING: Values = {attribute.tag: ABSENT for attribute in TEXTS} | dict.fromkeys((entry.tag for entry in NUMBERS), b"")
"""The values of a file before it is read."""
