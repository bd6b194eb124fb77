"""What the record keeps of a DICOM file: typed, decoded, named, bounded; a patient's values stand under `patient`."""

from operator import itemgetter

from intake.record import Metadata
from processor.judge import encoding, positions
from processor.judge.attributes import TEXTS
from processor.judge.image import Description
from processor.judge.sop_classes import SOP_CLASSES
from processor.judge.texts import Texts

LONGEST_TEXT = 256
"""Characters of one value; the standard's longest kept value is a name's 64 in each of three forms."""
MOST_IN_LIST = 16

PATIENT = "patient."
"""Begins the keys of what identifies a patient."""
LISTS = [(entry.key, at) for at, entry in enumerate(TEXTS) if entry.most > 1 and entry.key]
"""What is delivered as a list of texts; numbers of type DS stay as they are written, for they are exact so."""
WHOLE = [(entry.key, at) for at, entry in enumerate(TEXTS) if entry.vr == "IS"]
"""Numbers that are written as text, and delivered as numbers."""
FIELDS = [
    (entry.key, at)
    for at, entry in enumerate(TEXTS)
    if entry.key and entry.most == 1 and entry.vr != "IS" and not entry.key.startswith(PATIENT)
]
PATIENT_FIELDS = [
    (entry.key.removeprefix(PATIENT), at) for at, entry in enumerate(TEXTS) if entry.key.startswith(PATIENT)
]
_KEYS, _PATIENT_KEYS = [key for key, _ in FIELDS], [key for key, _ in PATIENT_FIELDS]
_fields_of = itemgetter(*(at for _, at in FIELDS))
_patient_of = itemgetter(*(at for _, at in PATIENT_FIELDS))

CONTROLS = dict.fromkeys([*range(32), 127], " ")


def extract(known: Texts, image: Description) -> Metadata:
    """Return what is known; what the file does not say, or says in an unusable way, is left out."""
    fit = known.of if known.plain else tuple(shown(text) if text else None for text in known.of)
    found: Metadata = {key: text for key, text in zip(_KEYS, _fields_of(fit)) if text}  # noqa: B905
    for key, at in LISTS:
        if text := fit[at]:
            values = text.split("\\", MOST_IN_LIST)[:MOST_IN_LIST]
            found[key] = [value.strip() for value in values] if " " in text else values
    for key, at in WHOLE:
        if (text := fit[at]) and (number := int(text) if known.plain else integer(text)) is not None:
            found[key] = number
    found |= image.numbers
    patient = {key: text for key, text in zip(_PATIENT_KEYS, _patient_of(fit)) if text}  # noqa: B905
    if patient:
        found["patient"] = patient
    _name(found, known.of)
    return found


def _name(found: Metadata, texts: positions.Texts) -> None:
    """Add the standard's names, and what only the file meta information knows."""
    sop_class = found.get("sop_class_uid") or shown(texts[positions.MEDIA_STORAGE_SOP_CLASS_UID] or "")
    if sop_class:
        found["sop_class_uid"] = sop_class
    if sop_class in SOP_CLASSES:
        found["sop_class"] = SOP_CLASSES[sop_class][0]
    transfer_syntax = encoding.name(texts[positions.TRANSFER_SYNTAX_UID] or "")
    if transfer_syntax:
        found["transfer_syntax"] = transfer_syntax
    if "sop_instance_uid" not in found and (stated := texts[positions.MEDIA_STORAGE_SOP_INSTANCE_UID]):
        found["sop_instance_uid"] = shown(stated)


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
