"""The kinds of files, and a guess at what a file is that is not DICOM, from its first bytes; never a judgement."""

import re
import zlib

UNKNOWN = "unknown"
TAKEN = frozenset({"dicom", "nifti", "hl7v2", "fhir", "ccda", "pdf", "jpeg", "png", "tiff", "csv", "zip"})
"""The kinds that can be accepted; all others are rejected as `kind-unsupported`."""

EXTENSIONS = {
    "dcm": {"dicom"},
    "dicom": {"dicom"},
    "nii": {"nifti"},
    "nii.gz": {"nifti"},
    "hl7": {"hl7v2"},
    "json": {"fhir", "json"},
    "xml": {"ccda", "xml", "svg", "html"},
    "pdf": {"pdf"},
    "jpg": {"jpeg"},
    "jpeg": {"jpeg"},
    "png": {"png"},
    "tif": {"tiff", "dicom"},
    "tiff": {"tiff", "dicom"},
    "csv": {"csv"},
    "zip": {"zip"},
}
"""Extension → the kinds that it stands for. DICOM has no extension of its own and many odd ones: whatever is not here
claims nothing. Whole slide images are TIFF and DICOM at once (PS3.10 7.5)."""


def contradicts(extension: str, kind: str) -> bool:
    """Say whether an extension claims another known kind than the content's."""
    return extension in EXTENSIONS and kind not in EXTENSIONS[extension]


MAGICS = (
    (b"%PDF-", "pdf"),
    (b"PK\3\4", "zip"),
    (b"PK\5\6", "zip"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x89PNG", "png"),
    (b"PNG\r\n\x1a\n", "png"),
    (b"II*\0", "tiff"),
    (b"MM\0*", "tiff"),
    (b"II+\0", "tiff"),
    (b"MM\0+", "tiff"),
    (b"GIF8", "gif"),
    (b"\xff\x4f\xff\x51", "jpeg2000"),
    (b"\0\0\0\x0cjP  ", "jpeg2000"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!\x1a\7", "rar"),
    (b"MZ", "executable"),
    (b"\x7fELF", "executable"),
    (b"\xfe\xed\xfa", "executable"),
    (b"\xcf\xfa\xed\xfe", "executable"),
    (b"SQLite format 3\0", "sqlite"),
    (b"#!", "script"),
    (b"{\\rtf", "rtf"),
    (b"\xd0\xcf\x11\xe0", "office"),
    (b"BM", "bmp"),
)
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


def guess_kind(head: bytes) -> str:
    """Return a kind such as `pdf` or `nifti`, or UNKNOWN."""
    if head.startswith(b"\x1f\x8b"):
        return "nifti" if _is_nifti(gunzip_head(head, 540)) else "gzip"
    for magic, kind in MAGICS:
        if head.startswith(magic):
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
    return "csv" if _is_table(SEPARATOR_LINE.sub(b"", head)) else "text"


def _is_table(text: bytes) -> bool:
    """Say whether the first lines, of two at least, have one delimiter equally often."""
    lines = [line for line in re.split(rb"[\r\n]+", re.sub(rb'"[^"]*"', b"", text)) if line.strip()]
    whole = lines[:-1] if len(text) == LOOK else lines
    counts = [{line.count(delimiter) for line in whole[:5]} for delimiter in (b",", b";", b"\t")]
    return len(whole) >= 2 and any(len(count) == 1 and 0 not in count for count in counts)


CLAIMS = {"csv": ("csv", {"text", UNKNOWN}), "hl7": ("hl7v2", {"text", "csv"})}
"""Extension → the kind that it says of plain text or, for a table, of anything else that tells nothing of itself."""


def claim_kind(extension: str, kind: str) -> str:
    """Return the kind that a file is judged as: text tells little of itself, so there its extension counts."""
    claim, of = CLAIMS.get(extension, ("", set[str]()))
    return claim if kind in of else kind
