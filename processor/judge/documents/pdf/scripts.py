"""Scripts of forms that do no more than format and check what is typed: calls of Acrobat's own functions.

Source: Adobe, "Acrobat Forms API Reference" (AFNumber_Format and its kin); every program that makes forms writes them.
"""

import re
from itertools import islice

MAX_SCRIPTS = 20_000
LONGEST = 4096

SCRIPT = re.compile(rb"/JS\b\s*")
LITERAL = re.compile(rb"\(((?:[^()\\]|\\.|\((?:[^()\\]|\\.|\((?:[^()\\]|\\.)*\))*\))*)\)", re.DOTALL)
"""A literal string, whose inner parentheses may be nested twice (ISO 32000-1, 7.3.4.2)."""
HEXADECIMAL = re.compile(rb"<([0-9A-Fa-f\s]*)>")
ESCAPE = re.compile(rb"\\([()\\nrtbf])")
ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}

_TEXT = rb"\"(?:[^\"\\\r\n]|\\.)*\"|'(?:[^'\\\r\n]|\\.)*'"
_PLAIN = rb"\s*(?:" + _TEXT + rb"|[+-]?\d[\d.]*|true|false)\s*"
_LIST = rb"\s*new\s+Array\s*\(" + _PLAIN + rb"(?:," + _PLAIN + rb")*\)\s*"
_VALUE = rb"(?:" + _LIST + rb"|" + _PLAIN + rb")"
_FUNCTION = rb"AF(?:Number|Percent|Date|Time|Special|Range|Simple)_(?:Format|Keystroke|Validate|Calculate)(?:Ex)?"
FORMATS = re.compile(rb"(?:\s*" + _FUNCTION + rb"\s*\(" + _VALUE + rb"(?:," + _VALUE + rb")*\)\s*;?)+\s*")


def only_format(objects: bytes) -> bool:
    """Say whether every script of a document only formats and checks what is typed into its forms."""
    starts = [found.end() for found in islice(SCRIPT.finditer(objects), MAX_SCRIPTS + 1)]
    return 0 < len(starts) <= MAX_SCRIPTS and all(FORMATS.fullmatch(_read_script(objects, start)) for start in starts)


def _read_script(objects: bytes, start: int) -> bytes:
    """Return a script that stands as a string; nothing for one that stands elsewhere, or is longer than formats are."""
    piece = objects[start : start + LONGEST]
    if literal := LITERAL.match(piece):
        return unescape(literal[1])
    if hexadecimal := HEXADECIMAL.match(piece):
        digits = b"".join(hexadecimal[1].split())
        return bytes.fromhex(digits.decode()) if len(digits) % 2 == 0 else b""
    return b""


def unescape(literal: bytes) -> bytes:
    """Return what stands in a literal string for its escapes of one letter."""
    return ESCAPE.sub(lambda found: ESCAPES.get(found[1], found[1]), literal)
