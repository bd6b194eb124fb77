"""Colours, against pydicom's conversions, and palettes against its tables."""

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.data import get_palette_files, get_testdata_file
from pydicom.pixels import apply_color_lut, convert_color_space
from pydicom.pixels.processing import _expand_segmented_lut

from intake.renditions.model import NoPreview
from processor.render.drawing.colour import draw_colours, draw_palette, expand_segments
from processor.render.protocol import NoPictureError
from tests.unit.processor.render.images import elements, image

CUBE = np.stack(np.meshgrid(*[np.arange(0, 256, 15, dtype=np.uint8)] * 3), axis=-1).reshape(-1, 18, 3)
INDICES = np.arange(256, dtype=np.uint8).reshape(16, 16)


def test_colours_are_as_they_are():
    assert (draw_colours(CUBE, "RGB", 8) == CUBE).all()


@pytest.mark.parametrize("space", ["YBR_FULL", "YBR_FULL_422"])
def test_luminance_and_chrominance_become_colours_as_pydicom_has_them(space):
    assert (draw_colours(CUBE, space, 8) == convert_color_space(CUBE, "YBR_FULL", "RGB")).all()


@pytest.mark.parametrize("space", ["YBR_PARTIAL_422", "YBR_PARTIAL_420"])
def test_partial_luminance_is_black_at_16_and_white_at_235(space):
    ends = np.array([[[16, 128, 128], [235, 128, 128], [0, 128, 128], [255, 128, 128]]], np.uint8)

    assert draw_colours(ends, space, 8)[0, :, 1].tolist() == [0, 255, 0, 255]


def test_colours_of_more_bits_lose_the_lowest():
    deep = CUBE.astype(np.uint16) * 257

    assert (draw_colours(deep, "RGB", 16) == CUBE).all()
    assert np.abs(draw_colours(deep >> 4, "RGB", 12).astype(int) - CUBE).max() <= 1


@pytest.mark.parametrize("space", ["HSV", "ARGB", "CMYK", "MONOCHROME2", ""])
def test_a_colour_space_that_nobody_knows_is_told(space):
    with pytest.raises(NoPictureError) as caught:
        draw_colours(CUBE, space, 8)

    assert caught.value.reason is NoPreview.UNKNOWN_FORMAT


@pytest.mark.parametrize("name", ["hotiron.dcm", "pet.dcm", "spring.dcm", "winter.dcm"])
def test_a_palette_of_the_standard_is_applied(name):
    [path] = get_palette_files(name)
    palette = dcmread(path)
    palette.PixelRepresentation = 0

    assert (draw_palette(INDICES, _elements(palette)) == apply_color_lut(INDICES, palette)[..., :3]).all()


def _elements(palette):
    shown = image(INDICES)
    for element in palette.group_dataset(0x0028):
        if element.tag & 0xFF00 in {0x1100, 0x1200}:
            shown.add(element)
    return elements(shown)


def test_a_palette_of_sixteen_bits_is_shown_by_its_higher_eight():
    shown = dcmread(get_testdata_file("examples_palette.dcm"))
    stored = shown.pixel_array

    assert (draw_palette(stored, elements(shown)) == apply_color_lut(stored, shown) >> 8).all()


@pytest.mark.parametrize(
    ("first", "kind", "least"), [(-3, np.int8, -8), (0, np.int8, -8), (10, np.int8, -8), (10, np.uint8, 0)]
)
def test_what_lies_outside_a_palette_has_its_ends(first, kind, least):
    shown = image(np.arange(least, least + 32).astype(kind).reshape(4, 8))
    for channel in range(3):
        shown.add_new(0x00281101 + channel, "SS" if first < 0 else "US", [6, first, 8])
        shown.add_new(0x00281201 + channel, "OW", bytes(range(10 * channel, 10 * channel + 6)))
    stored = np.frombuffer(shown.PixelData, kind).reshape(4, 8)

    assert (draw_palette(stored, elements(shown)) == apply_color_lut(stored, shown)).all()


def test_a_palette_without_a_colour_is_told():
    shown = image(INDICES)
    shown.add_new(0x00281101, "US", [5, 0, 8])
    shown.add_new(0x00281201, "OW", b"\0\1\2\3\4\0")

    with pytest.raises(NoPictureError) as caught:
        draw_palette(INDICES, elements(shown))

    assert caught.value.reason is NoPreview.UNREADABLE


@pytest.mark.parametrize(
    "segments",
    [
        [0, 3, 5, 6, 7],
        [0, 1, 5, 1, 10, 200],
        [0, 1, 5, 1, 3, 5, 0, 2, 9, 8],
        [0, 2, 1, 2, 1, 4, 9, 2, 1, 0, 0, 0, 0],
        [0, 2, 1, 2, 1, 4, 9, 2, 2, 0, 0, 0, 0, 0, 1, 77],
    ],
)
def test_segments_stand_for_what_pydicom_makes_of_them(segments):
    assert expand_segments(segments, wide=False) == _expand_segmented_lut(tuple(segments), "<B")


def test_an_indirect_segment_of_words_leads_by_bytes():
    # C.7.9.2.3: the offset is of bytes, and so twice that of the word that it leads to.
    assert expand_segments([0, 1, 5, 0, 1, 6, 2, 1, 6, 0], wide=True) == [5, 6, 6]


@pytest.mark.parametrize("segments", [[1, 5, 9], [2, 1, 0, 0, 0, 0, 2, 1, 0, 0, 0, 0], [7, 1, 1]])
def test_segments_that_are_none_are_told(segments):
    with pytest.raises(NoPictureError):
        expand_segments(segments, wide=False)


def test_segments_that_never_end_are_cut():
    # Every linear segment makes as many entries as it says, of three words.
    assert len(expand_segments([0, 1, 0, *[1, 0xFFFF, 1] * 1000], wide=True)) < 200_000


def test_a_segmented_palette_is_applied():
    shown = image(INDICES)
    for channel in range(3):
        shown.add_new(0x00281101 + channel, "US", [256, 0, 16])
        shown.add_new(0x00281221 + channel, "OW", np.array([0, 1, 0, 1, 255, 0xFFFF], "<u2").tobytes())

    ours, theirs = draw_palette(INDICES, elements(shown)), apply_color_lut(INDICES, shown)

    assert (ours == theirs >> 8).all()
