"""Grays, against pydicom's transformations of the same data sets."""

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.pixels import apply_modality_lut, apply_voi_lut
from pydicom.sequence import Sequence

from processor.render.drawing.grayscale import GrayImage, draw_gray, find_range, spread
from tests.unit.processor.render.images import elements, image

RAMP = np.linspace(-2048, 4095, 64 * 64).astype(np.int16).reshape(64, 64)
POSITIVE = np.arange(4096, dtype=np.uint16).reshape(64, 64)


def drawn(data_set, window=None):
    found = elements(data_set)
    kind = ("i" if data_set.PixelRepresentation else "u") + str(data_set.BitsAllocated // 8)
    values = np.frombuffer(data_set.PixelData, kind, data_set.Rows * data_set.Columns)
    stored = values.reshape(data_set.Rows, data_set.Columns)
    groups = [group for group in (found.item(0x52009230), found.item(0x52009229)) if group]
    found = GrayImage(
        stored=stored,
        elements=found,
        groups=groups,
        photometric=data_set.PhotometricInterpretation,
        bits=data_set.BitsStored,
    )
    return draw_gray(found, window)


def expected(data_set, values):
    """Return pydicom's grays, spread over what it says is its range."""
    rescaled = apply_modality_lut(values, data_set)
    shown = apply_voi_lut(rescaled, data_set).astype(np.float64)
    if data_set.get("VOILUTSequence"):
        low, high = 0, 2 ** int(data_set.VOILUTSequence[0].LUTDescriptor[2]) - 1
    elif data_set.get("ModalityLUTSequence"):
        low, high = 0, 2 ** int(data_set.ModalityLUTSequence[0].LUTDescriptor[2]) - 1
    else:
        bits, signed = data_set.BitsStored, data_set.PixelRepresentation
        ends = np.array([-(2 ** (bits - 1)), 2 ** (bits - 1) - 1] if signed else [0, 2**bits - 1], np.float64)
        low, high = ends * float(data_set.get("RescaleSlope", 1)) + float(data_set.get("RescaleIntercept", 0))
    grays = np.clip((shown - low) / (high - low), 0, 1)
    return grays * 255


def close(ours, theirs):
    return float(np.abs(ours.astype(np.float64) - theirs).max()) <= 0.51


def table(first, bits, entries, tag_vr="US"):
    item = Dataset()
    item.add_new(0x00283002, "SS" if first < 0 else "US", [len(entries) & 0xFFFF, first, bits])
    if tag_vr == "OW":
        item.add_new(0x00283006, "OW", np.asarray(entries, "<u2").tobytes())
    else:
        item.add_new(0x00283006, "US", [int(entry) for entry in entries])
    return Sequence([item])


@pytest.mark.parametrize("function", [None, "LINEAR", "LINEAR_EXACT", "SIGMOID"])
@pytest.mark.parametrize(("center", "width"), [(40, 400), (-600, 1500), (300.5, 70), (0, 4096)])
def test_a_window_is_as_pydicom_applies_it(function, center, width):
    shown = image(RAMP, WindowCenter=center, WindowWidth=width, RescaleSlope=1.5, RescaleIntercept=-24)
    if function:
        shown.VOILUTFunction = function

    assert close(drawn(shown), expected(shown, RAMP))


def test_of_several_windows_the_first_is_used():
    shown = image(RAMP, WindowCenter=[40, -600], WindowWidth=[400, 1500])

    assert close(drawn(shown), expected(shown, RAMP))


@pytest.mark.parametrize("vr", ["US", "OW"])
def test_a_modality_table_is_as_pydicom_applies_it(vr):
    entries = (np.sqrt(np.arange(1024)) * 2047).astype(np.uint16)
    shown = image(POSITIVE, ModalityLUTSequence=table(500, 16, entries, vr), WindowCenter=30000, WindowWidth=50000)

    assert close(drawn(shown), expected(shown, POSITIVE))


@pytest.mark.parametrize("vr", ["US", "OW"])
@pytest.mark.parametrize(("first", "bits"), [(0, 12), (1000, 16), (100, 10)])
def test_a_table_of_values_of_interest_comes_before_a_window(vr, first, bits):
    entries = np.linspace(0, 2**bits - 1, 900).astype(np.uint16)
    shown = image(POSITIVE, VOILUTSequence=table(first, bits, entries, vr), WindowCenter=1, WindowWidth=2)

    assert close(drawn(shown), expected(shown, POSITIVE))


def test_a_signed_table_starts_below_zero():
    entries = np.linspace(0, 4095, 3000).astype(np.uint16)
    shown = image(RAMP, VOILUTSequence=table(-1500, 12, entries))

    assert close(drawn(shown), expected(shown, RAMP))


@pytest.mark.parametrize("function", ["LINEAR", "SIGMOID", "LINEAR_EXACT"])
def test_a_window_that_is_asked_for_comes_before_the_files_own_and_is_linear(function):
    shown = image(RAMP, WindowCenter=40, WindowWidth=400, VOILUTFunction=function)
    other = image(RAMP, WindowCenter=500, WindowWidth=1000)

    assert (drawn(shown, (500.0, 1000.0)) == drawn(other)).all()


@pytest.mark.parametrize(
    "changes", [{"PhotometricInterpretation": "MONOCHROME1"}, {"PresentationLUTShape": "INVERSE"},
                {"PhotometricInterpretation": "MONOCHROME1", "PresentationLUTShape": "INVERSE"}]
)  # fmt: skip
def test_what_is_stored_inversely_is_inverted_once(changes):
    plain = image(POSITIVE, WindowCenter=2048, WindowWidth=4096)
    inverse = image(POSITIVE, WindowCenter=2048, WindowWidth=4096, **changes)

    assert np.abs(drawn(inverse).astype(int) - (255 - drawn(plain).astype(int))).max() <= 1


def test_without_a_window_percentiles_are_black_and_white():
    noisy = POSITIVE.copy()
    noisy[0, :5] = 65535

    grays = drawn(image(noisy))

    low, high = np.percentile(noisy, [0.5, 99.5])
    assert close(grays, np.clip((noisy - low) / (high - low), 0, 1) * 255)


def test_padding_is_black_and_tells_nothing_of_the_window():
    padded = RAMP.copy()
    padded[:32] = -2000
    shown = image(padded)
    shown.add_new(0x00280120, "SS", -2000)

    grays = drawn(shown)

    low, high = np.percentile(padded[32:], [0.5, 99.5])
    assert (grays[:32] == 0).all()
    assert close(grays[32:], np.clip((padded[32:] - low) / (high - low), 0, 1) * 255)


def test_padding_may_be_a_range():
    shown = image(POSITIVE, WindowCenter=2048, WindowWidth=4096, PhotometricInterpretation="MONOCHROME1")
    shown.add_new(0x00280120, "US", 100)
    shown.add_new(0x00280121, "US", 50)

    grays = drawn(shown)

    assert (grays[(POSITIVE >= 50) & (POSITIVE <= 100)] == 0).all()
    assert grays[0, 0] == 255


def test_eight_bits_without_a_window_are_grays_already():
    values = np.arange(256, dtype=np.uint8).reshape(16, 16)

    assert (drawn(image(values)) == values).all()


@pytest.mark.parametrize("width", ["0", "-5", "0.4", "1e999", "nan", "x"])
def test_a_window_that_is_none_is_left_out(width):
    shown = image(POSITIVE)
    shown.add_new(0x00281050, "LO", "40")
    shown.add_new(0x00281051, "LO", width)

    assert (drawn(shown) == drawn(image(POSITIVE))).all()


def test_a_narrowest_window_is_a_threshold():
    assert set(np.unique(drawn(image(POSITIVE, WindowCenter=100, WindowWidth=1)))) == {0, 255}


def test_an_image_of_one_value_is_drawn():
    assert (drawn(image(np.full((8, 8), 1000, np.uint16))) == 0).all()


@pytest.mark.parametrize("kind", [np.uint32, np.int32, np.float32, np.float64])
def test_samples_of_many_bits_take_the_same_curve(kind):
    shown = image(POSITIVE, WindowCenter=40, WindowWidth=400)
    found = elements(shown)

    deep = GrayImage(stored=POSITIVE.astype(kind), elements=found, groups=[], photometric="MONOCHROME2", bits=0)

    grays = draw_gray(deep, None)

    assert (grays == drawn(shown)).all()


def test_floating_samples_that_are_no_numbers_are_black():
    values = np.linspace(0, 1, 4096, dtype=np.float32).reshape(64, 64)
    values[0, 0], values[0, 1], values[0, 2] = np.nan, np.inf, -np.inf

    grays = spread(values)

    assert list(grays[0, :3]) == [0, 255, 0]
    assert grays[-1, -1] == 255


def test_nothing_but_what_is_no_number_has_a_range():
    assert find_range(np.full((3, 3), np.nan)) == (0.0, 1.0)


def test_a_frame_of_its_own_window_is_drawn_by_it():
    def group(center):
        voi = Dataset()
        voi.WindowCenter, voi.WindowWidth = center, 200
        rescale = Dataset()
        rescale.RescaleIntercept, rescale.RescaleSlope = -100, 2
        found = Dataset()
        found.FrameVOILUTSequence = Sequence([voi])
        found.PixelValueTransformationSequence = Sequence([rescale])
        return found

    shown = image(POSITIVE, NumberOfFrames=3)
    shown.PerFrameFunctionalGroupsSequence = Sequence([group(10), group(1000), group(3000)])
    plain = image(POSITIVE, WindowCenter=1000, WindowWidth=200, RescaleSlope=2, RescaleIntercept=-100)

    assert (drawn(shown) == drawn(plain)).all()
