"""Tables for spreadsheets (RFC 4180), in which no cell can be taken for a formula."""

import csv
import io
from collections.abc import Iterable

_RUNS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a spreadsheet takes a cell for a formula by (OWASP, "CSV Injection")."""

BEGIN = "\N{ZERO WIDTH NO-BREAK SPACE}"
"""Stands before the first line: without it, spreadsheets take UTF-8 for something older."""


def row(cells: Iterable[object]) -> str:
    """Return one line, its end included."""
    written = io.StringIO()
    csv.writer(written).writerow([_harmless(str(cell)) for cell in cells])
    return written.getvalue()


def _harmless(text: str) -> str:
    return f"'{text}" if text.lstrip(" ").startswith(_RUNS) else text
