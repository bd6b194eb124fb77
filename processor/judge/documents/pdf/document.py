"""PDF documents: header, end, encryption, and what would act when they are opened (ISO 32000-1)."""

import re

from intake.files.model import Metadata
from processor.judge.documents import endings, whole
from processor.judge.documents.pdf import encryption, pages, scripts, streams
from processor.judge.inspection.errors import UnreadableFileError
from processor.judge.inspection.findings import Findings
from processor.judge.inspection.window import Window

MAX_PDF = 32 * 1024 * 1024
HEADER = re.compile(rb"%PDF-(\d\.\d)")
LOOK = 1024
"""Bytes at either end in which readers look for the header and the end (Annex H.3)."""
END = re.compile(rb"startxref\s+(\d{1,12})\s+%%EOF")
CROSS_REFERENCE = re.compile(rb"\s*(?:xref|\d+\s+\d+\s+obj)")
NEAR = 16
"""Bytes by which an offset may miss what it points to: writers count line ends differently, and readers forgive it."""

_VALUE = rb"\s*(?:\(|<|\d+\s+\d+\s+R)"
PATTERNS = {
    "pdf-javascript": re.compile(rb"/JS" + _VALUE + rb"|/S\s*/JavaScript\b|/JavaScript\s*(?:<<|\d+\s+\d+\s+R)"),
    "pdf-launches-program": re.compile(rb"/S\s*/Launch\b|/Launch\s*<<"),
    "pdf-embedded-file": re.compile(rb"/EmbeddedFiles?\b"),
    "pdf-submits-data": re.compile(rb"/S\s*/(?:SubmitForm|ImportData)\b"),
    "pdf-rich-media": re.compile(rb"/RichMedia\b|/Subtype\s*/(?:3D|Movie|Screen)\b"),
    "pdf-xfa-form": re.compile(rb"/XFA\s*(?:\[|\d+\s+\d+\s+R)"),
}
"""Code → what shows it, in the objects' text."""
ENCRYPTED = re.compile(rb"/Encrypt\s*(?:<<|\d+\s+\d+\s+R)")


def _escape_name(name: bytes) -> bytes:
    """Return a pattern for a name of which any letter but at least one is escaped, such as /J#61vaScript.

    Nobody but those who hide something writes one so. Each name in a document is looked at once.
    """
    letters = b"".join(b"(?:%c|#(?i:%02x))" % (letter, letter) for letter in name[1:])
    return b"/(?=[A-Za-z]{0,%d}#)%b(?![A-Za-z0-9#])" % (len(name), letters)


HIDDEN_NAMES = {
    b"/JavaScript": "pdf-javascript",
    b"/JS": "pdf-javascript",
    b"/Launch": "pdf-launches-program",
    b"/EmbeddedFile": "pdf-embedded-file",
    b"/Encrypt": "pdf-encrypted",
}
ESCAPED = {name: re.compile(_escape_name(name)) for name in HIDDEN_NAMES}


def read(window: Window, findings: Findings, metadata: Metadata) -> None:
    """Judge a document by its text, and by the objects that it keeps compressed. See `readers.Reader`."""
    data = whole.read_whole(window, MAX_PDF)
    header = HEADER.search(data[: LOOK + 8])
    if header is None:
        raise UnreadableFileError("pdf-header-missing", "byte 0")
    metadata["version"] = header[1].decode()
    if header.start():
        findings.add("pdf-bytes-before-header", "byte 0")
    encrypted = ENCRYPTED.search(data)
    if encrypted:
        opens = encryption.opens_without_password(data, encrypted.start())
        findings.add("pdf-restricted" if opens else "pdf-encrypted", f"byte {encrypted.start()}")
    kept, places = (b"", streams.Places()) if encrypted else streams.read_object_streams(data, findings)
    objects = data + b"\n" + kept if kept else data
    _check_actions(objects, len(data), findings)
    _check_end(data, header.start(), findings)
    behind = len(data) + 1
    kept_at = {number: (behind + start, behind + end) for number, (start, end) in places.items()}
    pages.check(objects, kept_at, findings, metadata, encrypted=encrypted is not None)
    if not encrypted:
        streams.check_bombs(data, findings)
    endings.check(window, data.rfind(b"%%EOF") + 5, findings)


def _check_actions(objects: bytes, size: int, findings: Findings) -> None:
    for code, pattern in PATTERNS.items():
        found = pattern.search(objects)
        if found:
            said = "pdf-form-script" if code == "pdf-javascript" and scripts.only_format(objects) else code
            findings.add(said, f"byte {found.start()}" if found.start() < size else "")
    for name, pattern in ESCAPED.items():
        if pattern.search(objects):
            findings.add(HIDDEN_NAMES[name])


def _check_end(data: bytes, start: int, findings: Findings) -> None:
    """Look for the end, and for the cross-reference that it points to."""
    end = data.rfind(b"%%EOF")
    if end < 0:
        raise UnreadableFileError("pdf-truncated", f"byte {len(data)}")
    pointers = list(END.finditer(data, max(end - LOOK, 0)))
    if not pointers:
        findings.add("pdf-cross-reference-wrong", f"byte {end}")
        return
    offset = int(pointers[-1][1])
    places = (offset, offset + start)
    near = any(CROSS_REFERENCE.search(data, max(place - NEAR, 0), place + 2 * NEAR) for place in places)
    if not near:
        findings.add("pdf-cross-reference-wrong", f"byte {pointers[-1].start()}")
