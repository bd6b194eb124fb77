"""What a file is at first sight: its kind, where its DICOM content starts, and what is wrong with its wrapping."""

import binascii
import re
import zlib
from typing import NamedTuple

from intake.dicom import encoding
from intake.dicom.encoding import header
from processor.judge.inspection.findings import Findings

UNKNOWN = "unknown"

PREAMBLE = 128
MAGIC = b"DICM"

HIDDEN = {
    "polyglot-document": (b"%pdf-",),
    "polyglot-script": (b"<?php", b"<html", b"<script", b"<!doctype", b"<svg"),
    "polyglot-archive": (b"pk\3\4",),
}
"""Code → marks, compared in lower case and anywhere: browsers and PDF readers look for them behind other bytes too."""
LEADING = {
    "polyglot-executable": (
        b"MZ", b"\x7fELF", b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe",
        b"\xca\xfe\xba\xbe",
    ),
    "polyglot-script": (b"#!",),
    "polyglot-archive": (b"Rar!\x1a\7", b"7z\xbc\xaf\x27\x1c", b"\x1f\x8b\x08"),
}  # fmt: skip
"""Code → marks of what runs or opens from its first byte on."""
OTHER_MAGIC = (
    b"GIF8", b"\x89PNG", b"\xff\xd8\xff", b"BM", b"RIFF", b"OggS", b"ID3", b"\xd0\xcf\x11\xe0", b"BZh", b"\xfd7zXZ",
    b"\x28\xb5\x2f\xfd", b"\0asm", b"dex\n", b"!<arch>", b"MSCF", b"SQLite",
)  # fmt: skip
"""Beginnings of other kinds of files, which are no danger but should not be here."""
FEWEST_LETTERS = 4
TEXT = frozenset(b"\t\n\r") | frozenset(range(0x20, 0x7F))
TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
"""Whole slide images are TIFF and DICOM at once, as the standard allows (PS3.10 7.5)."""

FIRST_GROUPS = frozenset({0x0002, 0x0004, 0x0008})
LONGEST_FIRST_VALUE = 1024

MAGICS = {
    "pdf": (b"%PDF-",),
    "zip": (b"PK\3\4", b"PK\5\6"),
    "jpeg": (b"\xff\xd8\xff",),
    "png": (b"\x89PNG", b"PNG\r\n\x1a\n"),
    "tiff": TIFF,
    "gif": (b"GIF8",),
    "jpeg2000": (b"\xff\x4f\xff\x51", b"\0\0\0\x0cjP  "),
    "7z": (b"7z\xbc\xaf\x27\x1c",),
    "rar": (b"Rar!\x1a\7",),
    "executable": (b"MZ", b"\x7fELF", b"\xfe\xed\xfa", b"\xcf\xfa\xed\xfe"),
    "sqlite": (b"SQLite format 3\0",),
    "script": (b"#!",),
    "rtf": (b"{\\rtf",),
    "office": (b"\xd0\xcf\x11\xe0",),
    "bmp": (b"BM",),
}
NIFTI_2 = (b"n+2\0", b"ni2\0")
HL7_START = re.compile(rb"\s*(?:MSH|FHS|BHS)[^\w\s]")
"""A header segment and the field separator that it defines, behind MLLP's framing or none."""
HL7_HEADLESS = re.compile(rb"[A-Z][A-Z0-9]{2}\|[^\r\n]*[\r\n]+[A-Z][A-Z0-9]{2}\|")
"""Two segments, none of which is the header that a message must start with."""
JSON_START = re.compile(rb"\{\s*[\"}]|\[\s*(?:[\[{\"\]0-9-]|true|false|null)")
TEXT_CONTROLS = frozenset(b"\t\n\v\f\r\x1b")
PDF_MARK, PDF_LOOK = re.compile(rb"%PDF-\d\.\d"), 1024
BATCH = re.compile(rb"@?(?:echo[ \t]+off\b|rem[ \t])", re.IGNORECASE)
"""How programs for Windows' command line begin."""
SEPARATOR_LINE = re.compile(rb"\Asep=[,;\t|]\r?\n", re.IGNORECASE)
LOOK = 4096


class Envelope(NamedTuple):
    """The first sight of a file."""

    kind: str
    start: int | None = None
    """Where the file meta information or, without one, the data set starts; None where nothing can be read."""


def open_envelope(head: bytes, size: int, findings: Findings) -> Envelope:
    """Look at a file's first bytes (`head`), and say what it is."""
    if head[PREAMBLE : PREAMBLE + 4] == MAGIC:
        check_preamble(head[:PREAMBLE], findings)
        return Envelope("dicom", PREAMBLE + 4)
    if head[:4] == MAGIC or starts_as_data_set(head, size):
        findings.add("preamble-missing")
        return Envelope("dicom", 4 if head[:4] == MAGIC else 0)
    damage = find_wrapping_damage(head)
    if damage:
        findings.add(damage)
        return Envelope("dicom")
    return Envelope(guess_kind(head))


def check_preamble(preamble: bytes, findings: Findings) -> None:
    """Find what makes the file another one as well; zeros, TIFF headers and an application's own numbers are fine."""
    if not preamble.strip(b"\0") or preamble.startswith(TIFF):
        return
    code = find_polyglot(preamble)
    # Words that somebody wrote. An application's numbers, as GE's, are what it is for (PS3.10 7.1).
    written = preamble.rstrip(b"\0")
    is_text = len(written) >= FEWEST_LETTERS and TEXT.issuperset(written)
    if code or preamble.startswith(OTHER_MAGIC) or is_text:
        findings.add(code or "preamble-unusual", "byte 0")


