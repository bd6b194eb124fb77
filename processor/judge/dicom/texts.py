"""The kept values as text, in their character set, and what is wrong with their form (PS3.5 6.2).

Most files break no rule on values. So the patterns of many attributes are joined into one, which an ordinary file's
values match as a whole; only where they do not is each value looked at by itself.
"""

import re
from calendar import isleap
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import NamedTuple

from intake.dicom.dictionary import charsets
from processor.judge.dicom.dictionary import positions, tags
from processor.judge.dicom.dictionary.attributes import ABSENT, OWN, SHARED, Attribute, Values
from processor.judge.inspection.findings import Findings

IN_CHARACTER_SET = frozenset({"LO", "PN", "SH"})
"""Value representations that Specific Character Set applies to (PS3.5 6.1.2.3)."""
OWN_RULES = frozenset({*tags.IDENTIFIERS, tags.NUMBER_OF_FRAMES, tags.SPECIFIC_CHARACTER_SET})
"""Attributes whose form has rules of its own."""

SEPARATOR = b"\x1f"
"""Between values; no form holds it, so that values cannot shift."""
_SPACE, _NUL = b" " + SEPARATOR, b"\0" + SEPARATOR

_MONTH_AND_DAY = (
    "(?:(?:0[13578]|1[02])(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)(?:0[1-9]|[12][0-9]|30)|02(?:0[1-9]|[12][0-9]))"
)
_TIME = r"(?:[01][0-9]|2[0-3])(?:[0-5][0-9](?:(?:[0-5][0-9]|60)(?:\.[0-9]{1,6})?)?)?"
_TEXT = r"[^\\\x00-\x1f\x7f-\x9f]"
_NAME = r"[^\\=\x00-\x1f\x7f-\x9f]"

FORMS = {
    "CS": "[A-Z0-9_ ]{1,16}",
    "DA": f"[0-9]{{4}}{_MONTH_AND_DAY}",
    "DS": r"(?=[^\\\x1f]{1,16}(?:[\\\x1f]|$))[+-]?(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][+-]?[0-9]++)?",
    "DT": rf"[0-9]{{4}}(?:{_MONTH_AND_DAY}(?:{_TIME})?|0[1-9]|1[0-2])?(?:[+-][01][0-9][0-5][0-9])?",
    "IS": "[+-]?[0-9]{1,10}",
    "LO": f"{_TEXT}{{1,64}}",
    "PN": f"{_NAME}{{0,64}}(?:={_NAME}{{0,64}}){{0,2}}(?<!=)",
    "SH": f"{_TEXT}{{1,16}}",
    "TM": _TIME,
    "UI": r"(?=[0-9.]{1,64}(?:[\\\x1f]|$))(?:0|[1-9][0-9]*+)(?:\.(?:0|[1-9][0-9]*+))*+",
}
"""One value without its padding: the repertoire and the length (PS3.5 table 6.2-1)."""

LONGEST = {"CS": 16, "DA": 8, "DS": 16, "DT": 26, "IS": 12, "LO": 64, "PN": 194, "SH": 16, "TM": 14, "UI": 64}
"""Characters of one value; of a name, 64 in each of its three forms."""

NAME_GROUPS = 3
CODES = {"DA": "date-invalid", "TM": "time-invalid", "DT": "datetime-invalid", "UI": "uid-malformed"}
"""What is said of a malformed value, where it is not `value-malformed`."""

OLD_FORMS = {
    "DA": (".", re.compile(r"[0-9]{4}\.[0-9]{2}\.[0-9]{2}").fullmatch),
    "TM": (":", re.compile(r"[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?").fullmatch),
}
"""Dates and times as ACR-NEMA 300 wrote them, which PS3.5 6.2 asks readers to understand, by the mark within."""

