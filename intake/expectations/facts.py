"""Single facts of a list's line, as people and systems write them: days, times, numbers, texts.

Sources: HL7 v2.5.1, 2.A.22 (dates); DICOM PS3.5 6.2 (SH and LO hold 16 and 64 characters, of which systems take little
notice).
"""

import re
import unicodedata
from datetime import date

from intake.expectations.model import MOST_IMAGES
from intake.phrases import Phrase

LONGEST = 200
"""Characters of a text."""

_DAYS = (
    re.compile(r"(?P<y>[0-9]{4})-(?P<m>[0-9]{1,2})-(?P<d>[0-9]{1,2})"),
    re.compile(r"(?P<y>[0-9]{4})(?P<m>[0-9]{2})(?P<d>[0-9]{2})"),
    re.compile(r"(?P<d>[0-9]{1,2})\.(?P<m>[0-9]{1,2})\.(?P<y>[0-9]{4})"),
)
_TIME = re.compile(r"(?P<h>[0-9]{1,2})[:.]?(?P<m>[0-9]{2})(?:[:.]?[0-9]{2})?")
_MODALITY = re.compile(r"[A-Z0-9_]{1,16}")
_IMAGES = re.compile(r"[0-9]{1,9}")
_YEARS = range(1900, 2200)
"""What lies beyond is a slip: nobody would ever be told that it did not come."""
DAY_ADVICE = Phrase("write it as 2026-01-31 or 31.01.2026")


def read_day(text: str) -> str:
    """Return `YYYYMMDD`. Raises ValueError, which says how to write it."""
    for form in _DAYS:
        if (found := form.fullmatch(text)) is not None:
            try:
                day = date(int(found["y"]), int(found["m"]), int(found["d"]))
            except ValueError:
                raise ValueError(Phrase("there is no such day")) from None
            if day.year not in _YEARS:
                raise ValueError(Phrase("there is no such day in our time; look at its year"))
            return f"{day:%Y%m%d}"
    raise ValueError(DAY_ADVICE)


def read_time(text: str) -> str:
    """Return `HHMM`; nothing for nothing. Raises ValueError."""
    if not text:
        return ""
    found = _TIME.fullmatch(text)
    if found is None or int(found["h"]) > 23 or int(found["m"]) > 59:
        raise ValueError(Phrase("write it as 09:30"))
    return f"{int(found['h']):02}{found['m']}"


def read_images(text: str) -> int | None:
    """Raises ValueError."""
    if not text:
        return None
    if not (_IMAGES.fullmatch(text) and 1 <= int(text) <= MOST_IMAGES):
        raise ValueError(Phrase("write a number from 1 to {most}, or leave it empty", most=MOST_IMAGES))
    return int(text)


def read_modality(text: str) -> str:
    """Raises ValueError."""
    modality = text.upper()
    if modality and not _MODALITY.fullmatch(modality):
        raise ValueError(Phrase("write one of DICOM's, such as CT, MR or US"))
    return modality


def read_text(text: str) -> str:
    """Raises ValueError."""
    if len(text) > LONGEST:
        raise ValueError(Phrase("it has more than {most} characters", most=LONGEST))
    if any(unicodedata.category(letter) in {"Cc", "Cs"} for letter in text):
        raise ValueError(Phrase("it holds characters that cannot be seen; type it anew"))
    return text
