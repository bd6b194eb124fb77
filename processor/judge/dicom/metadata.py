"""What the record keeps of a DICOM file: typed, decoded, named, bounded; a patient's values stand under `patient`.

A clinic sends series: hundreds of slices that differ in their UIDs, numbers and positions, and in nothing else. So what
SHARED and NUMBERS come to is kept for the next slice, the judgement on them included. Only values that say nothing of a
person are kept so (no UID of a study, date, name or free text), only those that have their form, and only of the latest
few series. The same values always have the same judgement, so nothing depends on what came before.
"""

from collections.abc import Sequence
from functools import lru_cache
from operator import itemgetter
from typing import NamedTuple

from intake.dicom import encoding
from intake.files.model import Metadata
from processor.judge.dicom.dictionary import positions
from processor.judge.dicom.dictionary.attributes import NUMBERS, OWN, SHARED, TEXTS, Attribute, Values
from processor.judge.dicom.dictionary.sop_classes import SOP_CLASSES
from processor.judge.dicom.rules import identity, modules, pixel_data
from processor.judge.dicom.rules.pixel_data import Description, describe
from processor.judge.dicom.texts import SHARED_TEXTS, Texts
from processor.judge.inspection.findings import Findings

LONGEST_TEXT = 256
"""Characters of one value; the standard's longest kept value is a name's 64 in each of three forms."""
MOST_IN_LIST = 16

PATIENT = "patient."
"""Begins the keys of what identifies a patient."""
LISTS = frozenset(entry.key for entry in TEXTS if entry.most > 1 and entry.key)
"""What is delivered as a list of texts; numbers of type DS stay as they are written, for they are exact so."""
WHOLE = frozenset(entry.key for entry in TEXTS if entry.vr == "IS")
"""Numbers that are written as text, and delivered as numbers."""

SERIES_KEPT = 128
"""How many series' values are kept: at most KEPT_BYTES for each element, some 40 KB even of hostile files."""

CONTROLS = dict.fromkeys([*range(32), 127], " ")


class Fields(NamedTuple):
    """A share of the metadata. Lists stand apart, for each file gets its own."""

    single: dict[str, str | int]
    lists: list[tuple[str, list[str]]]


class Part:
    """The share of the metadata that some attributes of text make."""

    def __init__(self, attributes: Sequence[Attribute]) -> None:
        keyed = [(entry.key, positions.OF[entry.tag]) for entry in attributes if not entry.key.startswith(PATIENT)]
        single = [(key, at) for key, at in keyed if key and key not in LISTS | WHOLE]
        self._keys, self._texts_of = [key for key, _ in single], itemgetter(*(at for _, at in single))
        self._lists = [(key, at) for key, at in keyed if key in LISTS]
        self._whole = [(key, at) for key, at in keyed if key in WHOLE]

    def extract(self, texts: positions.Texts, *, plain: bool) -> Fields:
        """Return what is known; all texts are fit to be shown, and `plain` ones have their form besides."""
        texts_of = zip(self._keys, self._texts_of(texts))  # noqa: B905 - faster
        found: dict[str, str | int] = {key: text for key, text in texts_of if text}
        for key, at in self._whole:
            if (text := texts[at]) and (number := int(text) if plain else parse_integer(text)) is not None:
                found[key] = number
        return Fields(found, [(key, _split_values(text)) for key, at in self._lists if (text := texts[at])])


class Shared(NamedTuple):
    """What SHARED and NUMBERS come to."""

    texts: Texts
    image: Description
    fields: Fields
    """Their share of the metadata."""
    sound: bool
    """Whether no rule that looks at these texts alone has anything to say, whatever else the file holds."""
    image_sound: bool
    """The same of the rules on the image's description."""


SHARED_PART, OWN_PART = Part(SHARED), Part(OWN)
_PATIENT = [(entry.key.removeprefix(PATIENT), positions.OF[entry.tag]) for entry in OWN if PATIENT in entry.key]
_numbers_of = itemgetter(*(entry.tag for entry in NUMBERS))
_PATIENT_KEYS, _patient_of = [key for key, _ in _PATIENT], itemgetter(*(at for _, at in _PATIENT))


