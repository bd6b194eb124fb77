"""How compressed images start: what a decoder can take passes, what none can is told."""

import struct

import pytest

from processor.judge.dicom.dictionary.codestreams import find_fault

JPEG, JPEG_LS, JPEG_2000, RLE, VIDEO = (f"1.2.840.10008.1.2.{end}" for end in ("4.50", "4.80", "4.91", "5", "4.102"))


def siz(*, size=(512, 512), offset=(0, 0), tile=(512, 512), tiles=(0, 0), components=1, length=None):
    length = 38 + 3 * components if length is None else length
    return b"\xff\x4f\xff\x51" + struct.pack(">2H8IH", length, 0, *size, *offset, *tile, *tiles, components)


def rle(*starts):
    return struct.pack("<16I", len(starts), *starts, *[0] * (15 - len(starts)))


@pytest.mark.parametrize(
    ("first", "syntax"),
    [
        (b"\xff\xd8\xff\xe0", JPEG),
        (b"\xff\xd8", JPEG),
        (b"\xff\xd8\xff\xf7", JPEG_LS),
        (siz(), JPEG_2000),
        (siz(size=(700, 600), offset=(100, 50), tile=(256, 256)), JPEG_2000),
        (siz()[:20], JPEG_2000),
        (b"\0\0\0\x0cjP  \r\n\x87\n", JPEG_2000),
        (rle(64), RLE),
        (rle(64, 100, 200), RLE),
        (rle(64)[:12], RLE),
        (b"anything", VIDEO),
        (b"", JPEG),
    ],
)
def test_a_stream_that_starts_as_it_should_has_no_fault(first, syntax):
    assert find_fault(first, syntax) == ""


@pytest.mark.parametrize(
    ("first", "syntax", "code"),
    [
        (b"noise...", JPEG, "compressed-stream-mismatch"),
        (b"\xff\xd8noise", JPEG, "compressed-stream-damaged"),
        (b"\xff\xd8\xff\xe0", JPEG_2000, "compressed-stream-mismatch"),
        (siz(length=40), JPEG_2000, "compressed-stream-damaged"),
        (siz(components=0), JPEG_2000, "compressed-stream-damaged"),
        (siz(size=(0, 512)), JPEG_2000, "compressed-stream-damaged"),
        (siz(tiles=(7, 0)), JPEG_2000, "compressed-stream-damaged"),
        (siz(tile=(0, 512)), JPEG_2000, "compressed-stream-damaged"),
        (rle(), RLE, "compressed-stream-mismatch"),
        (rle(63), RLE, "compressed-stream-mismatch"),
        (rle(64, 300, 200), RLE, "compressed-stream-mismatch"),
        (struct.pack("<16I", 16, *[64] * 15), RLE, "compressed-stream-mismatch"),
    ],
)
def test_a_stream_that_nothing_can_decode_is_told(first, syntax, code):
    assert find_fault(first, syntax) == code
