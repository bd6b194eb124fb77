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

FIELDS = {
    "sop_class_uid": tags.SOP_CLASS_UID,
    "sop_instance_uid": tags.SOP_INSTANCE_UID,
    "study_instance_uid": tags.STUDY_INSTANCE_UID,
    "series_instance_uid": tags.SERIES_INSTANCE_UID,
    "transfer_syntax_uid": tags.TRANSFER_SYNTAX_UID,
    "study_date": tags.STUDY_DATE,
    "acquisition_date": tags.ACQUISITION_DATE,
    "modality": tags.MODALITY,
    "body_part": tags.BODY_PART_EXAMINED,
    "photometric_interpretation": tags.PHOTOMETRIC_INTERPRETATION,
    "manufacturer": tags.MANUFACTURER,
    "manufacturer_model": tags.MANUFACTURER_MODEL_NAME,
}
PATIENT_FIELDS = {
    "id": tags.PATIENT_ID,
    "name": tags.PATIENT_NAME,
    "birth_date": tags.PATIENT_BIRTH_DATE,
    "sex": tags.PATIENT_SEX,
}
NUMBERS = {
    "frames": tags.NUMBER_OF_FRAMES,
    "series_number": tags.SERIES_NUMBER,
    "instance_number": tags.INSTANCE_NUMBER,
}
"""Numbers that are written as text (IS)."""
IN_CHARACTER_SET = (tags.MANUFACTURER, tags.MANUFACTURER_MODEL_NAME, tags.PATIENT_ID, tags.PATIENT_NAME)
"""Fields that Specific Character Set applies to (LO, PN; PS3.5 6.1.2.3)."""

CONTROLS = dict.fromkeys([*range(32), 127], " ")


def extract(data_set: DataSet, texts: Texts, image: Description) -> Metadata:
    """Return what is known; what the file does not say, or says in an unusable way, is left out."""
    terms = character_sets(texts)
    fit = texts if _is_plain(texts) else _decoded(data_set, texts, terms)
    found: Metadata = {key: fit[tag][:LONGEST_TEXT] for key, tag in FIELDS.items() if fit.get(tag)}
    numbers = {key: integer(fit[tag]) for key, tag in NUMBERS.items() if tag in fit}
    numbers |= {"rows": image.rows, "columns": image.columns, "bits_allocated": image.bits}
    found |= {key: number for key, number in numbers.items() if number is not None}
    patient = {key: fit[tag][:LONGEST_TEXT] for key, tag in PATIENT_FIELDS.items() if fit.get(tag)}
    if patient:
        found["patient"] = patient
    if terms:
        found["specific_character_set"] = terms
    _name(found, fit)
    return found


def _name(found: Metadata, fit: Texts) -> None:
    """Add the standard's names, and what only the file meta information knows."""
    sop_class = identity.sop_class_uid(fit)
    if sop_class:
        found["sop_class_uid"] = sop_class[:LONGEST_TEXT]
    if sop_class in SOP_CLASSES:
        found["sop_class"] = SOP_CLASSES[sop_class][0]
    transfer_syntax = encoding.name(fit.get(tags.TRANSFER_SYNTAX_UID, ""))
    if transfer_syntax:
        found["transfer_syntax"] = transfer_syntax
    if "sop_instance_uid" not in found and fit.get(tags.MEDIA_STORAGE_SOP_INSTANCE_UID):
        found["sop_instance_uid"] = fit[tags.MEDIA_STORAGE_SOP_INSTANCE_UID][:LONGEST_TEXT]


def _is_plain(texts: Texts) -> bool:
    """Say whether all texts can be shown as they are, as those of most files can."""
    together = "".join(texts.values())
    return together.isascii() and together.isprintable() and not texts.get(tags.PATIENT_NAME, "").endswith("=")


def _decoded(data_set: DataSet, texts: Texts, terms: list[str]) -> Texts:
    """Return the texts in their character set and fit to be shown."""
    fit = dict(texts)
    for tag in IN_CHARACTER_SET:
        if tag in fit:
            fit[tag] = charsets.decode(data_set.values[tag], terms, is_name=tag == tags.PATIENT_NAME).strip("\0 ")
    if tags.PATIENT_NAME in fit:
        # Empty forms at the end of a name (alphabetic=ideographic=phonetic) say nothing.
        fit[tags.PATIENT_NAME] = fit[tags.PATIENT_NAME].rstrip("=")
    return {tag: shown(characters) for tag, characters in fit.items()}


def character_sets(texts: Texts) -> list[str]:
    """Return the defined terms, the first of which may be empty."""
    terms = texts.get(tags.SPECIFIC_CHARACTER_SET, "").split("\\", MOST_CHARACTER_SETS)[:MOST_CHARACTER_SETS]
    return [shown(term) for term in terms] if any(terms) else []


def shown(characters: str) -> str:
    """Return a text that is fit to be shown: bounded, and without control characters."""
    if characters.isprintable():
        return characters[:LONGEST_TEXT]
    return characters.translate(CONTROLS)[:LONGEST_TEXT].strip()


def integer(characters: str) -> int | None:
    """Return the first value of an IS element (at most 12 characters, PS3.5 6.2), or None."""
    digits = characters.split("\\", 1)[0].strip()
    unsigned = digits[1:] if digits.startswith(("+", "-")) else digits
    return int(digits) if unsigned.isascii() and unsigned.isdigit() and len(digits) <= 12 else None
