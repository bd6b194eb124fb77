"""CSV tables: encoding, quoting, columns, and cells that a spreadsheet would run (RFC 4180)."""

import csv
import io
import re
from collections import Counter

from intake.record import Metadata
from processor.judge.documents import whole
from processor.judge.findings import Findings
from processor.judge.refusal import RefusedError
from processor.judge.window import Window

DELIMITERS = (",", ";", "\t", "|")
NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
LOOK = 64 * 1024
MAX_ROWS = 2_000_000
MAX_COLUMNS = 16_384
"""As many as a spreadsheet has."""

BINARY = re.compile(rb"[\x00-\x08\x0e-\x1f]")
FORMULA = re.compile(rb"""(?:\A|[,;|\t\r\n])"?[ ]?(?:[=@][^,;|\t\r\n]|[+-][A-Za-z(])""")
"""A cell that starts as a formula. Numbers with a sign are none, nor are signs alone, which stand for values."""
RUNS = re.compile(
    rb"""(?:\A|[,;|\t\r\n])"?[ ]?[=@+-][^\r\n"]{0,200}?"""
    rb"""(?:\|[^\r\n]{0,200}?!|(?:HYPERLINK|WEBSERVICE|IMPORT\w+|EXEC|CALL|REGISTER|DDE\w*|SHELL)\s*\()""",
    re.IGNORECASE,
)
"""A formula that starts a program (`=cmd|'…'!A0`) or calls out."""


def read(window: Window, findings: Findings, metadata: Metadata) -> None:
    """Judge a table row by row. See `readers.Reader`."""
    data = _as_utf_8(whole.content(window), findings, metadata)
    found = BINARY.search(data)
    if found:
        raise RefusedError("csv-binary", f"byte {found.start()}")
    if not data.strip():
        raise RefusedError("csv-empty")
    _check_formulas(data, findings)
    _check_rows(data, findings, metadata)


def _as_utf_8(data: bytes, findings: Findings, metadata: Metadata) -> bytes:
    """Return the text as UTF-8. What is none is UTF-16 where a mark says so, and else taken for Windows' Latin."""
    metadata["encoding"] = "utf-8"
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        metadata["encoding"] = "utf-16"
        findings.add("text-not-utf-8", "byte 0")
        return data.decode("utf-16", "replace").encode()
    plain = data.removeprefix(b"\xef\xbb\xbf")
    try:
        plain.decode()
    except UnicodeDecodeError as error:
        metadata["encoding"] = "windows-1252"
        findings.add("text-not-utf-8", f"byte {error.start}")
        return plain.decode("cp1252", "replace").encode()
    return plain


def _check_formulas(data: bytes, findings: Findings) -> None:
    found = FORMULA.search(data)
    if not found:
        return
    runs = RUNS.search(data, found.start())
    if runs:
        raise RefusedError("csv-formula-runs", f"byte {runs.start()}")
    findings.add("csv-formula", f"byte {found.start()}")


def _check_rows(data: bytes, findings: Findings, metadata: Metadata) -> None:
    delimiter = _delimiter(data[:LOOK].decode("utf-8", "replace"))
    rows, columns = 0, 0
    lines = io.TextIOWrapper(io.BytesIO(data), encoding="utf-8", newline="")
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    try:
        for row in reader:
            if not row:
                continue
            rows += 1
            columns = columns or len(row)
            if columns > MAX_COLUMNS or rows > MAX_ROWS:
                raise RefusedError("csv-too-large", f"row {rows}")
            if len(row) != columns:
                findings.add("csv-ragged", f"row {rows}")
    except csv.Error:
        raise RefusedError("csv-quotes-unbalanced", f"row {rows + 1}") from None
    if b"\r" in data and b"\n" not in data:
        findings.add("csv-line-ends-unusual")
    metadata |= {"rows": rows, "columns": columns, "delimiter": NAMES[delimiter]}


def _delimiter(text: str) -> str:
    """Return the delimiter that splits most of the first lines alike, and into most parts."""
    lines = [line for line in re.split(r"[\r\n]+", re.sub(r'"[^"]*"?', "", text)) if line][:20]

    def score(delimiter: str) -> tuple[int, int]:
        counts = Counter(line.count(delimiter) for line in lines)
        counts.pop(0, None)
        return max(((many, count) for count, many in counts.items()), default=(0, 0))

    return max(DELIMITERS, key=score)
