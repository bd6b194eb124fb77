"""The image's description, and the pixel data held against it: nothing is decoded (PS3.3 C.7.6.3, PS3.5 8).

The length that the description leads to is worked out by exact integer arithmetic.
"""

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

from intake.dicom import encoding
from intake.dicom.encoding import UNDEFINED_LENGTH
from processor.judge.dicom.dictionary import codestreams, positions, tags
from processor.judge.dicom.dictionary.attributes import NUMBERS
from processor.judge.dicom.dictionary.sop_classes import SOP_CLASSES
from processor.judge.dicom.elements.data_set import DataSet, Pixels
from processor.judge.inspection.findings import Findings

BITS = frozenset({1, 8, 16, 32, 64})
SAMPLES = {"MONOCHROME1": 1, "MONOCHROME2": 1, "PALETTE COLOR": 1, "RGB": 3, "YBR_FULL": 3, "YBR_FULL_422": 3}
"""Samples per pixel that a photometric interpretation stands for (PS3.3 C.7.6.3.1.2)."""

WITHOUT_PIXELS = frozenset({"1.2.840.10008.5.1.4.1.1.4.2", "1.2.840.10008.5.1.4.1.1.66"})
"""MR Spectroscopy, whose rows and columns are those of its Spectroscopy Data (PS3.3 C.8.14), and Raw Data."""
REFERENCED = frozenset({
    "1.2.840.10008.1.2.4.94", "1.2.840.10008.1.2.4.95", "1.2.840.10008.1.2.4.204", "1.2.840.10008.1.2.4.205",
})  # fmt: skip
"""Transfer syntaxes by which pixels are asked of a JPIP server (PS3.5 A.6)."""

VIDEO = ("1.2.840.10008.1.2.4.100", "1.2.840.10008.1.2.4.101", "1.2.840.10008.1.2.4.102", "1.2.840.10008.1.2.4.103",
         "1.2.840.10008.1.2.4.104", "1.2.840.10008.1.2.4.105", "1.2.840.10008.1.2.4.106", "1.2.840.10008.1.2.4.107",
         "1.2.840.10008.1.2.4.108")  # fmt: skip
"""Transfer syntaxes whose frames and fragments have nothing to do with each other (PS3.5 A.4.5)."""

FRAMES = re.compile(r"[+-]?[0-9]+")
HALVED_CHROMA = frozenset({"YBR_FULL_422", "YBR_PARTIAL_422"})
"""Two samples stand for each pixel instead of three (PS3.3 C.7.6.3.1.2)."""
DELIVERED = tuple(entry.key for entry in NUMBERS if entry.key)


class Description(NamedTuple):
    """What the image pixel module says; None where an element is missing or unusable."""

    samples_per_pixel: int | None
    rows: int | None
    columns: int | None
    bits: int | None
    bits_stored: int | None
    high_bit: int | None
    representation: int | None
    frames: int | None
    """1 unless stated otherwise; None where what is stated is no number."""
    photometric: str
    bytes: int
    """The length of native pixel data; only for a complete description."""

    @property
    def numbers(self) -> dict[str, int]:
        """What is known of DELIVERED, by key."""
        return {key: number for key, number in zip(DELIVERED, self[:5], strict=True) if number is not None}


def describe(numbers: Sequence[bytes], texts: positions.Texts, *, big: bool) -> Description:
    """Return the description from the values of NUMBERS, as encoded, and from the texts."""
    order: Literal["big", "little"] = "big" if big else "little"
    # The first value of each, or None where it is missing or empty.
    read = (int.from_bytes(value[:2], order) if len(value) >= 2 else None for value in numbers)
    samples, rows, columns, bits, stored, high, representation, _ = read
    frames = _parse_frames(texts[positions.NUMBER_OF_FRAMES] or "")
    photometric = texts[positions.PHOTOMETRIC_INTERPRETATION] or ""
    halved = photometric in HALVED_CHROMA and samples == 3
    values = (rows or 0) * (columns or 0) * (2 if halved else samples or 1) * (frames or 1)
    length = (values * (bits or 0) + 7) // 8
    return Description(samples, rows, columns, bits, stored, high, representation, frames, photometric, length)


def _parse_frames(text: str) -> int | None:
    if not text:
        return 1
    digits = text.removesuffix(".0")
    # The standard allows 12 characters; int() would also take underscores and thousands of digits.
    if len(digits) > 12 or FRAMES.fullmatch(digits) is None:
        return None
    return int(digits) or 1


