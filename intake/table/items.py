"""Items of the table as plain Python values, what many of them hold alike, and what of them is packed.

Source: RFC 1950 (a preset dictionary).
"""

import base64
import json
import time
import zlib
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

Item = dict[str, Any]
"""Attribute name → plain Python value."""
WireItem = dict[str, Any]
"""Attribute name → DynamoDB's typed value."""


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def expiry() -> int:
    """Return when DynamoDB may remove an item that only guards against repetition: in seven days, in epoch seconds."""
    return int(time.time()) + 7 * 86_400


def collect_sums(item: Item, prefix: str) -> dict[str, int]:
    """Return the item's sums whose names begin with `prefix`, without it, and without those that came to nothing."""
    return {name.removeprefix(prefix): n for name, n in item.items() if name.startswith(prefix) and n}


_DICTIONARY = (
    b'"specific_character_set": ["ISO_IR 192", "series_description": "study_description": "protocol_name": '
    b'"device_serial_number": "station_name": "institution_name": "software_versions": "number_of_frames": 1, '
    b'"window_center": ["window_width": ["spacing_between_slices": "photometric_interpretation": "MONOCHROME2", '
    b'"slice_thickness": "samples_per_pixel": 1, "bits_allocated": 16, "bits_stored": 12, "rows": 512, '
    b'"columns": 512, "pixel_spacing": ["image_position": ["-image_orientation": ["1", "0", "0", "0", "1", "0"], '
    b'"image_type": ["DERIVED", "SECONDARY", "ORIGINAL", "PRIMARY", "AXIAL"], "manufacturer": '
    b'"manufacturer_model": "body_part": "CHEST", "modality": "MR", "modality": "CT", '
    b'"sop_class": "CT Image Storage", "transfer_syntax": "Explicit VR Little Endian", '
    b'"transfer_syntax_uid": "1.2.840.10008.1.2.1", "sop_class_uid": "1.2.840.10008.5.1.4.1.1.2", '
    b'"patient": {"birth_date": "sex": "accession_number": "id": "name": "series_number": "instance_number": '
    b'"study_id": "study_time": "study_date": "20", "series_date": "20", "acquisition_date": "20'
    b'"frame_of_reference_uid": "1.2.840.1", "series_instance_uid": "1.2.840.1", "study_instance_uid": "1.2.840.1", '
    b'"sop_instance_uid": "1.2.840.1'
)
"""What such maps often hold, most often last. It may never change: everything that was packed is read with it."""


def pack(content: dict[str, Any] | list[Any]) -> bytes:
    """Pack a map or a list of texts, whole numbers, truths, lists and maps, which no index or condition looks into.

    DynamoDB bills an item's writes by the KiB, names of attributes included.
    """
    packer = zlib.compressobj(9, zdict=_DICTIONARY)
    return packer.compress(json.dumps(content).encode()) + packer.flush()


def unpack(stored: bytes | str) -> Any:  # noqa: ANN401  # A map or a list, as it was packed.
    """Read what was packed; Lambda's events tell bytes in base 64."""
    data = base64.b64decode(stored) if isinstance(stored, str) else stored
    return json.loads(zlib.decompressobj(zdict=_DICTIONARY).decompress(data))


def read_value(value: Mapping[str, Any]) -> Any:  # noqa: ANN401  # An attribute holds any of DynamoDB's types.
    """Read an attribute's value as DynamoDB writes it; numbers become int.

    boto3's own deserializer takes a third of all the time in which a clinic is rebuilt. Source: Amazon DynamoDB API
    Reference, AttributeValue.
    """
    ((kind, inner),) = value.items()
    match kind:
        case "N":
            return int(Decimal(inner))
        case "M":
            return {name: read_value(one) for name, one in inner.items()}
        case "L":
            return [read_value(one) for one in inner]
        case "NS":
            return {int(Decimal(one)) for one in inner}
        case "SS" | "BS":
            return set(inner)
    return None if kind == "NULL" else inner
