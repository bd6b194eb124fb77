"""The image: its description, and its length by exact integer arithmetic; nothing is decoded (PS3.5 8)."""

import re
from typing import NamedTuple

from processor.judge import encoding, tags
from processor.judge.data_set import DataSet, Pixels
from processor.judge.elements import UNDEFINED_LENGTH
from processor.judge.findings import Findings
from processor.judge.texts import Texts

JPEG = (b"\xff\xd8",)
JPEG_2000 = (b"\xff\x4f\xff\x51", b"\0\0\0\x0cjP  ")
STREAM_STARTS = (
    ("1.2.840.10008.1.2.4.9", JPEG_2000),
    ("1.2.840.10008.1.2.4.20", JPEG_2000),
    ("1.2.840.10008.1.2.4.5", JPEG),
    ("1.2.840.10008.1.2.4.6", JPEG),
    ("1.2.840.10008.1.2.4.70", JPEG),
    ("1.2.840.10008.1.2.4.80", JPEG),
    ("1.2.840.10008.1.2.4.81", JPEG),
)
"""What a fragment's stream starts with, by the transfer syntax's prefix."""

FRAMES = re.compile(r"[+-]?[0-9]+")
BITS = frozenset({1, 8, 16, 32, 64})
HALVED_CHROMA = frozenset({"YBR_FULL_422", "YBR_PARTIAL_422"})
"""Two samples stand for each pixel instead of three (PS3.3 C.7.6.3.1.2)."""


class Description(NamedTuple):
    """What the image pixel module says; None where an element is missing or unusable."""

    rows: int | None
    columns: int | None
    bits: int | None
    samples: int
    frames: int | None
    """1 unless stated otherwise; None where what is stated is no number."""
    photometric: str

    @property
    def bytes(self) -> int:
        """The length of native pixel data; only for a complete description."""
        samples = 2 if self.photometric in HALVED_CHROMA and self.samples == 3 else self.samples
        values = (self.rows or 0) * (self.columns or 0) * samples * (self.frames or 1)
        return (values * (self.bits or 0) + 7) // 8


def describe(data_set: DataSet, texts: Texts) -> Description:
    return Description(
        rows=unsigned(data_set, tags.ROWS),
        columns=unsigned(data_set, tags.COLUMNS),
        bits=unsigned(data_set, tags.BITS_ALLOCATED),
        samples=unsigned(data_set, tags.SAMPLES_PER_PIXEL) or 1,
        frames=_frames(texts.get(tags.NUMBER_OF_FRAMES, "")),
        photometric=texts.get(tags.PHOTOMETRIC_INTERPRETATION, ""),
    )


def unsigned(data_set: DataSet, tag: int) -> int | None:
    """Return the first value of a US element, or None where it is missing or empty."""
    value = data_set.values.get(tag, b"")
    return int.from_bytes(value[:2], "big" if data_set.encoding.big else "little") if len(value) >= 2 else None


def _frames(text: str) -> int | None:
    if not text:
        return 1
    digits = text.removesuffix(".0")
    # The standard allows 12 characters; int() would also take underscores and thousands of digits.
    if len(digits) > 12 or FRAMES.fullmatch(digits) is None:
        return None
    return int(digits) or 1


def check(data_set: DataSet, description: Description, transfer_syntax: str, findings: Findings) -> None:
    """Compare the image with its description and with its transfer syntax."""
    if description.frames is None:
        findings.add("frame-count-unreadable", tags.written(tags.NUMBER_OF_FRAMES))
    elif description.frames < 0:
        findings.add("frame-count-invalid", tags.written(tags.NUMBER_OF_FRAMES))
    if data_set.pixels is None:
        if description.rows and description.columns:
            findings.add("pixel-data-missing", tags.written(tags.PIXEL_DATA))
        return
    _check_description(description, data_set.pixels, findings)
    if data_set.pixels.length == UNDEFINED_LENGTH:
        _check_stream(data_set.pixels, transfer_syntax, findings)
    else:
        _check_native(description, data_set.pixels, transfer_syntax, findings)


def _check_description(description: Description, pixels: Pixels, findings: Findings) -> None:
    needed = {tags.ROWS: description.rows, tags.COLUMNS: description.columns, tags.BITS_ALLOCATED: description.bits}
    for tag, value in needed.items():
        if value is None:
            findings.add("image-description-missing", tags.written(tag))
        elif value == 0:
            findings.add("image-description-invalid", tags.written(tag))
    if description.bits and description.bits not in BITS and pixels.length == UNDEFINED_LENGTH:
        findings.add("image-description-invalid", tags.written(tags.BITS_ALLOCATED))


def _check_native(description: Description, pixels: Pixels, transfer_syntax: str, findings: Findings) -> None:
    if transfer_syntax and encoding.known(transfer_syntax) and transfer_syntax not in encoding.NATIVE:
        findings.add("pixel-data-not-encapsulated", tags.written(pixels.tag))
    elif not (description.rows and description.columns and description.bits and (description.frames or 0) > 0):
        return
    elif pixels.length < description.bytes:
        findings.add("pixel-data-too-short", tags.written(pixels.tag))
    elif pixels.length > description.bytes + 1:
        findings.add("pixel-data-too-long", tags.written(pixels.tag))


def _check_stream(pixels: Pixels, transfer_syntax: str, findings: Findings) -> None:
    if transfer_syntax in encoding.NATIVE:
        findings.add("transfer-syntax-contradicted", tags.written(pixels.tag))
    for prefix, starts in STREAM_STARTS:
        if transfer_syntax.startswith(prefix) and pixels.first and not pixels.first.startswith(starts):
            findings.add("compressed-stream-mismatch", tags.written(pixels.tag))
