"""The attributes that searches return and match, as data (PS3.18 tables 10.6.3-3 to 10.6.3-5; names of PS3.6)."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from portal.dicomweb.json_model.values import NAME_GROUPS


class Level(IntEnum):
    """What a search finds; an attribute of one level also describes all that lies below it."""

    STUDY = 1
    SERIES = 2
    INSTANCE = 3


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of the DICOM JSON model, and where the stored metadata hold it."""

    tag: str
    """Eight upper-case hexadecimal digits."""
    vr: str
    keyword: str
    level: Level
    key: str = ""
    """Path in a file's metadata; empty for what is counted or addressed rather than stored."""
    extra: bool = False
    """Returned only where `includefield` asks for it."""
    kept: bool = True
    """Whether any record tells it. The standard has others returned too: they are, without a value."""

    @property
    def is_searched(self) -> bool:
        """Say whether a search may name it as a condition, though nothing is matched by what is not kept."""
        return bool(self.key) or not self.kept or self.keyword == "ModalitiesInStudy"

    @property
    def is_number(self) -> bool:
        return self.vr in {"IS", "DS", "US", "UL"}


_STUDY, _SERIES, _INSTANCE = Level.STUDY, Level.SERIES, Level.INSTANCE

ATTRIBUTES = (
    Attribute("00080020", "DA", "StudyDate", _STUDY, "study_date"),
    Attribute("00080030", "TM", "StudyTime", _STUDY, "study_time"),
    Attribute("00080050", "SH", "AccessionNumber", _STUDY, "patient.accession_number"),
    Attribute("00080056", "CS", "InstanceAvailability", _STUDY),
    Attribute("00080061", "CS", "ModalitiesInStudy", _STUDY),
    Attribute("00080090", "PN", "ReferringPhysicianName", _STUDY, kept=False),
    Attribute("00081030", "LO", "StudyDescription", _STUDY, "study_description"),
    Attribute("00081190", "UR", "RetrieveURL", _STUDY),
    Attribute("00100010", "PN", "PatientName", _STUDY, "patient.name"),
    Attribute("00100020", "LO", "PatientID", _STUDY, "patient.id"),
    Attribute("00100030", "DA", "PatientBirthDate", _STUDY, "patient.birth_date"),
    Attribute("00100040", "CS", "PatientSex", _STUDY, "patient.sex"),
    Attribute("0020000D", "UI", "StudyInstanceUID", _STUDY, "study_instance_uid"),
    Attribute("00200010", "SH", "StudyID", _STUDY, "study_id"),
    Attribute("00201206", "IS", "NumberOfStudyRelatedSeries", _STUDY),
    Attribute("00201208", "IS", "NumberOfStudyRelatedInstances", _STUDY),
    Attribute("00080060", "CS", "Modality", _SERIES, "modality"),
    Attribute("0008103E", "LO", "SeriesDescription", _SERIES, "series_description"),
    Attribute("0020000E", "UI", "SeriesInstanceUID", _SERIES, "series_instance_uid"),
    Attribute("00200011", "IS", "SeriesNumber", _SERIES, "series_number"),
    Attribute("00201209", "IS", "NumberOfSeriesRelatedInstances", _SERIES),
    Attribute("00400244", "DA", "PerformedProcedureStepStartDate", _SERIES, kept=False),
    Attribute("00400245", "TM", "PerformedProcedureStepStartTime", _SERIES, kept=False),
    Attribute("00400275", "SQ", "RequestAttributesSequence", _SERIES, kept=False),
    Attribute("00080021", "DA", "SeriesDate", _SERIES, "series_date", extra=True),
    Attribute("00080031", "TM", "SeriesTime", _SERIES, "series_time", extra=True),
    Attribute("00080070", "LO", "Manufacturer", _SERIES, "manufacturer", extra=True),
    Attribute("00081090", "LO", "ManufacturerModelName", _SERIES, "manufacturer_model", extra=True),
    Attribute("00180015", "CS", "BodyPartExamined", _SERIES, "body_part", extra=True),
    Attribute("00181030", "LO", "ProtocolName", _SERIES, "protocol_name", extra=True),
    Attribute("00200052", "UI", "FrameOfReferenceUID", _SERIES, "frame_of_reference_uid", extra=True),
    Attribute("00200060", "CS", "Laterality", _SERIES, "laterality", extra=True),
    Attribute("00080016", "UI", "SOPClassUID", _INSTANCE, "sop_class_uid"),
    Attribute("00080018", "UI", "SOPInstanceUID", _INSTANCE, "sop_instance_uid"),
    Attribute("00083002", "UI", "AvailableTransferSyntaxUID", _INSTANCE, "transfer_syntax_uid"),
    Attribute("00200013", "IS", "InstanceNumber", _INSTANCE, "instance_number"),
    Attribute("00280008", "IS", "NumberOfFrames", _INSTANCE, "frames"),
    Attribute("00280010", "US", "Rows", _INSTANCE, "rows"),
    Attribute("00280011", "US", "Columns", _INSTANCE, "columns"),
    Attribute("00280100", "US", "BitsAllocated", _INSTANCE, "bits_allocated"),
    Attribute("00080008", "CS", "ImageType", _INSTANCE, "image_type", extra=True),
    Attribute("00080022", "DA", "AcquisitionDate", _INSTANCE, "acquisition_date", extra=True),
    Attribute("00080023", "DA", "ContentDate", _INSTANCE, "content_date", extra=True),
    Attribute("00080032", "TM", "AcquisitionTime", _INSTANCE, "acquisition_time", extra=True),
    Attribute("00080033", "TM", "ContentTime", _INSTANCE, "content_time", extra=True),
    Attribute("00200012", "IS", "AcquisitionNumber", _INSTANCE, "acquisition_number", extra=True),
    Attribute("00280004", "CS", "PhotometricInterpretation", _INSTANCE, "photometric_interpretation", extra=True),
)

ALWAYS = frozenset({"00080056", "00081190", "0020000D", "0020000E"})
"""Returned at every level at which there is one: what a result is fetched by."""

BY_NAME = {name: attribute for attribute in ATTRIBUTES for name in (attribute.tag, attribute.keyword)}
"""Attributes by tag and by keyword."""

Element = dict[str, Any]
DataSet = dict[str, Element]
"""Tag → `{"vr", "Value"?}`."""


def write_data_set(attributes: Sequence[Attribute], values: Mapping[str, Sequence[str]]) -> DataSet:
    """Write attributes, in the order given, with their values by keyword; what has none is written without."""
    written: DataSet = {}
    for each in attributes:
        shown = [one for value in values.get(each.keyword, ()) if (one := _write_value(each, value)) or one == 0]
        written[each.tag] = {"vr": each.vr, "Value": shown} if shown else {"vr": each.vr}
    return written


def _write_value(attribute: Attribute, value: str) -> Any:  # noqa: ANN401  # A text, a number or a name of three groups.
    """Return a value as JSON has it; None for a number that is none, which the judge has warned of."""
    if attribute.vr == "PN":
        return {name: group for name, group in zip(NAME_GROUPS, value.split("="), strict=False) if group} or None
    if not attribute.is_number:
        return value
    for convert in (int, float):
        with suppress(ValueError):
            return convert(value)
    return None
