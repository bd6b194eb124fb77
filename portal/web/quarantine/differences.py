"""What an audit found, in words: which counts of what are not as the records make them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from intake.files.keys import ALPHABET
from intake.files.states import State
from intake.languages import mark
from intake.recounts.model import Difference
from portal.presentation.formatting import format_utc
from portal.presentation.labels import STATE_BADGES
from portal.presentation.languages import gettext

_ID = f"[{ALPHABET}]{{26}}"
_AT = r"(?P<at>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)"

_WORDS = (
    (rf"upload (?P<id>{_ID})", mark("Upload"), "/uploads/"),
    (rf"study {_ID} of upload (?P<id>{_ID})", mark("What an upload brought of an exam"), "/uploads/"),
    (rf"study (?P<id>{_ID})", mark("Exam"), "/studies/"),
    (rf"series \S+ of study (?P<id>{_ID})", mark("Series of an exam"), "/studies/"),
    (r"clinic (?P<id>\S+)", mark("What a clinic has stored"), ""),
    (rf"day {_AT} of (?P<id>\S+)", mark("Day"), ""),
    (rf"hour {_AT} of (?P<id>\S+)", mark("Hour"), ""),
    (rf"five_minutes {_AT} of (?P<id>\S+)", mark("Five minutes"), ""),
    (r"feed of (?P<id>\S+)", mark("Change feed"), ""),
    (r"board of (?P<id>\S+)", mark("Lists of exams"), ""),
    (r"labels of (?P<id>\S+)", mark("Labels of exams"), ""),
    (r"devices of (?P<id>\S+) in (?P<month>\S+)", mark("Devices of a month"), ""),
    # What is counted of these.
    (r"n_(?P<state>\w+)", mark("Files: {state}"), ""),
    (r"c_(?P<state>\w+)", mark("Archives: {state}"), ""),
    (r"handled_(?P<state>\w+)", mark("Dealt with: {state}"), ""),
    (r"declared", mark("Files announced"), ""),
    (r"awaited of .*", mark("Files that are awaited"), ""),
    (r"files", mark("Files stored"), ""),
    (r"bytes", mark("Bytes stored"), ""),
    (r"unsettled", mark("Archives that are being unpacked"), ""),
    (r"with_warnings", mark("Accepted with warnings"), ""),
    (r"duplicates", mark("Sent already"), ""),
    (r"accepted_again", mark("Accepted after a rejection"), ""),
    (r"instances", mark("Images"), ""),
    (r"cause_.*", mark("Files with one cause"), ""),
    (r"code_.*", mark("Files with one finding"), ""),
    (r"dev_.*", mark("Files of one device"), ""),
    (r"devices", mark("Devices"), ""),
    (r"ms_.*", mark("Times to verdict"), ""),
    (r"texts", mark("Labels"), ""),
    (r"its own item", mark("The whole entry is missing"), ""),
    (r"its head", mark("Number of the newest change"), ""),
    (r"changes that are told too late", mark("Changes that were not told"), ""),
    (r"changes up to .*", mark("Changes that readers wait for"), ""),
)
"""How `intake.rebuilds` names what it looks at → what people call it, and where it is looked at."""


@dataclass(frozen=True, slots=True)
class DifferenceRow:
    """A number that is not as the records make it, as the page shows it."""

    what: str
    """In words; empty where there are none yet."""
    which: str
    """Ids and times that say which."""
    href: str
    name: str
    """What is counted, in words; empty where there are none yet."""
    exact_name: str
    """What the table calls it."""
    standing: int
    expected: int


def describe(difference: Difference) -> DifferenceRow:
    """Return a difference as people read it."""
    what, href, parts = _find_words(difference.subject)
    which = ", ".join(_list_parts(parts)) or difference.subject
    name, _, of = _find_words(difference.name)
    state = of.get("state", "")
    known = State.__members__.get(state.upper())
    return DifferenceRow(
        what=what,
        which=which,
        href=href and href + parts["id"],
        name=name.format(state=gettext(STATE_BADGES[known].label) if known else state),
        exact_name=difference.name,
        standing=difference.standing,
        expected=difference.expected,
    )


def _find_words(text: str) -> tuple[str, str, dict[str, str]]:
    """Return what people call something, where it is looked at, and what the text tells of it besides."""
    for pattern, words, path in _WORDS:
        if found := re.fullmatch(pattern, text):
            return gettext(words), path, found.groupdict()
    return "", "", {}


def _list_parts(parts: dict[str, str]) -> Iterator[str]:
    if "id" in parts:
        yield parts["id"]
    if "at" in parts:
        yield format_utc(datetime.fromisoformat(parts["at"]))
    if "month" in parts:
        yield parts["month"]