def find_polyglot(start: bytes) -> str:
    """Return the code of what else a file is, or holds, that starts like this; nothing where it is nothing else."""
    lowered = start.lower()
    leading = (code for code, marks in LEADING.items() if start.startswith(marks))
    return next(leading, "") or next((code for code, marks in HIDDEN.items() if any(m in lowered for m in marks)), "")


def starts_as_data_set(head: bytes, size: int) -> bool:
    """Say whether the first two elements are what a data set or file meta information starts with."""
    shown = encoding.detect(head[:8])
    if shown is None:
        return False
    first = header(head, 0, len(head), shown)
    if first is None or first.tag >> 16 not in FIRST_GROUPS or first.length > LONGEST_FIRST_VALUE:
        return False
    following = first.size + first.length
    if following == size:
        return shown.explicit
    if following + 8 > len(head):
        return False
    second = header(head, following, len(head), shown)
    return second is not None and first.tag < second.tag and second.tag >> 16 <= 0x0020


def find_wrapping_damage(head: bytes) -> str:
    """Return the code of what was done to a DICOM file on its way, or nothing."""
    if head[PREAMBLE : PREAMBLE + 4] == b"IDMC":
        return "bytes-swapped"
    if head[PREAMBLE + 4 : PREAMBLE + 10] == b"\2\0\0\0UL":
        return "magic-damaged"
    if head.startswith(b"--") and MAGIC in head[:4096]:
        return "http-wrapper"
    if _decode_base64(head)[PREAMBLE : PREAMBLE + 4] == MAGIC:
        return "base64-encoded"
    return "all-zero" if not head.strip(b"\0") else ""


def _decode_base64(head: bytes) -> bytes:
    text = b"".join(head[:300].split())
    try:
        return binascii.a2b_base64(text[: len(text) // 4 * 4], strict_mode=True)
    except binascii.Error:
        return b""


def find_text_conversion(head: bytes) -> str:
    """Return the code of a text conversion that went over the whole file, or nothing.

    Sixteen line feeds that all follow a carriage return, or sixteen valid UTF-8 sequences and no invalid one, are
    no chance in binary data.
    """
    if head.count(b"\n") >= 16 and head.count(b"\n") == head.count(b"\r\n"):
        return "line-endings-altered"
    text = head.decode("utf-8", "replace")[:-1]
    wide = sum(letter >= "\x80" for letter in text)
    return "text-encoding-altered" if wide >= 16 and "\ufffd" not in text else ""


def guess_kind(head: bytes) -> str:
    """Return a kind such as `pdf` or `nifti`, or UNKNOWN."""
    if head.startswith(b"\x1f\x8b"):
        return "nifti" if _is_nifti(gunzip_head(head, 540)) else "gzip"
    kind = next((kind for kind, marks in MAGICS.items() if head.startswith(marks)), "")
    if kind:
        return kind
    if _is_nifti(head):
        return "nifti"
    kind = _guess_by_start(head)
    # Behind a printer's commands, a mail's headers or gibberish: readers look for the mark in the first 1,024 bytes.
    return "pdf" if kind in {UNKNOWN, "text", "csv"} and PDF_MARK.search(head[:PDF_LOOK]) else kind


def _is_nifti(head: bytes) -> bool:
    """The header's size is its first field, in either byte order; Analyze has it too, without a mark."""
    sizes = {int.from_bytes(head[:4], "little"), int.from_bytes(head[:4], "big")}
    return 348 in sizes or (540 in sizes and head[4:8] in NIFTI_2)


def gunzip_head(head: bytes, length: int) -> bytes:
    """Return up to `length` of the first bytes that a gzip file inflates to: as many as come before any damage."""
    inflater, found = zlib.decompressobj(wbits=zlib.MAX_WBITS + 16), b""
    try:
        # Byte by byte: an error takes with it what came out of the same piece.
        for start in range(len(head)):
            if inflater.eof:
                inflater = zlib.decompressobj(wbits=zlib.MAX_WBITS + 16)
            found += inflater.decompress(head[start : start + 1], length - len(found))
            if len(found) == length:
                break
    except zlib.error:
        return found
    return found


def _guess_by_start(head: bytes) -> str:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _guess_by_start(head[:LOOK].decode("utf-16", "ignore").encode())
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n\v")
    if HL7_START.match(text) or HL7_HEADLESS.match(text[:LOOK]):
        return "hl7v2"
    if BATCH.match(text):
        return "script"
    if text.startswith(b"%PDF-") or b"\n%PDF-" in head[:1024]:
        return "pdf"
    if JSON_START.match(text):
        return "fhir" if b'"resourceType"' in text else "json"
    return _guess_markup_kind(text) if text.startswith(b"<") else _guess_plain_kind(head[:LOOK])


def _guess_markup_kind(text: bytes) -> str:
    lowered = text.lower()
    if b"<clinicaldocument" in lowered or b":clinicaldocument" in lowered:
        return "ccda"
    if lowered.startswith((b"<!doctype html", b"<html", b"<script")):
        return "html"
    return "svg" if b"<svg" in lowered else "xml"


def _guess_plain_kind(head: bytes) -> str:
    if not head or any(byte < 0x20 and byte not in TEXT_CONTROLS for byte in head):
        return UNKNOWN
    if sum(byte >= 0x80 for byte in head) * 4 > len(head):
        return UNKNOWN
    # A table's first lines, of two at least, have one delimiter equally often.
    text = SEPARATOR_LINE.sub(b"", head)
    lines = [line for line in re.split(rb"[\r\n]+", re.sub(rb'"[^"]*"', b"", text)) if line.strip()]
    whole = lines[:-1] if len(text) == LOOK else lines
    counts = [{line.count(delimiter) for line in whole[:5]} for delimiter in (b",", b";", b"\t")]
    is_table = len(whole) >= 2 and any(len(count) == 1 and 0 not in count for count in counts)
    return "csv" if is_table else "text"
