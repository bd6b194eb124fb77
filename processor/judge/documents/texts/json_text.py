"""JSON, read only after its depth and its number of values are known to be bounded (RFC 8259)."""

import json
import re
from collections.abc import Callable
from typing import Any, NoReturn

from processor.judge.inspection.errors import UnreadableFileError

MAX_DEPTH = 128
MAX_TOKENS = 1_500_000
"""Strings and brackets."""
MAX_COMMAS = 2_000_000
TOKEN = re.compile(rb'"[^"]*"?|[\[{]|[\]}]')
OPENING, QUOTE = b"[{", ord('"')
BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")

Pairs = list[tuple[str, Any]]


def parse(data: bytes, kept: Callable[[Pairs], Any]) -> Any:  # noqa: ANN401 — JSON may be anything.
    """Return what `kept` leaves of each object, from the innermost outwards. Raises UnreadableFileError."""
    if data.startswith(BOMS[1:]):
        raise UnreadableFileError("json-not-utf-8", "byte 0")
    data = data.removeprefix(BOMS[0])
    check_depth(data)
    try:
        return json.loads(data.decode(), object_pairs_hook=kept, parse_constant=_not_json)
    except UnicodeDecodeError as error:
        raise UnreadableFileError("json-not-utf-8", f"byte {error.start}") from None
    except json.JSONDecodeError as error:
        truncated = error.pos >= len(error.doc.rstrip()) or error.msg.startswith("Unterminated string")
        raise UnreadableFileError(
            "json-truncated" if truncated else "json-malformed", f"character {error.pos}"
        ) from None
    except ValueError:
        # An integer of thousands of digits.
        raise UnreadableFileError("json-malformed") from None


def check_depth(data: bytes) -> None:
    """Raise UnreadableFileError for a text whose parsing would cost too much."""
    if data.count(b",") > MAX_COMMAS:
        raise UnreadableFileError("json-too-many-values")
    # Without escapes, the next quote always ends a string.
    plain = data.replace(b"\\\\", b"").replace(b'\\"', b"")
    depth = 0
    for tokens, found in enumerate(TOKEN.finditer(plain)):
        first = plain[found.start()]
        if first in OPENING:
            depth += 1
        elif first != QUOTE:
            depth -= 1
        if depth > MAX_DEPTH:
            raise UnreadableFileError("json-too-deep")
        if tokens > MAX_TOKENS:
            raise UnreadableFileError("json-too-many-values")


def _not_json(_: str) -> NoReturn:
    raise UnreadableFileError("json-not-a-number")
