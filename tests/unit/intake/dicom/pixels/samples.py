"""Images of several frames, written byte by byte in every form that tells where a frame lies."""

import struct
import warnings
from io import BytesIO
from pathlib import Path

import pydicom
import pydicom.data
from pydicom.encaps import generate_frames

from tests.dicom_files import (
    EXPLICIT_VR_LITTLE_ENDIAN,
    SEQUENCE_END,
    UNDEFINED_LENGTH,
    data_set,
    element,
    item,
    part10,
    uid,
)

JPEG_2000 = "1.2.840.10008.1.2.4.90"
PACKAGED = Path(pydicom.data.__file__).parent
"""Files that come with pydicom."""


def us(*numbers, big=False):
    return "US", struct.pack(f"{'>' if big else '<'}{len(numbers)}H", *numbers)


def described(*, frames=1, rows=4, columns=4, bits=8, samples=1, photometric=b"MONOCHROME2 ", big=False, **more):
    """Return the elements that describe pixels."""
    return {
        0x00080018: ("UI", uid("frames").encode()),
        0x00280002: us(samples, big=big),
        0x00280004: ("CS", photometric),
        0x00280008: ("IS", f"{frames} ".encode()),
        0x00280010: us(rows, big=big),
        0x00280011: us(columns, big=big),
        0x00280100: us(bits, big=big),
        0x00280101: us(bits, big=big),
        0x00280102: us(max(bits - 1, 0), big=big),
        0x00280103: us(0, big=big),
        **more,
    }


def native(value, syntax=EXPLICIT_VR_LITTLE_ENDIAN, vr="OW", tag=0x7FE00010, before=b"", **described_as):
    big = described_as.get("big", False)
    elements = described(**described_as)
    implicit = syntax == "1.2.840.10008.1.2"
    body = data_set(elements, big=big, implicit=implicit) + before
    body += element(tag, vr, value, big=big, implicit=implicit)
    return part10(body, sop=uid("frames"), transfer_syntax=syntax)


def fragmented(fragments, table=b"", *, extended=None, trailer=b"", closed=True, syntax=JPEG_2000, **described_as):
    """Return an encapsulated image; `extended` are the values of the extended offset table and its lengths."""
    body = data_set(described(**described_as))
    for tag, numbers in zip((0x7FE00001, 0x7FE00002), extended or (), strict=False):
        body += element(tag, "OV", struct.pack(f"<{len(numbers)}Q", *numbers))
    stream = item(table) + b"".join(map(item, fragments)) + (SEQUENCE_END if closed else b"")
    body += element(0x7FE00010, "OB", stream, length=UNDEFINED_LENGTH) + trailer
    return part10(body, sop=uid("frames"), transfer_syntax=syntax)


def offsets_of(frames):
    """Return where each frame, a list of fragments, begins behind the offset table."""
    found, at = [], 0
    for fragments in frames:
        found.append(at)
        at += sum(8 + len(fragment) for fragment in fragments)
    return found


def basic(numbers):
    return struct.pack(f"<{len(numbers)}I", *numbers)


def expected_frames(data, image):
    """Return what pydicom makes of an image's frames: all of them, as bytes."""
    with warnings.catch_warnings():
        # It tells of what is odd in a file, and reads it all the same.
        warnings.simplefilter("ignore")
        return _expect_frames(pydicom.dcmread(BytesIO(data), force=True), image)


def _expect_frames(read, image):
    if image.encapsulated:
        extended = None
        if "ExtendedOffsetTable" in read and "ExtendedOffsetTableLengths" in read:
            extended = (read.ExtendedOffsetTable, read.ExtendedOffsetTableLengths)
        return list(generate_frames(read.PixelData, number_of_frames=image.frames, extended_offsets=extended))
    value = next(read[tag].value for tag in (0x7FE00008, 0x7FE00009, 0x7FE00010) if tag in read)
    return [cut(value, number, image.frame_bits) for number in range(image.frames)]


def cut(value, number, bits):
    """Return a native frame bit by bit where it does not begin on a byte."""
    start = number * bits
    if start % 8 == bits % 8 == 0:
        return value[start // 8 : (start + bits) // 8]
    kept = [value[at // 8] >> at % 8 & 1 for at in range(start, start + bits)]
    kept += [0] * (-bits % 8)
    return bytes(sum(bit << place for place, bit in enumerate(kept[at : at + 8])) for at in range(0, len(kept), 8))
