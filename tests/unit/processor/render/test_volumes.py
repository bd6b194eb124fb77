"""NIfTI volumes: planes of known values."""

import gzip
import struct

import numpy as np
import pytest

from intake.renditions.model import NoPreview
from processor.render.drawing.volumes import GAP, KINDS
from processor.render.protocol import NoPictureError
from tests.unit.processor.render.drawings import draw

SHAPE = (8, 6, 4)


def volume(values, *, sizes=(1, 1, 1), order="<", version=1, code=None, dims=None, mark=None):
    """Return a volume of values, given as [z, y, x]."""
    kind = f"{values.dtype.kind}{values.dtype.itemsize}"
    code = code or next(code for code, name in KINDS.items() if name == kind)
    shape = dims or (3, *values.shape[2::-1][:3], 1, 1, 1, 1)
    if version == 1:
        head = bytearray(352)
        struct.pack_into(order + "i", head, 0, 348)
        struct.pack_into(order + "8h", head, 40, *shape)
        struct.pack_into(order + "h", head, 70, code)
        struct.pack_into(order + "8f", head, 76, 1, *sizes, 1, 1, 1, 1)
        struct.pack_into(order + "f", head, 108, 352)
        head[344:348] = mark or b"n+1\0"
    else:
        head = bytearray(544)
        struct.pack_into(order + "i", head, 0, 540)
        head[4:12] = mark or b"n+2\0\r\n\x1a\n"
        struct.pack_into(order + "h", head, 12, code)
        struct.pack_into(order + "8q", head, 16, *shape)
        struct.pack_into(order + "8d", head, 104, 1, *sizes, 1, 1, 1, 1)
        struct.pack_into(order + "q", head, 168, 544)
    return bytes(head) + values.astype(values.dtype.newbyteorder(order)).tobytes()


def marked(kind="i2"):
    """Return a volume that is dark but for a bright corner at the end of each axis."""
    values = np.zeros(SHAPE[::-1], kind)
    values[2, 5, 7] = values[3, 3, 7] = values[3, 5, 4] = 100
    return values


def planes(drawn):
    x, y, _ = SHAPE
    whole = np.asarray(drawn).astype(int)
    return whole[:, :x], whole[:, x + GAP : 2 * x + GAP], whole[:, 2 * x + 2 * GAP : 2 * x + y + 2 * GAP]


def bright(plane):
    """Return the row and the column of the one bright pixel."""
    [found] = np.argwhere(plane > 128)
    return tuple(int(place) for place in found)


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzipped"])
def test_three_planes_stand_side_by_side_with_their_axes_upwards(version, order, pack):
    drawn = draw("nifti", pack(volume(marked(), version=version, order=order)))

    across_z, across_y, across_x = planes(drawn)
    # Each is centred in the height of the tallest.
    assert bright(across_z) == (0, 7)
    assert bright(across_y) == (1, 7)
    assert bright(across_x) == (1, 5)


@pytest.mark.parametrize("kind", ["u1", "i1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8", "c8", "c16"])
def test_every_type_of_number_is_drawn(kind):
    drawn = draw("nifti", volume(marked(kind)))

    assert bright(planes(drawn)[0]) == (0, 7)


def test_colours_are_drawn_as_they_are():
    values = np.zeros((4, 6, 8, 3), np.uint8)
    values[..., 1] = 200

    drawn = draw("nifti", volume(values, code=128, dims=(3, *SHAPE, 1, 1, 1, 1)))

    assert drawn.mode == "RGB"
    assert drawn.getpixel((3, 3)) == (0, 200, 0)


def test_voxels_are_as_long_as_they_are():
    x, y, z = SHAPE

    drawn = draw("nifti", volume(marked(), sizes=(1, 2, 5)))

    assert drawn.size == (x + GAP + x + GAP + 2 * y, 5 * z)


@pytest.mark.parametrize("sizes", [(0, 1, 1), (float("nan"), 1, 1), (float("inf"), 1, 1), (-1, 1, 1)])
def test_voxels_without_a_length_are_as_long_as_others(sizes):
    x, y, _ = SHAPE

    assert draw("nifti", volume(marked(), sizes=sizes)).size == (x + GAP + x + GAP + y, y)


def test_of_several_volumes_the_first_is_drawn_and_no_more_is_read():
    values = np.concatenate([marked()] * 3)

    drawn = draw("nifti", volume(values, dims=(4, *SHAPE, 3, 1, 1, 1)) + b"never read")

    assert bright(planes(drawn)[0]) == (0, 7)


def test_gzip_may_have_members():
    data = volume(marked())

    drawn = draw("nifti", gzip.compress(data[:400]) + gzip.compress(b"") + gzip.compress(data[400:]))

    assert bright(planes(drawn)[0]) == (0, 7)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", NoPreview.UNREADABLE),
        (volume(marked())[:-1], NoPreview.UNREADABLE),
        (gzip.compress(volume(marked())[:-1]), NoPreview.UNREADABLE),
        (gzip.compress(volume(marked()))[:-20], NoPreview.UNREADABLE),
        (volume(marked(), code=1), NoPreview.UNKNOWN_FORMAT),
        (volume(marked(), code=1536), NoPreview.UNKNOWN_FORMAT),
        (volume(marked(), dims=(3, 0, 6, 4, 1, 1, 1, 1)), NoPreview.UNREADABLE),
        (volume(marked(), dims=(3, -8, -6, 4, 1, 1, 1, 1)), NoPreview.UNREADABLE),
        (volume(marked(), dims=(9, 8, 6, 4, 1, 1, 1, 1)), NoPreview.UNREADABLE),
        (volume(marked(), dims=(3, 32767, 32767, 2, 1, 1, 1, 1)), NoPreview.TOO_LARGE),
        (volume(marked(), dims=(3, 4096, 4096, 4096, 1, 1, 1, 1)), NoPreview.TOO_LARGE),
        (volume(marked(), version=2, dims=(3, 1 << 62, 1 << 62, 2, 1, 1, 1, 1)), NoPreview.TOO_LARGE),
        (volume(marked(), mark=b"ni1\0"), NoPreview.NO_PIXELS),
        (volume(marked(), version=2, mark=b"ni2\0\r\n\x1a\n"), NoPreview.NO_PIXELS),
    ],
    ids=lambda value: (
        f"{len(value)}-bytes" if isinstance(value, bytes) else value
    ),  # Bytes that hold the time would be other names in another process.
)
def test_what_cannot_be_drawn_has_a_reason(data, reason):
    with pytest.raises(NoPictureError) as caught:
        draw("nifti", data)

    assert caught.value.reason is reason
