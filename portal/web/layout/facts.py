"""What a file says of itself, put for people: sections of label and text."""

from dataclasses import dataclass
from typing import Any

from intake.files.model import Metadata
from portal.presentation.formatting import format_dicom_date, write_person_name
from portal.presentation.labels import spell_key

UNNESTED = "From the file"


GROUPS = {
    "Study": ("study_",),
    "Series": ("modality", "series_", "body_part", "protocol_", "laterality", "patient_position", "view_position"),
    "Image": (
        "instance_", "rows", "columns", "frames", "bits_", "pixel_", "slice_", "image_", "imager_", "photometric_",
        "samples_", "lossy_", "burned_", "conversion_", "content_", "acquisition_", "sop_",
    ),
    "Equipment": ("manufacturer", "station_", "device_"),
}  # fmt: skip
"""What the keys of a DICOM file's metadata begin with, by the group that they are shown in."""


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


def list_sections(metadata: Metadata) -> list[Section]:
    """Return metadata in sections: whose the file is first, then what stands unnested, a DICOM file's in groups."""
    nested = [
        Section(spell_key(key), list_facts(value))
        for key, value in metadata.items()
        if isinstance(value, dict) and value
    ]
    flat = {key: value for key, value in metadata.items() if not isinstance(value, dict)}
    grouped = _group_values(flat) if "sop_instance_uid" in flat else {UNNESTED: flat}
    told = [Section(heading, list_facts(values)) for heading, values in grouped.items()]
    return [*nested, *(section for section in told if section.facts)]


def _group_values(values: dict[str, Any]) -> dict[str, dict[str, Any]]:
    groups: dict[str, dict[str, Any]] = {heading: {} for heading in (*GROUPS, UNNESTED)}
    for key, value in values.items():
        heading = next((group for group, begins in GROUPS.items() if key.startswith(begins)), UNNESTED)
        groups[heading][key] = value
    return groups


def list_facts(values: dict[str, Any]) -> list[Fact]:
    """Return one group of metadata as facts, such as what a file says of its patient."""
    told = [
        Fact(spell_key(key), _write_text(value, key), exact=key.endswith(("uid", "id")))
        for key, value in values.items()
    ]
    return [fact for fact in told if fact.text]


def _write_text(value: object, key: str = "") -> str:
    """Return a value on one line; `key` is what it stands under in its group."""
    if isinstance(value, str):
        return (
            format_dicom_date(value) if key.endswith("date") else write_person_name(value) if key == "name" else value
        )
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, dict):
        return "; ".join(f"{spell_key(key)}: {_write_text(inner)}" for key, inner in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(_write_text(inner) for inner in value)
    return "" if value is None else str(value)
