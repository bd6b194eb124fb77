"""CSV tables: encoding, quoting, columns, and cells that a spreadsheet would run (RFC 4180)."""

import csv
import io
import re
from collections import Counter

from intake.files.model import Metadata
from processor.judge.documents import parts
from processor.judge.inspection.errors import UnreadableFileError
from processor.judge.inspection.findings import Findings
from processor.judge.inspection.window import Window

DELIMITERS = (",", ";", "\t", "|")
NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
SEPARATOR_LINE = re.compile(rb"\Asep=([,;\t|])\r?\n", re.IGNORECASE)
"""Excel's own first line, which names the delimiter and is no row."""
LOOK = 64 * 1024
MAX_ROWS = 2_000_000
MAX_COLUMNS = 16_384
"""As many as a spreadsheet has."""

BINARY = re.compile(rb"[\x00-\x08\x0e-\x1f]")
FORMULA = re.compile(rb"""(?:\A|[,;|\t\r\n])"?[ ]?(?:[=@][^,;|\t\r\n]|[+-][A-Za-z(])""")
"""A cell that starts as a formula. Numbers with a sign are none, nor are signs alone, which stand for values."""
RUNS = re.compile(
    rb"\|[^|!\r\n]{0,300}!|"
    rb"(?:HYPERLINK|WEBSERVICE|IMPORT(?:XML|DATA|FEED|HTML|RANGE)|EXEC|CALL|REGISTER|SHELL)[ ]{0,4}\(",
    re.IGNORECASE,
)
"""What starts a program (`=cmd|'…'!A0`) or calls out, in a cell that starts as a formula. Each pattern ends where the
next one could start, so that no table makes the search slow."""
LONGEST_LINE = 1024 * 1024
"""Bytes. A longer one would be split into millions of cells at once."""


def read(window: Window, findings: Findings, metadata: Metadata) -> None:
    """Judge a table row by row. See `judge.Reader`."""
    data = _decode(parts.read_whole(window), findings, metadata)
    found = BINARY.search(data)
    if found:
        raise UnreadableFileError("csv-binary", f"byte {found.start()}")
    if not data.strip():
        raise UnreadableFileError("csv-empty")
    for start in range(0, len(data) - LONGEST_LINE + 1, LONGEST_LINE):
        end = start + LONGEST_LINE
        if data.find(b"\n", start, end) < 0 and data.find(b"\r", start, end) < 0:
            raise UnreadableFileError("csv-too-large", f"byte {start}")
    formula = FORMULA.search(data)
    if formula:
        findings.add("csv-formula", f"byte {formula.start()}")
    runs = formula is not None and RUNS.search(data, formula.start()) is not None
    _check_rows(data, findings, metadata, runs=runs)


def _decode(data: bytes, findings: Findings, metadata: Metadata) -> bytes:
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


def _check_row(row: list[str], number: int) -> None:
    """Refuse a row with what runs behind the start of a formula, however long it is and over whatever lines."""
    text = ",".join(row).encode()
    found = FORMULA.search(text)
    if found and RUNS.search(text, found.start()):
        raise UnreadableFileError("csv-formula-runs", f"row {number}")


def _check_rows(data: bytes, findings: Findings, metadata: Metadata, *, runs: bool) -> None:
    stated = SEPARATOR_LINE.match(data)
    delimiter = stated[1].decode() if stated else _guess_delimiter(data[:LOOK].decode("utf-8", "replace"))
    rows, columns = 0, 0
    table = io.BytesIO(data)
    table.seek(stated.end() if stated else 0)
    lines = io.TextIOWrapper(table, encoding="utf-8", newline="")
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    try:
        for row in reader:
            if not row:
                continue
            rows += 1
            columns = columns or len(row)
            if columns > MAX_COLUMNS or rows > MAX_ROWS:
                raise UnreadableFileError("csv-too-large", f"row {rows}")
            if runs:
                _check_row(row, rows)
            if len(row) != columns:
                # Cells behind the last column that hold nothing misplace nothing; Excel leaves out a row's last, empty
                # cells.
                surplus = "csv-ragged" if any(row[columns:]) else "csv-cells-surplus"
                findings.add("csv-cells-left-out" if len(row) < columns else surplus, f"row {rows}")
    except csv.Error:
        raise UnreadableFileError("csv-quotes-unbalanced", f"row {rows + 1}") from None
    if b"\r" in data and b"\n" not in data:
        findings.add("csv-line-ends-unusual")
    metadata |= {"rows": rows, "columns": columns, "delimiter": NAMES[delimiter]}


def _guess_delimiter(text: str) -> str:
    """Return the delimiter that splits most of the first lines alike, and into most parts."""
    lines = [line for line in re.split(r"[\r\n]+", re.sub(r'"[^"]*"?', "", text)) if line][:20]

    def score(delimiter: str) -> tuple[int, int]:
        counts = Counter(line.count(delimiter) for line in lines)
        counts.pop(0, None)
        return max(((many, count) for count, many in counts.items()), default=(0, 0))

    return max(DELIMITERS, key=score)
