"""What a file says of itself, put for people: sections of label and text, what people ask for first."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from intake.files.model import Metadata
from intake.languages import format_number
from portal.presentation import dicom_values as values
from portal.presentation.formatting import format_size
from portal.presentation.labels import spell_key
from portal.presentation.languages import gettext

PATIENT = "patient"
"""The member of the metadata that holds what identifies a patient."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A label and its text; `exact` text is an identifier, whose every character counts."""

    label: str
    text: str
    exact: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """Facts that belong together."""

    heading: str
    facts: list[Fact]
    technical: bool = False
    """Whether only whoever looks into a problem asks for them: they are folded away."""


WRITERS: dict[str, Callable[[str], str]] = {
    "date": values.write_date,
    "message_time": values.write_date_time,
    "document_time": values.write_date_time,
    "datetime": values.write_date_time,
    "time": values.write_time,
    "colour": values.write_form,
    "data_type": values.write_form,
    "delimiter": values.write_form,
    "process": values.write_form,
}
"""How a text is written whose key ends so; the first that fits."""


def write_value(value: object, key: str = "") -> str:
    """Return a value on one line; `key` is what it stands under."""
    if isinstance(value, bool):
        return gettext("Yes" if value else "No")
    if isinstance(value, int):
        return format_size(value) if key.endswith("size") else format_number(value)
    if isinstance(value, str):
        return next((write for end, write in WRITERS.items() if key.endswith(end)), str)(value)
    if isinstance(value, dict):
        return "; ".join(f"{spell_key(name)}: {write_value(inner)}" for name, inner in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(write_value(inner) for inner in value)
    return "" if value is None else str(value)


class Row(NamedTuple):
    """One fact, by the keys of the metadata that it is written from; those that the file lacks are empty texts."""

    label: str
    keys: tuple[str, ...]
    write: Callable[..., str] = write_value
    exact: bool = False


PATIENT_ROWS = (
    Row("Name", ("name",), values.write_person_name),
    Row("Patient ID", ("id",), exact=True),
    Row("Born", ("birth_date", "study_date"), values.write_birth),
    Row("Sex", ("sex",), values.write_sex),
    Row("Accession number", ("accession_number",), exact=True),
)

DICOM_ROWS = {
    "Study": (
        Row("Date", ("study_date", "study_time"), values.write_moment),
        Row("Description", ("study_description",)),
        Row("Study ID", ("study_id",), exact=True),
    ),
    "Series": (
        Row("Modality", ("modality",), values.write_modality),
        Row("Description", ("series_description",)),
        Row("Series number", ("series_number",), str),
        Row("Body part", ("body_part",), values.write_term),
        Row("Side", ("laterality",), values.write_side),
        Row("Protocol", ("protocol_name",)),
        Row("Patient position", ("patient_position",), values.write_position),
        Row("View", ("view_position",)),
        Row("Date", ("series_date", "series_time"), values.write_moment),
    ),
    "Image": (
        Row("Type", ("sop_class",)),
        Row("Image number", ("instance_number",), str),
        Row("Acquired", ("acquisition_datetime",), values.write_date_time),
        Row("Acquired", ("acquisition_date", "acquisition_time"), values.write_moment),
        Row("Side", ("image_laterality",), values.write_side),
        Row("Size", ("columns", "rows"), values.write_pixels),
        Row("Frames", ("frames",)),
        Row("Slice thickness", ("slice_thickness",), values.write_millimetres),
        Row("Pixel spacing", ("pixel_spacing",), values.write_millimetres),
        Row("Pixel spacing at the detector", ("imager_pixel_spacing",), values.write_millimetres),
        Row("Compressed with loss", ("lossy_image_compression",), values.write_answer),
        Row("Text burned into the image", ("burned_in_annotation",), values.write_answer),
    ),
    "Device": (
        Row("Maker", ("manufacturer",)),
        Row("Model", ("manufacturer_model",)),
        Row("Station", ("station_name",)),
        Row("Serial number", ("device_serial_number",), exact=True),
    ),
}
"""What people ask of a DICOM file, in the order in which they ask it."""

TECHNICAL_ROWS = (
    Row("Study instance UID", ("study_instance_uid",), exact=True),
    Row("Series instance UID", ("series_instance_uid",), exact=True),
    Row("SOP instance UID", ("sop_instance_uid",), exact=True),
    Row("SOP class UID", ("sop_class_uid",), exact=True),
    Row("Transfer syntax", ("transfer_syntax",)),
    Row("Transfer syntax UID", ("transfer_syntax_uid",), exact=True),
    Row("Content made", ("content_date", "content_time"), values.write_moment),
)
"""Behind these stands whatever else the header said."""

PICTURE_ROWS = (Row("Size", ("columns", "rows"), values.write_pixels),)
"""Of JPEG, PNG and TIFF."""

DICOM_MARKS = frozenset({"sop_instance_uid", "sop_class_uid", "transfer_syntax_uid", "study_instance_uid", "modality"})
"""Only a DICOM file's metadata has one of these keys."""


def list_sections(metadata: Metadata) -> list[Section]:
    """Return metadata in sections: whose the file is first, then what people ask for, technical facts last."""
    flat = {key: value for key, value in metadata.items() if key != PATIENT}
    patient = metadata.get(PATIENT, {})
    told = [Section("Patient", _write_rows(PATIENT_ROWS, {**flat, **patient} if patient else {}))]
    if DICOM_MARKS.intersection(flat):
        told += _list_dicom_sections(flat)
    else:
        rows = PICTURE_ROWS if "bits_per_sample" in flat else ()
        told.append(Section("From the file", [*_write_rows(rows, flat), *_write_others(flat, rows)]))
    return [section for section in told if section.facts]


def list_facts(patient: Mapping[str, Any]) -> list[Fact]:
    """Return what files say of a patient."""
    return _write_rows(PATIENT_ROWS, patient)


def _list_dicom_sections(flat: Metadata) -> list[Section]:
    sections = [Section(heading, _write_rows(rows, flat)) for heading, rows in DICOM_ROWS.items()]
    shown = [row for rows in DICOM_ROWS.values() for row in rows]
    technical = [*_write_rows(TECHNICAL_ROWS, flat), *_write_others(flat, (*shown, *TECHNICAL_ROWS))]
    return [*sections, Section("Technical details", technical, technical=True)]


def _write_row(row: Row, told: Mapping[str, Any]) -> str:
    found = [told.get(key, "") for key in row.keys]
    return row.write(*found) if any(value not in ("", [], None) for value in found) else ""


def _write_rows(rows: Iterable[Row], told: Mapping[str, Any]) -> list[Fact]:
    facts = (Fact(row.label, _write_row(row, told), row.exact) for row in rows)
    return [fact for fact in facts if fact.text]


def _write_others(flat: Metadata, rows: Iterable[Row]) -> list[Fact]:
    """Return what no row tells of."""
    told = {key for row in rows if _write_row(row, flat) for key in row.keys}
    others = [
        Fact(spell_key(key), write_value(value, key), exact=key.endswith(("uid", "id")))
        for key, value in flat.items()
        if key not in told
    ]
    return [fact for fact in others if fact.text]
