"""The languages that people are written to in, on pages and in mails: which there are, and how each says things.

A text's name in the catalogues is the English text itself (GNU gettext), so English has none. `speaking` says which
language is meant, for one page or one mail; without it, and so in the API and in tables, all stays English.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date
from gettext import GNUTranslations, NullTranslations
from pathlib import Path

ENGLISH = "en"

LANGUAGES = {ENGLISH: "English", "de": "Deutsch"}
"""By the code that BCP 47 gives them: what they call themselves."""

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


def mark(text: str) -> str:
    """Return a text as it is: it is translated where it is shown, and the catalogues are told of it here."""
    return text


class Catalogue:
    """The texts of one domain, in the language that is spoken: `<folder>/<language>/LC_MESSAGES/<domain>.mo`.

    Each is read once a process, when its language is first spoken; of English, which needs none, nothing is.
    """

    def __init__(self, folder: Path, domain: str) -> None:
        self._folder = folder
        self._domain = domain
        self._loaded: dict[str, NullTranslations] = {ENGLISH: NullTranslations()}

    def gettext(self, text: str) -> str:
        """Return a text in the language that is spoken. The empty text, which names a catalogue's head, is empty."""
        return self._load().gettext(text) if text else ""

    def ngettext(self, one: str, more: str, number: int) -> str:
        """Return the text for so many: `{count} file` or `{count} files`."""
        return self._load().ngettext(one, more, number)

    def _load(self) -> NullTranslations:
        language = _SPOKEN.get()
        if language not in self._loaded:
            with (self._folder / language / "LC_MESSAGES" / f"{self._domain}.mo").open("rb") as compiled:
                self._loaded[language] = GNUTranslations(compiled)
        return self._loaded[language]


_GERMAN = str.maketrans(",.", ".,")


def format_number(number: float, digits: int = 0) -> str:
    """Return a number with thousands apart, rounded: `1,204`, or `1.204`."""
    return punctuate(f"{number:,.{digits}f}")


def punctuate(written: str) -> str:
    """Return a number that is written the English way as the language that is spoken writes it."""
    return written.translate(_GERMAN) if current_language() == "de" else written


def format_date(day: date) -> str:
    """Return `22 Nov 2026`, or `22.11.2026`: the CLDR's medium form."""
    return f"{day:%d.%m.%Y}" if current_language() == "de" else f"{day.day} {day:%b %Y}"
