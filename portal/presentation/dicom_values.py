"""How values of DICOM (PS3.5 6.2) and of what speaks alike (HL7 v2, FHIR) are written for people.

What does not have its form stays as it was sent: nobody is shown a day or a number that the file does not state.
"""

import re
from datetime import date

from intake.languages import current_language
from portal.presentation.formatting import format_count, format_dicom_date
from portal.presentation.languages import gettext

MODALITIES = {
    "CR": "computed radiography",
    "CT": "computed tomography",
    "DX": "digital radiography",
    "ECG": "electrocardiography",
    "IO": "intra-oral radiography",
    "KO": "key object selection",
    "MG": "mammography",
    "MR": "magnetic resonance",
    "NM": "nuclear medicine",
    "OP": "ophthalmic photography",
    "OPT": "ophthalmic tomography",
    "OT": "other",
    "PR": "presentation state",
    "PT": "positron emission tomography",
    "PX": "panoramic X-ray",
    "RF": "radio fluoroscopy",
    "RTSTRUCT": "radiotherapy structure set",
    "SEG": "segmentation",
    "SM": "slide microscopy",
    "SR": "structured report",
    "US": "ultrasound",
    "XA": "X-ray angiography",
    "XC": "external-camera photography",
}
"""PS3.3 C.7.3.1.1.1."""

SEXES = {"F": "Female", "M": "Male", "O": "Other", "U": "Unknown", "N": "Not stated", "A": "Other"}
"""PS3.3 C.7.1.1 (F, M, O), and HL7 v2 table 0001 besides."""

SIDES = {"L": "Left", "R": "Right", "B": "Both sides", "U": "Unpaired"}
"""PS3.3 C.7.3.1 and 10.3."""

POSITIONS = {
    "HFS": "Head first, on the back",
    "HFP": "Head first, on the front",
    "HFDL": "Head first, on the left side",
    "HFDR": "Head first, on the right side",
    "FFS": "Feet first, on the back",
    "FFP": "Feet first, on the front",
    "FFDL": "Feet first, on the left side",
    "FFDR": "Feet first, on the right side",
}
"""PS3.3 C.7.3.1.1.2."""

FORMS = {
    "bar": "Vertical bar", "baseline": "Baseline", "binary": "Binary", "comma": "Comma", "extended": "Extended",
    "greyscale": "Greyscale", "greyscale-alpha": "Greyscale with transparency", "lossless": "Lossless",
    "palette": "Palette", "progressive": "Progressive", "rgb": "RGB", "rgb-alpha": "RGB with transparency",
    "semicolon": "Semicolon", "tab": "Tab",
}  # fmt: skip
"""What the judge calls the forms of pictures, volumes and tables."""

ANSWERS = {"YES": "Yes", "NO": "No", "01": "Yes", "00": "No"}
"""Of attributes that say yes or no."""

_DASHED = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_TIME = re.compile(r"([01]\d|2[0-3]):?([0-5]\d)(?::?[0-6]\d(?:\.\d*)?)?")
_MOMENT = re.compile(r"(\d{8})(\d{4}(?:\d{2}(?:\.\d+)?)?)?([+-]\d{4})?")
_DECIMAL = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,2})?")

_POINT = {"en": ".", "de": ","}

_BY = "\N{MULTIPLICATION SIGN}"

_INITIALS = 2
"""Capitals that may stand for as many names; what is longer is one name in capitals."""


def write_date(text: str) -> str:
    """Write a date (DA), or one of FHIR's: `22 Nov 2026`."""
    dashed = _DASHED.fullmatch(text)
    day = "".join(dashed.groups()) if dashed else text
    written = format_dicom_date(day)
    return text if written == day else written


def write_time(text: str) -> str:
    """Write a time (TM) to the minute: `14:05`."""
    found = _TIME.fullmatch(text)
    return f"{found[1]}:{found[2]}" if found else text


