"""Gzip streams around a volume (RFC 1952), inflated to count them and never kept; and gzip files of nothing known."""

import zlib
from collections.abc import Iterator

from intake.dicom.streams import take_bytes, take_next
from intake.files.model import Metadata
from processor.judge.inspection.errors import BudgetSpentError, UnreadableFileError
from processor.judge.inspection.findings import Findings
from processor.judge.inspection.window import Window

WBITS = zlib.MAX_WBITS + 16
MARK = b"\x1f\x8b"

MAX_INFLATED = 1024 * 1024 * 1024
"""Bytes that a volume is inflated to (see `inflation`); of a larger one, its trailer must agree with its header."""
MAX_COUNTED = 32 * 1024 * 1024
"""Bytes behind a volume that are inflated to count them."""
MAX_RATIO = 200
"""Inflated to compressed bytes beyond which what is above MAX_COUNTED is a bomb."""
DEFLATE_LIMIT = 1032
MAX_MEMBERS = 10_000
CHUNK = 256 * 1024


def read(window: Window, findings: Findings, metadata: Metadata) -> None:  # noqa: ARG001 — see `readers.Reader`.
    """Tell a bomb from other gzip files that hold no volume. See `readers.Reader`."""
    declared = _read_declared_size(window)
    if declared > MAX_COUNTED and declared > MAX_RATIO * window.size:
        findings.add("gzip-bomb")


def measure_inflated(window: Window, expected: int, findings: Findings) -> int:
    """Return the size of what the file inflates to, which should be `expected`. Raises UnreadableFileError."""
    if expected > DEFLATE_LIMIT * window.size:
        return 0
    size = 0
    window.stream()
    try:
        for piece in _inflate_members(window, findings):
            size += piece
            if size > expected + MAX_COUNTED:
                raise UnreadableFileError("gzip-bomb", f"byte {size} of the inflated volume")
            if size > MAX_INFLATED:
                return _trust_trailer(window, expected, findings)
    except BudgetSpentError:
        return _trust_trailer(window, expected, findings)
    return size


def _read_declared_size(window: Window) -> int:
    return int.from_bytes(take_bytes(window, max(window.size - 4, 0), 4), "little")


def _trust_trailer(window: Window, expected: int, findings: Findings) -> int:
    """Take a large volume on its trailer's word, and tell so. BGZF files have a trailer of their last member only."""
    findings.add("gzip-unchecked", f"byte {MAX_INFLATED} of the inflated volume")
    many = window.buffer[3] & 4 and window.buffer[12:14] == b"BC"
    if not many and _read_declared_size(window) != expected & 0xFFFFFFFF:
        raise UnreadableFileError("gzip-length-mismatch", f"byte {window.size - 4}")
    return expected


def _inflate_members(window: Window, findings: Findings) -> Iterator[int]:
    """Yield the sizes of the pieces that the members inflate to, one after the other."""
    position = 0
    for _ in range(MAX_MEMBERS):
        inflater = zlib.decompressobj(WBITS)
        while not inflater.eof:
            piece = take_next(window, position, CHUNK)
            if not piece:
                raise UnreadableFileError("gzip-truncated", f"byte {window.size}")
            yield from _inflate_piece(inflater, piece)
            position += len(piece) - len(inflater.unused_data)
        if take_bytes(window, position, 2) != MARK:
            if take_bytes(window, position, 1024).strip(b"\0"):
                findings.add("gzip-trailing-bytes", f"byte {position}")
            return
    raise UnreadableFileError("gzip-bomb", f"byte {position}")


def _inflate_piece(inflater: "zlib._Decompress", piece: bytes) -> Iterator[int]:
    waiting, full = piece, True
    while not inflater.eof and (waiting or full):
        try:
            size = len(inflater.decompress(waiting, CHUNK))
        except zlib.error:
            raise UnreadableFileError("gzip-damaged") from None
        waiting, full = inflater.unconsumed_tail, size == CHUNK
        yield size
