"""Stored values of one frame: native ones by numpy, compressed ones by pydicom's decoders and the codecs behind them.

The one place of the product that imports pydicom's reading side. It is given a frame and what the header says of it,
never a file.
"""

import struct
import warnings
import zlib
from dataclasses import dataclass, replace
from io import BytesIO
from typing import Any

import numpy as np
import numpy.typing as npt

from intake.dicom.pixels.model import HALVED_CHROMA
from intake.renditions.model import NoPreview
from processor.render.protocol import NoPictureError

Values = npt.NDArray[Any]

DEFLATED_FRAMES = "1.2.840.10008.1.2.8.1"
FLOATS = {32: "f4", 64: "f8"}
EXTENDED = "1.2.840.10008.1.2.4.51"
RETIRED_JPEG = frozenset({
    "1.2.840.10008.1.2.4.52", "1.2.840.10008.1.2.4.53", "1.2.840.10008.1.2.4.54", "1.2.840.10008.1.2.4.55",
    "1.2.840.10008.1.2.4.56",
})  # fmt: skip
"""JPEG's other DCT processes, of which libjpeg reads the progressive ones of eight bits as it does the baseline."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What a header says of the frame that is drawn."""

    transfer_syntax: str
    encapsulated: bool
    rows: int
    columns: int
    samples: int
    bits_allocated: int
    bits_stored: int
    high_bit: int
    signed: bool
    planar: bool
    """Colours come plane by plane."""
    photometric: str
    big: bool
    """Native samples are big endian."""
    floating: bool


def decode(data: bytes, frame: Frame) -> tuple[Values, Frame]:
    """Return stored values, (rows, columns) or (rows, columns, samples), and what they are.

    Raises NoPictureError, MemoryError, and whatever a codec raises.
    """
    if frame.encapsulated and frame.transfer_syntax != DEFLATED_FRAMES:
        return _decompress(data, frame)
    if frame.encapsulated:
        inflater = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
        data = inflater.decompress(data, _size(frame) + 2)
    if frame.photometric in HALVED_CHROMA and frame.samples == 3 and frame.bits_allocated == 8:
        return _upsample(data, frame), frame
    return _shape(_read_native(data, frame), frame), frame


def _size(frame: Frame) -> int:
    return -(-frame.rows * frame.columns * frame.samples * frame.bits_allocated // 8)


def _read_native(data: bytes, frame: Frame) -> Values:
    count = frame.rows * frame.columns * frame.samples
    if frame.bits_allocated == 1:
        return np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")[:count]
    if frame.floating and frame.bits_allocated in FLOATS:
        return _read_numbers(data, FLOATS[frame.bits_allocated], frame)
    if frame.bits_allocated not in {8, 16, 32, 64}:
        raise NoPictureError(NoPreview.UNKNOWN_FORMAT)
    return _mask(_read_numbers(data, f"u{frame.bits_allocated // 8}", frame), frame)


def _read_numbers(data: bytes, kind: str, frame: Frame) -> Values:
    count = frame.rows * frame.columns * frame.samples
    return np.frombuffer(data, (">" if frame.big else "<") + kind, count).astype(kind, copy=False)


def _mask(values: Values, frame: Frame) -> Values:
    """Return samples without the bits beside them, in which overlays were once kept (PS3.5 8.1.1)."""
    width = 8 * values.dtype.itemsize
    if frame.signed:
        values = values.view(f"i{values.dtype.itemsize}")
    if not 0 < frame.bits_stored <= frame.high_bit + 1 <= width or frame.bits_stored == width:
        return values
    # Up to the left edge, and down to the right one: a signed sample draws its sign along.
    return (values << (width - frame.high_bit - 1)) >> (width - frame.bits_stored)


def _shape(values: Values, frame: Frame) -> Values:
    if frame.samples == 1:
        return values.reshape(frame.rows, frame.columns)
    if frame.planar:
        return values.reshape(frame.samples, frame.rows, frame.columns).transpose(1, 2, 0)
    return values.reshape(frame.rows, frame.columns, frame.samples)


def _upsample(data: bytes, frame: Frame) -> Values:
    """Return native pixels of which two share their chrominance with one each: Y1 Y2 B R (PS3.3 C.7.6.3.1.2)."""
    pairs = np.frombuffer(data, np.uint8, frame.rows * frame.columns * 2).reshape(-1, 4)
    pixels = np.stack([pairs[:, [0, 2, 3]], pairs[:, [1, 2, 3]]], axis=1)
    return pixels.reshape(frame.rows, frame.columns, 3)


def _decompress(data: bytes, frame: Frame) -> tuple[Values, Frame]:
    # Half of a child's start, which most files do without.
    from pydicom.encaps import encapsulate  # noqa: PLC0415
    from pydicom.pixels.decoders.base import get_decoder  # noqa: PLC0415

    warnings.simplefilter("ignore")  # It says in words what it does about a file, and nobody is there to read them.
    syntax = EXTENDED if frame.transfer_syntax in RETIRED_JPEG else frame.transfer_syntax
    if syntax == EXTENDED:
        precision = find_precision(data)
        if precision > 8:
            return _read_twelve_bits(data, frame), frame
        frame = replace(frame, bits_allocated=8, bits_stored=min(8, frame.bits_stored))
    try:
        decoder = get_decoder(syntax)
    except NotImplementedError:
        raise NoPictureError(NoPreview.UNKNOWN_FORMAT) from None
    options: Any = {
        "rows": frame.rows,
        "columns": frame.columns,
        "number_of_frames": 1,
        "samples_per_pixel": frame.samples,
        "bits_allocated": frame.bits_allocated,
        "bits_stored": frame.bits_stored,
        "pixel_representation": int(frame.signed),
        "planar_configuration": int(frame.planar),
        "photometric_interpretation": frame.photometric,
        "pixel_keyword": "PixelData",
    }
    values, facts = decoder.as_array(encapsulate([data]), index=0, raw=True, **options)
    return values, replace(frame, photometric=str(facts["photometric_interpretation"]))


def find_precision(data: bytes) -> int:
    """Return the bits of a sample that a JPEG code stream states; 8 where it states none (ISO 10918-1 B.2.2)."""
    at = 2
    while at + 5 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:
            return data[at + 4]
        at += 1 if marker == 0xFF else 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return 8


def _read_twelve_bits(data: bytes, frame: Frame) -> Values:
    """Return what neither GDCM nor Pillow reads of itself, and libtiff does: JPEG of twelve bits, as a TIFF's strip."""
    if frame.samples != 1:
        raise NoPictureError(NoPreview.UNKNOWN_FORMAT)
    from PIL import Image  # noqa: PLC0415 - as above

    entries = {256: frame.columns, 257: frame.rows, 258: 12, 259: 7, 262: 1, 273: 8, 277: 1, 278: frame.rows}
    entries[279] = len(data)
    directory = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in entries.items())
    data += b"\0" * (len(data) % 2)
    tiff = (
        struct.pack("<2sHI", b"II", 42, 8 + len(data)) + data + struct.pack("<H", len(entries)) + directory + bytes(4)
    )
    with Image.open(BytesIO(tiff), formats=("TIFF",)) as image:
        return _mask(np.asarray(image, np.uint16), frame)
