"""Messages of several parts, `multipart/related` (RFC 2387, PS3.18 8.6.1.2), read whole from a bounded body."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser

from portal.errors import DicomWebQueryError

MOST_PARTS = 500
LONGEST_BOUNDARY = 70
"""Characters (RFC 2046, 5.1.1)."""


@dataclass(slots=True)
class _Parts:
    """Collects what the parser reports."""

    found: list[bytearray] = field(default_factory=list)
    ended: bool = False

    def begin(self) -> None:
        if len(self.found) == MOST_PARTS:
            raise DicomWebQueryError(f"A message has at most {MOST_PARTS} parts.")
        self.found.append(bytearray())

    def data(self, data: bytes, start: int, end: int) -> None:
        self.found[-1] += data[start:end]

    def end(self) -> None:
        self.ended = True


def read_parts(body: bytes, boundary: str) -> list[bytes]:
    """Return the bodies of a message's parts. Raises DicomWebQueryError for what is no such message."""
    if not 0 < len(boundary) <= LONGEST_BOUNDARY or not boundary.isascii():
        raise DicomWebQueryError("The Content-Type names no boundary that separates the parts.")
    seen = _Parts()
    parser = MultipartParser(boundary, {"on_part_begin": seen.begin, "on_part_data": seen.data, "on_end": seen.end})
    try:
        parser.write(body)
        parser.finalize()
    except MultipartParseError as error:
        raise DicomWebQueryError("The body is not the multipart message that its Content-Type promises.") from error
    if not seen.ended:
        raise DicomWebQueryError("The body ends before its last boundary: it was cut off on its way.")
    return [bytes(part) for part in seen.found]


def write_message(bodies: Iterable[bytes], media_type: str) -> tuple[bytes, str]:
    """Return a message of parts of one type, and its Content-Type."""
    boundary = secrets.token_hex(16)
    head = f"--{boundary}\r\nContent-Type: {media_type}\r\n\r\n".encode()
    message = b"".join(head + body + b"\r\n" for body in bodies) + f"--{boundary}--\r\n".encode()
    return message, f'multipart/related; type="{media_type}"; boundary={boundary}'
