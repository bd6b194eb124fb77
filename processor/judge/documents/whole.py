"""Files that can only be judged as a whole, within a limit."""

from intake.dicom.streams import take_bytes
from processor.judge.inspection.errors import UnreadableFileError
from processor.judge.inspection.window import Window

MAX_WHOLE = 16 * 1024 * 1024
"""Bytes of a file that has to be read to its end; larger ones are refused."""


def read_whole(window: Window, limit: int = MAX_WHOLE) -> bytes:
    """Return the whole file. Raises UnreadableFileError where it is larger than `limit` bytes."""
    if window.size > limit:
        raise UnreadableFileError("text-too-large", f"byte {limit}")
    return take_bytes(window, 0, window.size)
