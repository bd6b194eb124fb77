"""What a file is at first sight: its kind, where its DICOM content starts, and what is wrong with its wrapping."""

import binascii
from typing import NamedTuple

from intake.dicom import encoding
from intake.dicom.encoding import header
from processor.judge.inspection import kinds
from processor.judge.inspection.findings import Findings

PREAMBLE = 128
MAGIC = b"DICM"

# Compared in lower case and anywhere in the preamble: browsers and PDF readers look for them behind other bytes too.
HIDDEN = (
    (b"%pdf-", "polyglot-document"),
    (b"<?php", "polyglot-script"),
    (b"<html", "polyglot-script"),
    (b"<script", "polyglot-script"),
    (b"<!doctype", "polyglot-script"),
    (b"<svg", "polyglot-script"),
    (b"pk\3\4", "polyglot-archive"),
)
LEADING = (
    (b"MZ", "polyglot-executable"),
    (b"\x7fELF", "polyglot-executable"),
    (b"\xfe\xed\xfa\xce", "polyglot-executable"),
    (b"\xfe\xed\xfa\xcf", "polyglot-executable"),
    (b"\xce\xfa\xed\xfe", "polyglot-executable"),
    (b"\xcf\xfa\xed\xfe", "polyglot-executable"),
    (b"\xca\xfe\xba\xbe", "polyglot-executable"),
    (b"#!", "polyglot-script"),
    (b"Rar!\x1a\7", "polyglot-archive"),
    (b"7z\xbc\xaf\x27\x1c", "polyglot-archive"),
    (b"\x1f\x8b\x08", "polyglot-archive"),
)
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
    return Envelope(kinds.guess_kind(head))


def check_preamble(preamble: bytes, findings: Findings) -> None:
    """Find what makes the file another kind of file as well; zeros, TIFF headers and
    an application's own numbers are as they should be."""
    if not preamble.strip(b"\0") or preamble.startswith(TIFF):
        return
    code = _find_polyglot(preamble)
    # Words that somebody wrote. An application's numbers, as GE's, are what it is for (PS3.10 7.1).
    written = preamble.rstrip(b"\0")
    is_text = len(written) >= FEWEST_LETTERS and TEXT.issuperset(written)
    if code or preamble.startswith(OTHER_MAGIC) or is_text:
        findings.add(code or "preamble-unusual", "byte 0")


def _find_polyglot(preamble: bytes) -> str:
    lowered = preamble.lower()
    for mark, code in LEADING:
        if preamble.startswith(mark):
            return code
    return next((code for mark, code in HIDDEN if mark in lowered), "")


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
