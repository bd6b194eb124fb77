"""The kept values as text, in their character set, and what is wrong with their form."""

from collections.abc import Sequence
from operator import itemgetter
from typing import NamedTuple

from intake.dicom.dictionary import charsets
from processor.judge.dicom.dictionary import positions, tags
from processor.judge.dicom.dictionary.attributes import ABSENT, OWN, SHARED, Attribute
from processor.judge.dicom.dictionary.value_forms import SEPARATOR, build_matcher, find_violation
from processor.judge.dicom.elements.element_scanner import Values
from processor.judge.inspection.findings import Findings

IN_CHARACTER_SET = frozenset({"LO", "PN", "SH"})
"""Value representations that Specific Character Set applies to (PS3.5 6.1.2.3)."""
OWN_RULES = frozenset({*tags.IDENTIFIERS, tags.NUMBER_OF_FRAMES, tags.SPECIFIC_CHARACTER_SET})
"""Attributes whose form has rules of its own."""

_SPACE, _NUL = b" " + SEPARATOR, b"\0" + SEPARATOR


class Texts(NamedTuple):
    """The texts of some attributes."""

    of: positions.Texts
    """Characters without padding, in the attributes' order: empty for an empty value, None where no element is."""
    plain: bool
    """Whether every value has its standard form, so that it can be shown as it is."""


class Part:
    """Some of the attributes of text, UIDs first, which are read together."""

    def __init__(self, attributes: Sequence[Attribute]) -> None:
        self._attributes = attributes
        self._match = build_matcher(attributes)
        self.values_of = itemgetter(*(attribute.tag for attribute in attributes))

    def read(self, values: Values, findings: Findings) -> Texts:
        """Return the texts, and add what is wrong with their form."""
        together = self.match_together(self.values_of(values), values[tags.SPECIFIC_CHARACTER_SET])
        return together or self.read_each(values, findings)

    def match_together(self, encoded: tuple[bytes, ...], character_set: bytes) -> Texts | None:
        """Return the texts of a file whose values all have their form, or None."""
        joined = SEPARATOR.join(encoded) + SEPARATOR
        try:
            text = (
                joined.replace(_SPACE, SEPARATOR).replace(_NUL, SEPARATOR).decode(charsets.simple_codec(character_set))
            )
        except UnicodeDecodeError:
            return None
        matched = self._match(text)
        return Texts(matched, plain=True) if matched else None

    def read_each(self, values: Values, findings: Findings) -> Texts:
        """Return the texts, and add what is wrong with their form."""
        stated = values[tags.SPECIFIC_CHARACTER_SET]
        terms = [] if stated is ABSENT else charsets.terms(stated.decode("latin-1").strip("\0 "))
        texts = tuple(_read_text(entry, values[entry.tag], terms, findings) for entry in self._attributes)
        return Texts(texts, plain=False)


SHARED_PART, OWN_PART = Part(SHARED), Part(OWN)


def read_own(shared: Texts, values: Values, findings: Findings) -> Texts:
    """Return the texts of TEXTS, of which the first part is known, and add what is wrong with the others' form."""
    own = OWN_PART.read(values, findings)
    return Texts(shared.of + own.of, shared.plain and own.plain)


def _read_text(attribute: Attribute, value: bytes, terms: list[str], findings: Findings) -> str | None:
    if value is ABSENT:
        return None
    if attribute.vr in IN_CHARACTER_SET:
        text = charsets.decode(value, terms, is_name=attribute.vr == "PN").strip("\0 ")
        if not terms and not (value.isascii() and charsets.ESC not in value):
            findings.add("character-set-missing", tags.name_tag(attribute.tag))
        elif "\ufffd" in text:
            findings.add("text-undecodable", tags.name_tag(attribute.tag))
    else:
        text = value.decode("latin-1").strip("\0 ")
    code = "" if attribute.tag in OWN_RULES else find_violation(attribute, text)
    if code:
        findings.add(code, tags.name_tag(attribute.tag))
    # Empty forms at the end of a name (alphabetic=ideographic=phonetic) say nothing.
    return text.rstrip("=") if attribute.vr == "PN" else text
