"""The languages of the pages: which one a reader gets, and what a text of the portal is called in it."""

from pathlib import Path

from intake.languages import ENGLISH, LANGUAGES, Catalogue

MOST_RANGES = 20
"""Ranges of an `Accept-Language` that are looked at; browsers send a handful."""

CATALOGUE = Catalogue(Path(__file__).resolve().parents[1] / "locale", "portal")
gettext, ngettext = CATALOGUE.gettext, CATALOGUE.ngettext


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
