"""What a file's metadata says of its study and series, bounded."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from intake.files.model import Metadata

LONGEST_LABEL = 64
"""Characters of a device's make and model."""

OTHER = "other"
"""The key under which a clinic's devices are counted that are too many to be told apart."""
OTHER_LABEL = "Other devices"


@dataclass(frozen=True, slots=True)
class Device:
    """A device of a clinic."""

    key: str
    """12 hexadecimal digits, different for each clinic, make, model, station and serial number; or `OTHER`."""
    label: str
    """Make and model as the files say, and the key's beginning, which tells equal ones apart."""


def device(clinic_id: str, metadata: Metadata) -> Device | None:
    """Return what a DICOM file's metadata says of its device, or None where it says nothing."""
    make, model = _text(metadata, "manufacturer"), _text(metadata, "manufacturer_model")
    station, serial = _text(metadata, "station_name"), _text(metadata, "device_serial_number")
    if not (make or model or station or serial):
        return None
    words = [make, model, station, serial]
    key = hashlib.sha256("\0".join([clinic_id, *words]).encode("utf-8", "surrogatepass")).hexdigest()[:12]
    name = " ".join(word for word in (make, model) if word)[:LONGEST_LABEL].strip()
    return Device(key, f"{name or 'Unnamed device'} · {key[:4]}")


def _text(metadata: Metadata, name: str) -> str:
    value = metadata.get(name, "")
    return " ".join(value.split()) if isinstance(value, str) and value.isprintable() else ""


LONGEST_UID = 128
"""Characters. The standard allows 64 (PS3.5 9.1); some scanners write more."""


def study_uid_of(metadata: Mapping[str, Any]) -> str:
    """Return the Study Instance UID of a file that names its series too, or nothing."""
    return uid_of(metadata, "study_instance_uid") if series_uid_of(metadata) else ""


def series_uid_of(metadata: Mapping[str, Any]) -> str:
    return uid_of(metadata, "series_instance_uid")


def uid_of(metadata: Mapping[str, Any], name: str) -> str:
    uid = str(metadata.get(name, ""))
    return uid if uid.isascii() and len(uid) <= LONGEST_UID else ""


def short_text(metadata: Mapping[str, Any], name: str) -> str:
    return str(metadata.get(name, ""))[:16].strip()
