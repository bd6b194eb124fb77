"""What the record keeps of a DICOM file: typed, decoded, named, bounded; a patient's values stand under `patient`."""

from intake.record import Metadata
from processor.judge import charsets, encoding, identity, pixels, tags
from processor.judge.data_set import DataSet
from processor.judge.meta import FileMeta
from processor.judge.sop_classes import SOP_CLASSES

LONGEST_TEXT = 256
"""Characters of one value; the standard's longest kept value is a name's 64 in each of three forms."""
MOST_CHARACTER_SETS = 8

CODES = {
    "study_date": tags.STUDY_DATE,
    "acquisition_date": tags.ACQUISITION_DATE,
    "modality": tags.MODALITY,
    "body_part": tags.BODY_PART_EXAMINED,
    "photometric_interpretation": tags.PHOTOMETRIC_INTERPRETATION,
}
"""Values in the default repertoire (CS, DA)."""
TEXTS = {"manufacturer": tags.MANUFACTURER, "manufacturer_model": tags.MANUFACTURER_MODEL_NAME}
UIDS = {"study_instance_uid": tags.STUDY_INSTANCE_UID, "series_instance_uid": tags.SERIES_INSTANCE_UID}
SIZES = {"rows": tags.ROWS, "columns": tags.COLUMNS, "bits_allocated": tags.BITS_ALLOCATED}
NUMBERS = {
    "frames": tags.NUMBER_OF_FRAMES,
    "series_number": tags.SERIES_NUMBER,
    "instance_number": tags.INSTANCE_NUMBER,
}

CONTROLS = dict.fromkeys([*range(32), 127], " ")


def extract(data_set: DataSet, meta: FileMeta, transfer_syntax: str) -> Metadata:
    """Return what is known; what the file does not say, or says in an unusable way, is left out."""
    terms = character_sets(data_set)
    found = _names(data_set, meta, transfer_syntax)
    found |= {key: identity.value(data_set, tag)[:LONGEST_TEXT] for key, tag in UIDS.items()}
    found |= {key: text(data_set, tag, []) for key, tag in CODES.items()}
    found |= {key: text(data_set, tag, terms) for key, tag in TEXTS.items()}
    found |= {key: pixels.unsigned(data_set, tag) for key, tag in SIZES.items()}
    found |= {key: integer(data_set, tag) for key, tag in NUMBERS.items()}
    found["specific_character_set"] = terms
    found["patient"] = _patient(data_set, terms)
    return {key: value for key, value in found.items() if value not in ("", None, [], {})}


def character_sets(data_set: DataSet) -> list[str]:
    """Return the defined terms, the first of which may be empty."""
    value = data_set.values.get(tags.SPECIFIC_CHARACTER_SET, b"")
    terms = [term.strip("\0 ") for term in value.decode("latin-1").split("\\")][:MOST_CHARACTER_SETS]
    return [term[:LONGEST_TEXT].translate(CONTROLS) for term in terms] if any(terms) else []


def text(data_set: DataSet, tag: int, terms: list[str], *, is_name: bool = False) -> str:
    """Return a value's text without its padding and control characters; several values stay joined by backslashes."""
    value = data_set.values.get(tag, b"")
    if value.isascii() and charsets.ESC not in value:
        decoded = value.decode("ascii")
    else:
        decoded = charsets.decode(value, terms, is_name=is_name)
    if not decoded.isprintable():
        decoded = decoded.strip("\0 ").translate(CONTROLS)
    return decoded.strip()[:LONGEST_TEXT]


def integer(data_set: DataSet, tag: int) -> int | None:
    """Return the first value of an IS element (at most 12 characters, PS3.5 6.2), or None."""
    digits = data_set.values.get(tag, b"").split(b"\\", 1)[0].strip(b"\0 ")
    unsigned = digits[1:] if digits[:1] in {b"+", b"-"} else digits
    return int(digits) if unsigned.isdigit() and len(digits) <= 12 else None


def _names(data_set: DataSet, meta: FileMeta, transfer_syntax: str) -> Metadata:
    sop_class = identity.sop_class_uid(data_set, meta)[:LONGEST_TEXT]
    return {
        "sop_class_uid": sop_class,
        "sop_class": SOP_CLASSES[sop_class][0] if sop_class in SOP_CLASSES else "",
        "sop_instance_uid": identity.sop_instance_uid(data_set)
        or meta.uid(tags.MEDIA_STORAGE_SOP_INSTANCE_UID)[:LONGEST_TEXT],
        "transfer_syntax_uid": transfer_syntax[:LONGEST_TEXT],
        "transfer_syntax": encoding.name(transfer_syntax),
    }


def _patient(data_set: DataSet, terms: list[str]) -> Metadata:
    known = {
        "id": text(data_set, tags.PATIENT_ID, terms),
        # Empty forms at the end of a name (alphabetic=ideographic=phonetic) say nothing.
        "name": text(data_set, tags.PATIENT_NAME, terms, is_name=True).rstrip("="),
        "birth_date": text(data_set, tags.PATIENT_BIRTH_DATE, []),
        "sex": text(data_set, tags.PATIENT_SEX, []),
    }
    return {key: value for key, value in known.items() if value}
