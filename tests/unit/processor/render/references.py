"""What a picture of an image should show, by pydicom and numpy, from the whole file and at a given window."""

from dataclasses import dataclass

import numpy as np
from pydicom import Dataset
from pydicom.pixels import apply_color_lut, apply_modality_lut, convert_color_space, pixel_array

from processor.render.dicom_header import middle_frame

EQUAL = 99.0
"""Decibels that stand for no difference at all."""


@dataclass(frozen=True)
class Reference:
    """Pixels of eight bits, and the window that made grays of them."""

    pixels: np.ndarray
    window: tuple[float, float] | None


def make_reference(data_set: Dataset) -> Reference:
    """Return what the middle frame shows. Raises what pydicom raises."""
    number = middle_frame(int(data_set.get("NumberOfFrames") or 1))
    stored = pixel_array(data_set, index=number - 1, raw=True)
    if data_set.PhotometricInterpretation == "PALETTE COLOR":
        return Reference(_to_bytes(apply_color_lut(stored, data_set)[..., :3]), None)
    if data_set.SamplesPerPixel > 1:
        return Reference(_draw_colours(data_set, number), None)
    values = apply_modality_lut(stored, _find_rescale(data_set, number)).astype(np.float64)
    low, high = float(values.min()), float(values.max())
    window = ((low + high) / 2 + 0.5, max(high - low + 1, 1.0))
    shown = np.clip((values - window[0] + 0.5) / max(window[1] - 1, 1e-9) + 0.5, 0, 1)
    shown = 1 - shown if data_set.PhotometricInterpretation == "MONOCHROME1" else shown
    padding = data_set.get("PixelPaddingValue")
    if isinstance(padding, int) and stored.dtype.kind in "iu":
        ends = sorted([padding, data_set.get("PixelPaddingRangeLimit", padding)])
        shown[(stored >= ends[0]) & (stored <= ends[1])] = 0
    return Reference(np.floor(shown * 255 + 0.5).astype(np.uint8), window)


def _find_rescale(data_set: Dataset, number: int) -> Dataset:
    """Return where a frame's rescaling stands: in its functional groups, those of all frames, or the data set."""
    frames, shared = (data_set.get(f"{name}FunctionalGroupsSequence") or [] for name in ("PerFrame", "Shared"))
    for group in (*frames[number - 1 : number], *shared[:1]):
        if group.get("PixelValueTransformationSequence"):
            found: Dataset = group.PixelValueTransformationSequence[0]
            return found
    return data_set


def _draw_colours(data_set: Dataset, number: int) -> np.ndarray:
    colours = _to_bytes(pixel_array(data_set, index=number - 1, raw=False), data_set.BitsStored)
    partial = data_set.PhotometricInterpretation.startswith("YBR_PARTIAL")
    return convert_color_space(colours, "YBR_FULL", "RGB") if partial else colours


def _to_bytes(values: np.ndarray, bits: int = 0) -> np.ndarray:
    if values.dtype == np.uint8 and bits in {0, 8}:
        return values
    bits = bits or (16 if values.max() > 255 else 8)
    return np.clip(values.astype(np.float64) * (255 / ((1 << bits) - 1)) + 0.5, 0, 255).astype(np.uint8)


def psnr(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Return the peak signal-to-noise ratio in decibels; -1 for pictures of different shapes."""
    if ours.shape != theirs.shape:
        return -1.0
    error = float(np.mean((ours.astype(np.float64) - theirs.astype(np.float64)) ** 2))
    return EQUAL if error == 0 else float(10 * np.log10(255**2 / error))
