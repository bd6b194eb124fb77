"""The languages of the pages: which there are, which a reader gets, and what a text is called in it.

A text's name in the catalogues is the English text itself (GNU gettext), so English has none. `speaking` says which
language is meant, for one request; without it, and so in the API and in tables, all stays English.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path

ENGLISH = "en"

LANGUAGES = {ENGLISH: "English", "de": "Deutsch"}
"""By the code that BCP 47 gives them: what they call themselves."""

CATALOGUES = Path(__file__).resolve().parents[1] / "locale"
DOMAIN = "portal"

MOST_RANGES = 20
"""Ranges of an `Accept-Language` that are looked at; browsers send a handful."""

_SPOKEN: ContextVar[str] = ContextVar("language", default=ENGLISH)


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Have texts be of this language; whatever is no language of ours is English."""
    token = _SPOKEN.set(language if language in LANGUAGES else ENGLISH)
    try:
        yield
    finally:
        _SPOKEN.reset(token)


def current_language() -> str:
    return _SPOKEN.get()


def choose_language(accepted: str, chosen: str = "") -> str:
    """Return the language that somebody chose, else the one that their browser likes best (RFC 9110, 12.5.4)."""
    if chosen in LANGUAGES:
        return chosen
    ranges = [_read_range(one) for one in accepted.lower().split(",")[:MOST_RANGES]]
    liked = [(weight, code) for weight, code in ranges if weight > 0 and (code in LANGUAGES or code == "*")]
    best = max(liked, key=lambda pair: pair[0], default=(0.0, ENGLISH))[1]
    return best if best in LANGUAGES else ENGLISH


def _read_range(text: str) -> tuple[float, str]:
    """Return a range's weight and its language without script or region: `de-AT;q=0.8` → 0.8, `de`."""
    tag, _, parameter = text.partition(";")
    name, _, value = parameter.strip().partition("=")
    try:
        weight = float(value) if name == "q" else 1.0
    except ValueError:
        weight = 0.0
    return weight, tag.strip().partition("-")[0]


def gettext(text: str) -> str:
    """Return a text in the language that is spoken. The empty text, which names a catalogue's head, is empty."""
    return load_catalogue(_SPOKEN.get()).gettext(text) if text else ""


def ngettext(one: str, more: str, number: int) -> str:
    """Return the text for so many: `{count} file` or `{count} files`."""
    return load_catalogue(_SPOKEN.get()).ngettext(one, more, number)


def mark(text: str) -> str:
    """Return a text as it is: it is translated where it is shown, and the catalogues are told of it here."""
    return text


@lru_cache(maxsize=len(LANGUAGES))
def load_catalogue(language: str) -> NullTranslations:
    """Return a language's texts, read once a process; of English, which needs none, the texts themselves."""
    if language == ENGLISH:
        return NullTranslations()
    with (CATALOGUES / language / "LC_MESSAGES" / f"{DOMAIN}.mo").open("rb") as compiled:
        return GNUTranslations(compiled)
