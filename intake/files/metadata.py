"""What a file's metadata says, as lists, studies and sums read it."""

from collections.abc import Mapping
from typing import Any


def read_modality(metadata: Mapping[str, Any]) -> str:
    """Return a DICOM file's modality, in capitals as the standard writes them (PS3.3 C.7.3.1.1.1); or nothing."""
    return str(metadata.get("modality", "")).strip().upper()[:16]


def patient_id_of(metadata: Mapping[str, Any]) -> str:
    """Return the Patient ID that a file states, or nothing."""
    patient = metadata.get("patient")
    return str(patient.get("id", "")) if isinstance(patient, dict) else ""


LONGEST_UID = 128
"""Characters. The standard allows 64 (PS3.5 9.1); some scanners write more."""


def read_study_uid(metadata: Mapping[str, Any]) -> str:
    """Return the Study Instance UID of a file that names its series too, or nothing."""
    return read_uid(metadata, "study_instance_uid") if read_series_uid(metadata) else ""


def read_sop_instance_uid(metadata: Mapping[str, Any]) -> str:
    return read_uid(metadata, "sop_instance_uid")


def read_series_uid(metadata: Mapping[str, Any]) -> str:
    return read_uid(metadata, "series_instance_uid")


def read_uid(metadata: Mapping[str, Any], name: str) -> str:
    uid = str(metadata.get(name, ""))
    return uid if uid.isascii() and len(uid) <= LONGEST_UID else ""


def short_text(metadata: Mapping[str, Any], name: str) -> str:
    return str(metadata.get(name, ""))[:16].strip()