def check(
    data_set: DataSet,
    image: Description,
    transfer_syntax: str,
    findings: Findings,
    *,
    sop_class: str = "",
    sound: bool = False,
) -> None:
    """Compare the image with its description, which may be known to be `sound`, and with its transfer syntax."""
    if image.frames is None:
        findings.add("frame-count-unreadable", tags.format_tag(tags.NUMBER_OF_FRAMES))
    elif image.frames < 0:
        findings.add("frame-count-invalid", tags.format_tag(tags.NUMBER_OF_FRAMES))
    if data_set.pixels is None:
        # Rows and columns may describe something else than Pixel Data, or pixels that a server keeps.
        is_standard = not sop_class or sop_class in SOP_CLASSES
        elsewhere = not is_standard or sop_class in WITHOUT_PIXELS or transfer_syntax in REFERENCED
        if image.rows and image.columns and not data_set.unchecked and not elsewhere:
            findings.add("pixel-data-missing", tags.format_tag(tags.PIXEL_DATA))
        return
    if not sound:
        _check_description(image, data_set.pixels, findings)
        _check_module(image, data_set.pixels.tag, findings)
    if data_set.pixels.length == UNDEFINED_LENGTH:
        _check_encapsulated(data_set, data_set.pixels, image, transfer_syntax, findings)
    else:
        _check_native(image, data_set.pixels, transfer_syntax, findings)


def is_sound(image: Description) -> bool:
    """Say whether nothing is wrong with the description of an image, whatever its pixel data is like."""
    findings = Findings()
    _check_description(image, Pixels(tags.PIXEL_DATA, UNDEFINED_LENGTH), findings)
    _check_module(image, tags.PIXEL_DATA, findings)
    return not findings


def _check_description(image: Description, pixels: Pixels, findings: Findings) -> None:
    if not (image.rows and image.columns and image.bits):
        for tag, value in ((tags.ROWS, image.rows), (tags.COLUMNS, image.columns), (tags.BITS_ALLOCATED, image.bits)):
            if value is None:
                findings.add("image-description-missing", tags.format_tag(tag))
            elif value == 0:
                findings.add("image-description-invalid", tags.format_tag(tag))
    if image.bits and image.bits not in BITS and pixels.length == UNDEFINED_LENGTH:
        findings.add("image-description-invalid", tags.format_tag(tags.BITS_ALLOCATED))


def _check_module(image: Description, tag: int, findings: Findings) -> None:
    """Ask for the elements of type 1 without which an image can be shown, if perhaps wrongly."""
    if not image.samples_per_pixel:
        findings.add("image-pixel-module-incomplete", tags.format_tag(tags.SAMPLES_PER_PIXEL))
    elif not image.photometric:
        findings.add("image-pixel-module-incomplete", tags.format_tag(tags.PHOTOMETRIC_INTERPRETATION))
    elif tag != tags.PIXEL_DATA:
        return  # Images of floating point numbers have no bits stored (PS3.3 C.7.6.24).
    elif image.bits_stored is None:
        findings.add("image-pixel-module-incomplete", tags.format_tag(tags.BITS_STORED))
    elif image.high_bit is None:
        findings.add("image-pixel-module-incomplete", tags.format_tag(tags.HIGH_BIT))
    elif image.representation is None:
        findings.add("image-pixel-module-incomplete", tags.format_tag(tags.PIXEL_REPRESENTATION))
    elif not 0 < image.bits_stored <= (image.bits or 0) or image.high_bit >= (image.bits or 0):
        findings.add("image-description-inconsistent", tags.format_tag(tags.BITS_STORED))
    elif image.samples_per_pixel != SAMPLES.get(image.photometric, image.samples_per_pixel):
        findings.add("image-description-inconsistent", tags.format_tag(tags.SAMPLES_PER_PIXEL))


def _check_native(image: Description, pixels: Pixels, transfer_syntax: str, findings: Findings) -> None:
    if transfer_syntax not in encoding.NATIVE and encoding.is_known(transfer_syntax):
        findings.add("pixel-data-not-encapsulated", tags.format_tag(pixels.tag))
    elif not (image.rows and image.columns and image.bits and (image.frames or 0) > 0):
        return
    elif pixels.length < image.bytes:
        findings.add("pixel-data-too-short", tags.format_tag(pixels.tag))
    elif pixels.length > image.bytes + 1:
        findings.add("pixel-data-too-long", tags.format_tag(pixels.tag))


def _check_encapsulated(
    data_set: DataSet, pixels: Pixels, image: Description, transfer_syntax: str, findings: Findings
) -> None:
    """Look how the stream starts; compare the frames with all fragments and with the offset tables (PS3.5 A.4)."""
    if transfer_syntax in encoding.NATIVE:
        findings.add("transfer-syntax-contradicted", tags.format_tag(pixels.tag))
    fault = codestreams.find_fault(pixels.first, transfer_syntax)
    if fault:
        findings.add(fault, tags.format_tag(pixels.tag))
    frames = image.frames or 1
    if transfer_syntax.startswith(VIDEO):
        return
    if pixels.fragments is not None and pixels.fragments < frames:
        findings.add("fragments-too-few", tags.format_tag(pixels.tag))
    if pixels.offsets.is_wrong(frames):
        findings.add("offset-table-wrong", tags.format_tag(pixels.tag))
    if data_set.extended_offsets is not None and data_set.extended_offsets != 8 * frames:
        findings.add("offset-table-wrong", tags.format_tag(tags.EXTENDED_OFFSET_TABLE))
