"""Tables for spreadsheets (RFC 4180), in which no cell can be taken for a formula, or for two cells."""

import unicodedata
from collections.abc import Iterable

_RUNS = ("=", "+", "-", "@", "\N{MINUS SIGN}")
"""What a spreadsheet takes a cell for a formula by (OWASP, "CSV Injection"), also in another width or position."""

_SEPARATES = ("\t", "\r", "\n")
"""What a program that forgets the quotes takes for the beginning of another cell."""

_UNSEEN = frozenset("CMZ")
"""Unicode's categories, by their first letter, that show nothing by themselves: controls, formats, marks, spaces."""

_BLANK = frozenset("\N{HANGUL CHOSEONG FILLER}\N{HANGUL JUNGSEONG FILLER}\N{HANGUL FILLER}\N{BRAILLE PATTERN BLANK}")
"""Letters and symbols that show nothing either."""

BEGIN = "\N{ZERO WIDTH NO-BREAK SPACE}"
"""Stands before the first line: without it, spreadsheets take UTF-8 for something older."""


def write_row(cells: Iterable[object]) -> str:
    """Return one line, its end included. Each cell is quoted: where `;` or a tab separates cells, it stays one."""
    return ",".join(map(_quote_cell, cells)) + "\r\n"


def _quote_cell(cell: object) -> str:
    # What no encoding can write, half a surrogate pair, would break the table off.
    text = str(cell).encode(errors="replace").decode()
    if text.startswith(_SEPARATES) or _find_first_visible(text).startswith(_RUNS):
        text = f"'{text}"
    return '"' + text.replace('"', '""') + '"'


def _find_first_visible(text: str) -> str:
    """Return the first character that is seen, as the plain one that it stands for (Unicode, UAX 15, NFKC)."""
    for character in text:
        if unicodedata.category(character)[0] not in _UNSEEN and character not in _BLANK:
            return unicodedata.normalize("NFKC", character).lstrip()
    return ""
