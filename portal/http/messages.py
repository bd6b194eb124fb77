"""Parts of HTTP messages as headers and bodies write them: media types, `multipart/related`, sparse answers."""

import re
import secrets
from collections.abc import Iterable, Iterator
from typing import Annotated, NamedTuple, get_args

from fastapi import Query
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel

from portal.errors import DicomWebQueryError

_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def parse_content_type(content_type: str) -> tuple[str, dict[str, str]]:
    """Return a media type in lower case, and its parameters, whose names are in lower case too."""
    media_type, *given = split_unquoted(content_type, ";")
    pairs = (one.partition("=") for one in given)
    return media_type.strip().lower(), {name.strip().lower(): _unquote(value.strip()) for name, _, value in pairs}


def parse_accept(accept: str) -> list[str]:
    """Return the media types of an `Accept` header in lower case, without their parameters and in the order given."""
    return [split_unquoted(one, ";")[0].strip().lower() for one in split_unquoted(accept, ",")]


def split_unquoted(text: str, separator: str) -> list[str]:
    """Split at the separators that stand in no quoted string. One that is never closed reaches to the end."""
    pieces: list[str] = []
    start, quoted, escaped = 0, False, False
    for place, character in enumerate(text):
        if escaped:
            escaped = False
        elif character == '"':
            quoted = not quoted
        elif quoted:
            escaped = character == "\\"
        elif character == separator:
            pieces.append(text[start:place])
            start = place + 1
    return [*pieces, text[start:]]


def _unquote(text: str) -> str:
    """Return a parameter's value, free of the quotes around it."""
    if len(text) >= 2 and text.startswith('"') and text.endswith('"'):
        return _ESCAPED.sub(r"\1", text[1:-1])
    return text


MOST_PARTS = 500
LONGEST_BOUNDARY = 256
"""Characters. RFC 2046, 5.1.1, has 70; Orthanc's plugin writes 73."""
LONGEST_PART_HEADERS = 8 * 1024
"""Bytes of the headers of one part together."""

_BLANKS = re.compile(rb"[ \t]*")


def read_parts(body: bytes, boundary: str) -> list[bytes]:
    """Return the bodies of a message's parts (RFC 2046, 5.1.1). Raises DicomWebQueryError for what is no such message.

    Blanks may stand behind a boundary, lines before the first one, and anything behind the last. The message is read
    once, from its beginning to its end.
    """
    # Blanks at a boundary's end were added on its way.
    boundary = boundary.rstrip()
    if not 0 < len(boundary) <= LONGEST_BOUNDARY or not (boundary.isascii() and boundary.isprintable()):
        raise DicomWebQueryError("The Content-Type names no boundary that separates the parts.")
    delimiters = _find_delimiters(body, b"\r\n--" + boundary.encode())
    first = next(delimiters, None)
    if first is None:
        raise DicomWebQueryError("The body is not the multipart message that its Content-Type promises.")
    parts: list[bytes] = []
    start, ended = first.following, first.ends_message
    while not ended:
        if len(parts) == MOST_PARTS:
            raise DicomWebQueryError(f"A message has at most {MOST_PARTS} parts.")
        delimiter = next(delimiters, None)
        if delimiter is None:
            raise DicomWebQueryError("The body ends before its last boundary: it was cut off on its way.")
        parts.append(_read_part(body, start, delimiter.start))
        start, ended = delimiter.following, delimiter.ends_message
    return parts


class _Delimiter(NamedTuple):
    """Where a line of a boundary begins, with the line end before it, and where what follows it does."""

    start: int
    following: int
    ends_message: bool


def _find_delimiters(body: bytes, delimiter: bytes) -> Iterator[_Delimiter]:
    """Yield the lines that hold the boundary alone. The message's first line has no line end before it."""
    position = 0
    start = 0 if body.startswith(delimiter[2:]) else body.find(delimiter)
    while start >= 0:
        position = start + len(delimiter) - (0 if body.startswith(b"\r\n", start) else 2)
        if body.startswith(b"--", position):
            yield _Delimiter(start, position + 2, ends_message=True)
            return
        blanks = _BLANKS.match(body, position)
        position = blanks.end() if blanks else position
        if body.startswith(b"\r\n", position):
            # The line end stays: a part without headers begins with the empty line that ends them.
            yield _Delimiter(start, position, ends_message=False)
        start = body.find(delimiter, position)


def _read_part(body: bytes, start: int, end: int) -> bytes:
    """Return what stands behind a part's headers."""
    behind = body.find(b"\r\n\r\n", start, min(end, start + LONGEST_PART_HEADERS))
    if behind < 0:
        raise DicomWebQueryError("The headers of a part do not end, or are too long.")
    return body[behind + 4 : end]


def write_message(bodies: Iterable[bytes], media_type: str) -> tuple[bytes, str]:
    """Return a message of parts of one type, and its Content-Type."""
    boundary = secrets.token_hex(16)
    head = f"--{boundary}\r\nContent-Type: {media_type}\r\n\r\n".encode()
    message = b"".join(head + body + b"\r\n" for body in bodies) + f"--{boundary}--\r\n".encode()
    return message, f'multipart/related; type="{media_type}"; boundary={boundary}'


PARAMETER = "fields"

Fields = Annotated[
    str | None,
    Query(
        max_length=1000,
        description="Only these fields, separated by commas: of the resource, or of each row of a list.",
    ),
]


def select_fields(view: BaseModel, fields: str | None) -> BaseModel | Response:
    """Return the view, or an answer with only those fields of it. Raises RequestValidationError for unknown ones."""
    if fields is None:
        return view
    wanted, rows = set(fields.split(",")), find_rows(type(view))
    known = list_fields(type(view))
    if not wanted <= set(known):
        fault = {"type": "unknown_field", "loc": ("query", PARAMETER), "msg": f"Choose from {', '.join(known)}."}
        raise RequestValidationError([fault])
    if rows is None:
        return JSONResponse(view.model_dump(mode="json", include=wanted))
    others = set(type(view).model_fields) - {rows}
    return JSONResponse(
        view.model_dump(mode="json", include={rows: {"__all__": wanted}, **dict.fromkeys(others, True)})
    )


def find_rows(model: type[BaseModel]) -> str | None:
    """Return the name of a list's rows; a list has rows and a way to the next page, and nothing else."""
    names = set(model.model_fields) - {"next"}
    return next(iter(names)) if len(names) == 1 and "next" in model.model_fields else None


def list_fields(model: type[BaseModel]) -> list[str]:
    """Return what may be asked for: the fields of the resource, or of the rows of a list."""
    rows = find_rows(model)
    of = model if rows is None else get_args(model.model_fields[rows].annotation)[0]
    return list(of.model_fields)