def read_shared(values: Values, findings: Findings, *, big: bool) -> Shared:
    """Return what a file's values of SHARED and NUMBERS come to, and add what is wrong with their form."""
    numbers = _numbers_of(values)
    known = recall_shared(SHARED_TEXTS.values_of(values), numbers, big)
    return known or _work_out(SHARED_TEXTS.read_each(values, findings), numbers, big=big)


@lru_cache(SERIES_KEPT)
def recall_shared(encoded: tuple[bytes, ...], numbers: tuple[bytes, ...], big: bool) -> Shared | None:
    """Return what values of SHARED and NUMBERS come to, or None if any is out of form."""
    texts = SHARED_TEXTS.match_together(encoded, encoded[positions.SPECIFIC_CHARACTER_SET])
    return _work_out(texts, numbers, big=big) if texts else None


def _work_out(texts: Texts, numbers: tuple[bytes, ...], *, big: bool) -> Shared:
    findings, image = Findings(), describe(numbers, texts.of, big=big)
    fields = extract_shared(texts, image)
    if texts.plain:
        modules.check_shared(identity.find_sop_class(texts.of), texts.of, findings, has_patient=True)
    return Shared(texts, image, fields, texts.plain and not findings, pixel_data.is_sound(image))


def extract_shared(texts: Texts, image: Description) -> Fields:
    """Return the share of SHARED and NUMBERS, with the standard's names for what they say."""
    fields = SHARED_PART.extract(_clean_texts(texts), plain=texts.plain)
    fields.single.update(image.numbers)
    found = fields.single
    # What only the file meta information knows counts as well.
    sop_class = found.get("sop_class_uid") or clean_text(texts.of[positions.MEDIA_STORAGE_SOP_CLASS_UID] or "")
    if sop_class:
        found["sop_class_uid"] = sop_class
    if sop_class in SOP_CLASSES:
        found["sop_class"] = SOP_CLASSES[str(sop_class)][0]
    transfer_syntax = encoding.name(texts.of[positions.TRANSFER_SYNTAX_UID] or "")
    if transfer_syntax:
        found["transfer_syntax"] = transfer_syntax
    return fields


def extract(shared: Fields, texts: Texts) -> Metadata:
    """Return what is known; what the file does not say, or says in an unusable way, is left out."""
    fit = _clean_texts(texts)
    own = OWN_PART.extract(fit, plain=texts.plain)
    found: Metadata = {**shared.single, **own.single}
    for key, values in shared.lists:
        found[key] = values.copy()
    found.update(own.lists)
    patient = {key: text for key, text in zip(_PATIENT_KEYS, _patient_of(fit)) if text}  # noqa: B905 - faster
    if patient:
        found["patient"] = patient
    stated = texts.of[positions.MEDIA_STORAGE_SOP_INSTANCE_UID]
    if "sop_instance_uid" not in found and stated and (stated := clean_text(stated)):
        found["sop_instance_uid"] = stated
    return found


def _clean_texts(texts: Texts) -> positions.Texts:
    return texts.of if texts.plain else tuple(clean_text(text) if text else None for text in texts.of)


def _split_values(text: str) -> list[str]:
    values = text.split("\\", MOST_IN_LIST)[:MOST_IN_LIST]
    return [value.strip() for value in values] if " " in text else values


def clean_text(characters: str) -> str:
    """Return a text that is fit to be shown: bounded, and without control characters."""
    if characters.isprintable():
        return characters[:LONGEST_TEXT]
    return characters.translate(CONTROLS)[:LONGEST_TEXT].strip()


def parse_integer(characters: str) -> int | None:
    """Return the first value of an IS element (at most 12 characters, PS3.5 6.2), or None."""
    digits = characters.split("\\", 1)[0].strip()
    unsigned = digits[1:] if digits.startswith(("+", "-")) else digits
    return int(digits) if unsigned.isascii() and unsigned.isdigit() and len(digits) <= 12 else None
