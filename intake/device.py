"""Which device made a file: enough to find one that misbehaves, and no number that could lead to a person.

Sources: DICOM PS3.3 C.7.5.1 (General Equipment). HIPAA counts device serial numbers among the identifiers
(45 CFR 164.514(b)(2)(i)(M)), so station and serial number are told by a digest only.
"""

import hashlib
from dataclasses import dataclass

from intake.record import Metadata

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