_MATCHES = {vr: re.compile(form).fullmatch for vr, form in FORMS.items()}
_USUAL_DATE = "[0-9]{4}(?!0229|0230|0[2469]31|1131)(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])"
_AT_ONCE = FORMS | {
    "DA": _USUAL_DATE,
    "DS": r"(?:-?[0-9]{1,4}(?:\.[0-9]{0,10})?(?=[\\\x1f])"
    r"|[-+]?[0-9]{1,14}(?:\.[0-9]{0,14})?(?:[eE][-+]?[0-9]{1,2})?(?<![^\\\x1f]{17}))",
    "DT": _USUAL_DATE + r"(?:[01][0-9]|2[0-3])[0-5][0-9][0-5][0-9](?:\.[0-9]{1,6})?",
    "TM": r"(?:[01][0-9]|2[0-3])[0-5][0-9](?:[0-5][0-9](?:\.[0-9]{1,6})?)?",
    "UI": r"(?!\.)[0-9.]{1,64}(?<!\.)",
}
"""The usual one of several ways to write a value; narrower than FORMS, but for UIDs, which `build_matcher` joins."""
MOST_AT_ONCE = 8
"""Values of one attribute that the joined pattern takes."""


def _join_pattern(attribute: Attribute) -> str:
    """Return the pattern of an attribute's values in a group, or of its absence, with the separator behind."""
    one = _AT_ONCE[attribute.vr]
    least, most = attribute.least - 1, min(attribute.most, MOST_AT_ONCE) - 1
    surplus = " *+" if attribute.vr == "DS" else ""
    more = rf"(?:\\{surplus}{one}){{{least},{most}}}" if most else ""
    return rf"(?:{ABSENT.decode()}| *+({one}{more}(?<! )|))\x1f"


_zero_leads_component = re.compile(r"\.0[0-9]").search
_zero_leads_uid = re.compile(r"[\x1f ]0[0-9]").search

Matcher = Callable[[str], tuple[str | None, ...] | None]


def build_matcher(attributes: Sequence[Attribute]) -> Matcher:
    """Return what matches values in the order of `attributes`, UIDs first, each with a separator behind it.

    It returns a text for each, None for none; or None where a value is not as usual.
    """
    match_all = re.compile("".join(map(_join_pattern, attributes))).fullmatch
    last_uid = sum(attribute.vr == "UI" for attribute in attributes)

    def match_values(text: str) -> tuple[str | None, ...] | None:
        match = match_all(text)
        if match is None:
            return None
        uids = f"\x1f{text[: match.end(last_uid)]}"
        # Few UIDs have a component that starts with a zero, and fewer may not.
        malformed = (
            ".." in uids
            or (".0" in uids and _zero_leads_component(uids))
            or (("\x1f0" in uids or " 0" in uids) and _zero_leads_uid(uids))
        )
        return None if malformed else match.groups()

    return match_values


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


SHARED_TEXTS, OWN_TEXTS = Part(SHARED), Part(OWN)


def read_own(shared: Texts, values: Values, findings: Findings) -> Texts:
    """Return the texts of TEXTS, of which the first part is known, and add what is wrong with the others' form."""
    own = OWN_TEXTS.read(values, findings)
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


def find_violation(attribute: Attribute, text: str) -> str:
    """Return the code of the rule that a value breaks, or nothing. Padding and surplus spaces are no matter."""
    if not text:
        return ""
    values = text.split("\\")
    if not attribute.least <= len(values) <= attribute.most:
        return "value-count-wrong"
    return next((code for value in values if (code := _find_value_violation(attribute.vr, value.strip(" ")))), "")


def _find_value_violation(vr: str, value: str) -> str:
    if not value and vr in {"CS", "PN"}:
        return ""
    if len(value) > LONGEST[vr] and vr not in CODES:
        return "value-too-long"
    if vr == "PN" and value.count("=") < NAME_GROUPS:
        # An empty group at the end may be left out, with or without what would stand before it (PS3.5 6.2.1).
        value = value.rstrip("=")
    if _has_form(vr, value):
        return ""
    if vr in OLD_FORMS:
        mark, match_old = OLD_FORMS[vr]
        if match_old(value) and _has_form(vr, value.replace(mark, "")):
            return "date-form-old"
    return CODES.get(vr, "value-malformed")


def _has_form(vr: str, value: str) -> bool:
    """Say whether a value has its form, and a 29th of February its leap year."""
    if not _MATCHES[vr](value):
        return False
    return vr not in {"DA", "DT"} or value[4:8] != "0229" or isleap(int(value[:4]))
