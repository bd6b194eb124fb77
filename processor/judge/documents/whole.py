"""Files that can only be judged as a whole, within a limit."""

from processor.judge.refusal import RefusedError
from processor.judge.window import Window

MAX_WHOLE = 16 * 1024 * 1024
"""Bytes of a file that has to be read to its end; larger ones are refused."""


def content(window: Window, limit: int = MAX_WHOLE) -> bytes:
    """Return the whole file. Raises RefusedError where it is larger than `limit` bytes."""
    if window.size > limit:
        raise RefusedError("text-too-large", f"byte {limit}")
    return part(window, 0, window.size)


def part(window: Window, start: int, length: int) -> bytes:
    """Return up to `length` bytes from `start`: fewer only at the file's end. Raises RefusedError on a spent budget."""
    there = min(window.show(start, length), length)
    at = start - window.origin
    return window.buffer[at : at + there] if there > 0 else b""
