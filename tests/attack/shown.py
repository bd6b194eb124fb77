"""What a page, a table or a document does with hostile texts: runs them, or shows them."""

import csv
import io
import json
import re
import unicodedata
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import httpx

RUNS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a spreadsheet takes a cell for a formula by (OWASP, "CSV Injection")."""
_QUOTED = re.compile(r'(?:"(?:[^"]|"")*"(?:,|\r\n))*')
_INVISIBLE = frozenset({"Cf", "Zs", "Zl", "Zp"})


def faults(answer: httpx.Response) -> list[str]:
    """Return what is wrong with how an answer shows texts that strangers wrote."""
    kind = answer.headers.get("content-type", "").partition(";")[0]
    found = [] if answer.status_code < 500 else [f"status {answer.status_code}"]
    if answer.headers.get("x-content-type-options") != "nosniff":
        found.append("may be taken for another kind")
    if kind == "text/html":
        found += html_faults(answer.text)
    elif kind == "text/csv":
        found += csv_faults(answer.text)
    elif kind.endswith("json"):
        found += json_faults(answer.text)
    return found


def html_faults(page: str) -> list[str]:
    """Return what a page runs, loads from elsewhere, or lets run."""
    parser = _Running()
    parser.feed(page)
    return [*parser.found, *(["evaluates templates"] if "1337" in page else [])]


class _Running(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        if tag == "script" and not given.get("src"):
            self.found.append("a script of its own")
        if tag == "img" and given.get("src") == "x":
            self.found.append("an image that a text brought")
        self.found += [f"<{tag} {name}>" for name in given if name.startswith("on") or name in {"style", "srcdoc"}]
        urls = [given.get(name) or "" for name in ("href", "src", "action", "formaction")]
        leads = [url for url in urls if url.strip().lower().startswith(("javascript:", "data:text"))]
        self.found += [f"<{tag}> leads to {url[:20]!a}" for url in leads]


def csv_faults(table: str) -> list[str]:
    """Return what a spreadsheet would run, and whether every cell is quoted, so that no other separator splits one."""
    told = table.removeprefix("\ufeff")
    found = [] if _QUOTED.fullmatch(told if told.endswith("\r\n") else told + "\r\n") else ["cells without quotes"]
    cells = [cell for row in csv.reader(io.StringIO(told)) for cell in row]
    return found + [f"a cell that runs: {cell[:20]!a}" for cell in cells if runs(cell)]


def runs(cell: str) -> bool:
    """Say whether a spreadsheet may take a cell for a formula, whatever stands invisibly before it."""
    seen = unicodedata.normalize("NFKC", cell)
    begins = 0
    while begins < len(seen) and unicodedata.category(seen[begins]) in _INVISIBLE:
        begins += 1
    return seen[begins:].startswith(RUNS)


def json_faults(document: str) -> list[str]:
    """Return what is not JSON (RFC 8259), or is and cannot be written in UTF-8."""
    try:
        content = json.loads(document, parse_constant=_no_number)
    except ValueError:
        return ["no JSON"]
    return [f"a lone surrogate in {text[:20]!a}" for text in _texts(content) if not _is_utf8(text)]


def _no_number(name: str) -> Any:
    raise ValueError(name)


def _texts(content: Any) -> Iterator[str]:
    if isinstance(content, str):
        yield content
    for below in content.values() if isinstance(content, dict) else content if isinstance(content, list) else ():
        yield from _texts(below)


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
