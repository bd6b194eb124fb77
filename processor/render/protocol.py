"""What the renderer and its child say to each other, over pipes: a job and its bytes, and an answer.

A message is the length of its JSON, four bytes, and the JSON. A job's bytes follow it until the pipe is closed, a
picture's follow the answer that tells their lengths. The child is not to be believed: whatever it says is checked.
"""

import json
import struct
from dataclasses import asdict, dataclass, field
from typing import IO, Any

from intake.renditions.model import NoPreview

LONGEST_ANSWER = 16 * 1024 * 1024
"""Bytes of all that a child may say."""
IMAGE_TYPES = {"image/webp": "WEBP", "image/jpeg": "JPEG", "image/png": "PNG"}
"""Media types of pictures, and Pillow's names of the formats."""

_LENGTH = struct.Struct(">I")


class NoPictureError(Exception):
    """Raised in the child when a file cannot be drawn."""

    def __init__(self, reason: NoPreview) -> None:
        super().__init__(reason.value)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """One picture that is wanted."""

    media_type: str
    edge: int | None
    """The longer side at the most, in pixels; None: as many as there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What a child is to draw. Its bytes come behind it."""

    what: str
    """`dicom`: one frame, whose header stands in `facts`; `pdf`, `nifti`, or `jpeg`, `png`, `tiff`: the whole file."""
    outputs: list[Output]
    frame: int | None = None
    """Of a file that is sent whole; from 1."""
    window: list[float] | None = None
    """Center and width."""
    facts: dict[str, Any] = field(default_factory=dict)


def write_job(pipe: IO[bytes], job: Job) -> None:
    text = json.dumps(asdict(job)).encode()
    pipe.write(_LENGTH.pack(len(text)) + text)


def read_job(pipe: IO[bytes]) -> Job:
    """Return what `write_job` wrote. Only the renderer itself can have written it."""
    facts = json.loads(pipe.read(_LENGTH.unpack(pipe.read(_LENGTH.size))[0]))
    outputs = [Output(**output) for output in facts.pop("outputs")]
    return Job(outputs=outputs, **facts)


def write_pictures(pipe: IO[bytes], pictures: list[bytes]) -> None:
    _write_answer(pipe, {"sizes": [len(picture) for picture in pictures]})
    for picture in pictures:
        pipe.write(picture)


def write_reason(pipe: IO[bytes], reason: NoPreview) -> None:
    _write_answer(pipe, {"reason": reason.value})


def _write_answer(pipe: IO[bytes], facts: dict[str, Any]) -> None:
    text = json.dumps(facts).encode()
    pipe.write(_LENGTH.pack(len(text)) + text)


def parse_answer(said: bytes, expected: int) -> list[bytes] | NoPreview | None:
    """Return the pictures that a child drew, or its reason; None where it said neither.

    `expected` is how many pictures were wanted.
    """
    if len(said) < _LENGTH.size:
        return None
    start = _LENGTH.size + _LENGTH.unpack_from(said)[0]
    try:
        facts = json.loads(said[_LENGTH.size : start])
    except (ValueError, RecursionError):
        return None
    if not isinstance(facts, dict):
        return None
    if facts.get("reason") in [*NoPreview]:
        return NoPreview(facts["reason"])
    return _cut(said[start:], facts.get("sizes"), expected)


def _cut(said: bytes, sizes: object, expected: int) -> list[bytes] | None:
    if not isinstance(sizes, list) or len(sizes) != expected or any(type(size) is not int for size in sizes):
        return None
    if any(size <= 0 for size in sizes) or sum(sizes) != len(said):
        return None
    ends = [sum(sizes[: count + 1]) for count in range(expected)]
    return [said[end - size : end] for size, end in zip(sizes, ends, strict=True)]
