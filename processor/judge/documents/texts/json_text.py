"""JSON, read only after its depth and its number of values are known to be bounded (RFC 8259); and JSON of nothing
known."""

import json
import re
from collections.abc import Callable
from typing import Any, NoReturn

from intake.files.model import Metadata
from processor.judge.documents import parts
from processor.judge.inspection.errors import OtherKindError, UnreadableFileError
from processor.judge.inspection.findings import Findings
from processor.judge.inspection.window import Window

MAX_DEPTH = 128
MAX_TOKENS = 1_500_000
"""Strings and brackets."""
MAX_COMMAS = 2_000_000
TOKEN = re.compile(rb'"[^"]*"?|[\[{]|[\]}]')
OPENING, QUOTE = b"[{", ord('"')
BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")

Pairs = list[tuple[str, Any]]


def read(window: Window, findings: Findings, metadata: Metadata) -> None:  # noqa: ARG001 — see `judge.Reader`.
    """Read JSON whose first bytes name no FHIR resource: one after all, an attack, or not taken. See `judge.Reader`.

    The resource's type may stand anywhere in the outermost object; the text is held against the budgets.
    """
    if window.size > parts.MAX_WHOLE:
        return
    data = parts.read_whole(window)
    check_depth(data)
    if b"resourceType" not in data:
        return
    try:
        # Of the outermost object alone: what is kept of those within it tells nothing.
        keys = parse(data, lambda pairs: frozenset(key for key, _ in pairs))
    except UnreadableFileError:
        return
    if isinstance(keys, frozenset) and "resourceType" in keys:
        raise OtherKindError("fhir")


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
