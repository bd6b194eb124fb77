"""What the record keeps of a DICOM file: typed, decoded, named, bounded; a patient's values stand under `patient`."""

from intake.record import Metadata
from processor.judge import charsets, encoding, identity, tags
from processor.judge.data_set import DataSet
from processor.judge.pixels import Description
from processor.judge.sop_classes import SOP_CLASSES
from processor.judge.texts import Texts

LONGEST_TEXT = 256
"""Characters of one value; the standard's longest kept value is a name's 64 in each of three forms."""
MOST_CHARACTER_SETS = 8

CODES = {
    "study_instance_uid": tags.STUDY_INSTANCE_UID,
    "series_instance_uid": tags.SERIES_INSTANCE_UID,
    "study_date": tags.STUDY_DATE,
    "acquisition_date": tags.ACQUISITION_DATE,
    "modality": tags.MODALITY,
    "body_part": tags.BODY_PART_EXAMINED,
    "photometric_interpretation": tags.PHOTOMETRIC_INTERPRETATION,
}
"""Values in the default repertoire (UI, DA, CS)."""
TEXTS = {"manufacturer": tags.MANUFACTURER, "manufacturer_model": tags.MANUFACTURER_MODEL_NAME}
"""Values in the file's character set (LO)."""
NUMBERS = {
    "frames": tags.NUMBER_OF_FRAMES,
    "series_number": tags.SERIES_NUMBER,
    "instance_number": tags.INSTANCE_NUMBER,
}
"""Numbers that are written as text (IS)."""

CONTROLS = dict.fromkeys([*range(32), 127], " ")


def extract(data_set: DataSet, texts: Texts, image: Description, transfer_syntax: str) -> Metadata:
    """Return what is known; what the file does not say, or says in an unusable way, is left out."""
    terms = character_sets(texts)
    found: Metadata = _names(texts, transfer_syntax)
    for key, tag in CODES.items():
        found[key] = shown(texts.get(tag, ""))
    for key, tag in TEXTS.items():
        found[key] = text(data_set, texts, tag, terms)
    for key, tag in NUMBERS.items():
        found[key] = integer(texts.get(tag, ""))
    found["rows"], found["columns"], found["bits_allocated"] = image.rows, image.columns, image.bits
    found["specific_character_set"] = terms
    found["patient"] = _patient(data_set, texts, terms)
    return {key: value for key, value in found.items() if value or value == 0}


def character_sets(texts: Texts) -> list[str]:
    """Return the defined terms, the first of which may be empty."""
    terms = texts.get(tags.SPECIFIC_CHARACTER_SET, "").split("\\", MOST_CHARACTER_SETS)[:MOST_CHARACTER_SETS]
    return [shown(term) for term in terms] if any(terms) else []


def shown(characters: str) -> str:
    """Return a text that is fit to be shown: bounded, and without control characters."""
    if characters.isprintable():
        return characters.strip()[:LONGEST_TEXT]
    return characters.translate(CONTROLS).strip()[:LONGEST_TEXT]


def text(data_set: DataSet, texts: Texts, tag: int, terms: list[str], *, is_name: bool = False) -> str:
    """Return a value in the file's character set; several values stay joined by backslashes."""
    characters = texts.get(tag, "")
    if characters.isascii() and "\x1b" not in characters:
        return shown(characters)
    return shown(charsets.decode(data_set.values[tag], terms, is_name=is_name).strip("\0 "))


def integer(characters: str) -> int | None:
    """Return the first value of an IS element (at most 12 characters, PS3.5 6.2), or None."""
    digits = characters.split("\\", 1)[0].strip()
    unsigned = digits[1:] if digits.startswith(("+", "-")) else digits
    return int(digits) if unsigned.isascii() and unsigned.isdigit() and len(digits) <= 12 else None


def _names(texts: Texts, transfer_syntax: str) -> Metadata:
    sop_class = identity.sop_class_uid(texts)
    instance = texts.get(tags.SOP_INSTANCE_UID) or texts.get(tags.MEDIA_STORAGE_SOP_INSTANCE_UID, "")
    return {
        "sop_class_uid": shown(sop_class),
        "sop_class": SOP_CLASSES[sop_class][0] if sop_class in SOP_CLASSES else "",
        "sop_instance_uid": shown(instance),
        "transfer_syntax_uid": shown(transfer_syntax),
        "transfer_syntax": encoding.name(transfer_syntax),
    }


def _patient(data_set: DataSet, texts: Texts, terms: list[str]) -> Metadata:
    known = {
        "id": text(data_set, texts, tags.PATIENT_ID, terms),
        # Empty forms at the end of a name (alphabetic=ideographic=phonetic) say nothing.
        "name": text(data_set, texts, tags.PATIENT_NAME, terms, is_name=True).rstrip("="),
        "birth_date": shown(texts.get(tags.PATIENT_BIRTH_DATE, "")),
        "sex": shown(texts.get(tags.PATIENT_SEX, "")),
    }
    return {key: value for key, value in known.items() if value}