def write_moment(day: str, time: str = "") -> str:
    """Write a date and a time, either of which may be missing: `22 Nov 2026, 14:05`."""
    return ", ".join(part for part in (write_date(day), write_time(time)) if part)


def write_date_time(text: str) -> str:
    """Write a date with its time (DT, or HL7's TS): `22 Nov 2026, 14:05 UTC+01:00`."""
    found = _MOMENT.fullmatch(text)
    if not found or write_date(found[1]) == found[1]:
        return text
    zone = f" UTC{found[3][:3]}:{found[3][3:]}" if found[3] else ""
    return write_moment(found[1], found[2] or "") + zone


def write_birth(born: str, at: str = "") -> str:
    """Write a date of birth, with the age on the day of the exam: `1 Feb 1970 (56 years)`."""
    age = _write_age(_read_date(born), _read_date(at))
    return write_date(born) + (f" ({gettext('{age} at the exam').format(age=age)})" if age else "")


def write_person_name(text: str) -> str:
    """Write a person's name (PN: `Family^Given^Middle^Prefix^Suffix`, `=` between scripts): `DOE, Jane`."""
    return " · ".join(name for group in text.split("=") if (name := _write_name(group)))


def write_sex(text: str) -> str:
    return gettext(SEXES.get(text.upper(), text[:1].upper() + text[1:]))


def write_modality(text: str) -> str:
    """Write a modality with its name: `CT (computed tomography)`."""
    return f"{text} ({gettext(MODALITIES[text])})" if text in MODALITIES else text


def write_side(text: str) -> str:
    return gettext(SIDES.get(text, text))


def write_position(text: str) -> str:
    return f"{gettext(POSITIONS[text])} ({text})" if text in POSITIONS else text


def write_form(text: str) -> str:
    return gettext(FORMS.get(text, text))


def write_answer(text: str) -> str:
    return gettext(ANSWERS.get(text, text))


def write_term(text: str) -> str:
    """Write a coded term (CS), which stands in capitals: `CHEST` → `Chest`."""
    return text.capitalize() if text.isupper() and len(text) > _INITIALS else text


def write_millimetres(value: str | list[str]) -> str:
    """Write one or more decimal numbers (DS) of millimetres: `0.7 x 0.7 mm`."""
    texts = [value] if isinstance(value, str) else value
    if not texts or not all(_DECIMAL.fullmatch(text) for text in texts):
        return ", ".join(texts)
    numbers = (f"{float(text):.4g}" for text in texts)
    # German writes decimals with a comma.
    return f" {_BY} ".join(one.replace(".", _POINT[current_language()]) for one in numbers) + " mm"


def write_pixels(columns: int | str, rows: int | str) -> str:
    """Write an image's size, across first: `512 x 400 pixels`."""
    return gettext("{size} pixels").format(size=f"{columns} {_BY} {rows}") if columns and rows else ""


def _read_date(text: str) -> date | None:
    digits = text.replace("-", "")
    try:
        return date.fromisoformat(digits) if len(digits) == 8 and digits.isdecimal() else None
    except ValueError:
        return None


def _write_age(born: date | None, at: date | None) -> str:
    """Return an age as clinics tell it: in years, below two in months, below two months in days."""
    if born is None or at is None or at < born:
        return ""
    months = (at.year - born.year) * 12 + at.month - born.month - (at.day < born.day)
    if months < 2:
        return format_count((at - born).days, "day")
    return format_count(months, "month") if months < 24 else format_count(months // 12, "year")


def _write_name(group: str) -> str:
    family, *rest = (part.strip() for part in group.split("^"))
    # Devices write names in capitals. A family's stays so, as forms have it; titles and degrees have their own.
    given = [_soften(part) for part in rest[:2]] + rest[2:]
    others = " ".join(part for part in given if part)
    return f"{family}, {others}" if family and others else family or others


def _soften(name: str) -> str:
    """Return a given name in small letters but for its first; initials, and scripts without small letters, stay."""
    small = name.title()
    return small if name.isupper() and len(name) > _INITIALS and len(small) == len(name) else name
