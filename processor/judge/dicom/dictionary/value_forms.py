"""What values look like by their value representation, as data (PS3.5 6.2), and all of a file's values at once.

Most files break no rule on values. So the patterns of many attributes are joined into one, which an ordinary file's
values match as a whole; only where they do not is each value looked at by itself.
"""

import re
from collections.abc import Callable, Sequence

from processor.judge.dicom.dictionary.attributes import ABSENT, Attribute

SEPARATOR = b"\x1f"
"""Between values; no form holds it, so that values cannot shift."""

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
    "DA": re.compile(r"[0-9]{4}\.[0-9]{2}\.[0-9]{2}").fullmatch,
    "TM": re.compile(r"[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?").fullmatch,
}
"""Dates and times as ACR-NEMA 300 wrote them, which PS3.5 6.2 asks readers to understand."""

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
    if _MATCHES[vr](value) and not _is_no_day(vr, value):
        return ""
    return "date-form-old" if _is_old(vr, value) else CODES.get(vr, "value-malformed")


def _is_old(vr: str, value: str) -> bool:
    """Say whether a date or a time would be one without ACR-NEMA's points or colons."""
    if vr not in OLD_FORMS or not OLD_FORMS[vr](value):
        return False
    digits = value.replace("." if vr == "DA" else ":", "")
    return _MATCHES[vr](digits) is not None and not _is_no_day(vr, digits)


def _is_no_day(vr: str, value: str) -> bool:
    """Say whether a date is the 29th of February of a year that had none."""
    if vr not in {"DA", "DT"} or value[4:8] != "0229":
        return False
    year = int(value[:4])
    return year % 4 != 0 or (year % 100 == 0 and year % 400 != 0)
