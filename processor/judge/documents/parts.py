"""What files of many kinds have: bytes as a whole, an end and what stands behind it, deflated pieces, texts."""

import zlib
from collections.abc import Iterator
from typing import Any

from intake.dicom.streams import take_bytes
from intake.files.model import Metadata
from processor.judge.inspection.envelope import find_polyglot
from processor.judge.inspection.errors import UnreadableFileError
from processor.judge.inspection.findings import Findings
from processor.judge.inspection.window import Window

LOOK = 64 * 1024
MAX_WHOLE = 16 * 1024 * 1024
"""Bytes of a file that has to be read to its end; larger ones are refused."""
LONGEST_TEXT = 256
CONTROLS = dict.fromkeys([*range(32), *range(127, 160)], " ")
FILLING = b"\0\r\n\t "
"""What tape drives and line-wise transfers leave behind a file's end."""


def read_whole(window: Window, limit: int = MAX_WHOLE) -> bytes:
    """Return the whole file. Raises UnreadableFileError where it is larger than `limit` bytes."""
    if window.size > limit:
        raise UnreadableFileError("text-too-large", f"byte {limit}")
    return take_bytes(window, 0, window.size)


def check_end(window: Window, position: int, findings: Findings) -> None:
    """Look at what follows `position`. Raises UnreadableFileError for a program, a script, a document, an archive."""
    rest = take_bytes(window, position, LOOK).lstrip(FILLING)
    if find_polyglot(rest):
        raise UnreadableFileError("foreign-content-appended", f"byte {position}")
    if rest:
        findings.add("document-trailing-bytes", f"byte {position}")


def inflate(inflater: "zlib._Decompress", piece: bytes, chunk: int, damage: str) -> Iterator[bytes]:
    """Yield what a piece inflates to, in pieces of at most `chunk` bytes. Raises UnreadableFileError(`damage`).

    What zlib holds back when the output is full comes out by asking again.
    """
    waiting, full = piece, True
    while not inflater.eof and (waiting or full):
        try:
            inflated = inflater.decompress(waiting, chunk)
        except zlib.error:
            raise UnreadableFileError(damage) from None
        waiting, full = inflater.unconsumed_tail, len(inflated) == chunk
        if inflated:
            yield inflated


def clean_text(text: object) -> str:
    """Return a text without control characters, at most LONGEST_TEXT long; nothing for what is no text."""
    if not isinstance(text, str):
        return ""
    bounded = text[: 4 * LONGEST_TEXT].translate(CONTROLS).encode("utf-8", "replace").decode()
    return " ".join(bounded.split())[:LONGEST_TEXT]


def add_texts(metadata: Metadata, **texts: Any) -> None:  # noqa: ANN401 — what a file holds may be anything.
    """Add the texts that say something."""
    metadata |= {key: clean for key, text in texts.items() if (clean := clean_text(text))}


def add_patient(metadata: Metadata, **texts: Any) -> None:  # noqa: ANN401 — as above.
    """Add what is said of the patient, where anything is."""
    patient: Metadata = {}
    add_texts(patient, **texts)
    if patient:
        metadata["patient"] = patient
