"""From stored values to grays: modality, value of interest and presentation (PS3.3 C.11.1, C.11.2, C.11.6).

A curve is worked out once for every value that the samples may have, and the image looked up in it; samples of more
than 16 bits, and floating ones, go through it row by row.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from processor.render.drawing.elements import Elements

Values = npt.NDArray[Any]
Grays = npt.NDArray[np.uint8]
Curve = Callable[[Values], Values]
"""From rescaled values to 0…1."""

CENTER, WIDTH, FUNCTION = 0x00281050, 0x00281051, 0x00281056
INTERCEPT, SLOPE = 0x00281052, 0x00281053
MODALITY_TABLE, VOI_TABLE, DESCRIPTOR, DATA = 0x00283000, 0x00283010, 0x00283002, 0x00283006
PADDING, PADDING_LIMIT = 0x00280120, 0x00280121
PRESENTATION_SHAPE = 0x20500020
FRAME_VOI, FRAME_RESCALE = 0x00289132, 0x00289145
LOWEST, HIGHEST = 0.5, 99.5
"""Percentiles that are black and white where a file says nothing."""
ENOUGH = 1_000_000
"""Samples that percentiles are taken of."""
ROWS_AT_ONCE = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class GrayImage:
    """Stored values of one sample a pixel, and what the header says of them."""

    stored: Values
    elements: Elements
    groups: list[Elements]
    """The frame's functional groups, the more special first."""
    photometric: str
    bits: int
    """That a sample may have; 0 for floating ones."""


def draw_gray(image: GrayImage, window: tuple[float, float] | None) -> Grays:
    """Return an image's grays. `window`, center and width, is wanted instead of the file's."""
    padding = _find_padding(image)
    rescale = _find_rescale(image)
    curve = _choose_curve(image, rescale, padding, window)
    inverted = image.photometric == "MONOCHROME1" or image.elements.text(PRESENTATION_SHAPE) == "INVERSE"

    def to_gray(values: Values) -> Grays:
        shown = np.clip(curve(rescale(values.astype(np.float64))), 0, 1)
        shown = 1 - shown if inverted else shown
        if padding is not None:
            shown[_is_padding(values, padding)] = 0
        return _to_bytes(shown)

    return _apply(image.stored, to_gray)


def _apply(stored: Values, to_gray: Callable[[Values], Grays]) -> Grays:
    if stored.dtype.kind in "iu" and stored.dtype.itemsize <= 2:
        unsigned = np.dtype(f"u{stored.dtype.itemsize}")
        every = np.arange(1 << 8 * stored.dtype.itemsize, dtype=np.uint32).astype(unsigned).view(stored.dtype)
        found: Grays = to_gray(every)[stored.view(unsigned)]
        return found
    grays = np.empty(stored.shape, np.uint8)
    for row in range(0, len(stored), ROWS_AT_ONCE):
        grays[row : row + ROWS_AT_ONCE] = to_gray(stored[row : row + ROWS_AT_ONCE])
    return grays


def spread(values: Values, ends: tuple[float, float] | None = None) -> Grays:
    """Return values between two of them, or else their percentiles, as grays."""
    low, high = ends or find_range(values)
    return _apply(values, lambda part: _to_bytes(_ramp(part, low, high)))


def _to_bytes(shown: Values) -> Grays:
    grays: Grays = np.floor(np.nan_to_num(shown, nan=0.0) * 255 + 0.5).astype(np.uint8)
    return grays


def find_range(values: Values) -> tuple[float, float]:
    """Return what is black and white of values by their percentiles; where these meet, by their extremes."""
    some = values.ravel()[:: max(1, values.size // ENOUGH)]
    some = some[np.isfinite(some)].astype(np.float64)
    if not len(some):
        return 0.0, 1.0
    low, high = np.percentile(some, [LOWEST, HIGHEST])
    return (float(low), float(high)) if low < high else (float(some.min()), float(some.max()))


def _ramp(values: Values, low: float, high: float) -> Values:
    if high <= low:
        return (values > low).astype(np.float64)
    return np.clip((values.astype(np.float64) - low) / (high - low), 0, 1)


def _find_rescale(image: GrayImage) -> Curve:
    """Return the modality's transformation: a table, or a line."""
    item = image.elements.item(MODALITY_TABLE)
    table = item.table(DESCRIPTOR, DATA) if item else None
    if table is not None:
        return lambda values: table.look_up(values).astype(np.float64)
    for place in (*(group.item(FRAME_RESCALE) for group in image.groups), image.elements):
        slope, intercept = (place.number(SLOPE), place.number(INTERCEPT)) if place else (None, None)
        if slope is not None and intercept is not None and slope != 0:
            return _line(slope, intercept)
    return lambda values: values


def _line(slope: float, intercept: float) -> Curve:
    return lambda values: values * slope + intercept


def _choose_curve(
    image: GrayImage, rescale: Curve, padding: tuple[int, int] | None, window: tuple[float, float] | None
) -> Curve:
    """Return what is shown of rescaled values: what is wanted, else what the file says, else what is in it."""
    elements = image.elements
    places = [place for place in (*(group.item(FRAME_VOI) for group in image.groups), elements) if place]
    if window is not None:
        return _make_window(*window, "LINEAR")  # Whoever asks for one means that, whatever the file's own is.
    item = elements.item(VOI_TABLE)
    table = item.table(DESCRIPTOR, DATA) if item else None
    if table is not None:
        most = table.most
        return lambda values: table.look_up(values) / most
    for place in places:
        center, width = place.number(CENTER), place.number(WIDTH)
        if center is not None and width is not None and _is_window(width, place.text(FUNCTION)):
            return _make_window(center, width, place.text(FUNCTION))
    low, high = _look_for_range(image, rescale, padding)
    return lambda values: _ramp(values, low, high)


def _is_window(width: float, function: str) -> bool:
    return width > 0 if function in {"LINEAR_EXACT", "SIGMOID"} else width >= 1


def _make_window(center: float, width: float, function: str) -> Curve:
    """Return a window's curve (PS3.3 C.11.2.1.2 and C.11.2.1.3)."""
    if function == "SIGMOID":
        return lambda values: 1 / (1 + np.exp(np.clip(-4 * (values - center) / max(width, 1e-9), -700, 700)))
    if function != "LINEAR_EXACT":
        center, width = center - 0.5, width - 1
    return lambda values: _ramp(values, center - width / 2, center + width / 2)


def _look_for_range(image: GrayImage, rescale: Curve, padding: tuple[int, int] | None) -> tuple[float, float]:
    """Return black and white of an image that says nothing of them: all of few bits, else its percentiles."""
    some, bits = image.stored.ravel()[:: max(1, image.stored.size // ENOUGH)], image.bits
    if 0 < bits <= 8 and some.dtype.kind == "u" and int(some.max()) >= (1 << bits) // 4:
        ends = rescale(np.array([0.0, float((1 << bits) - 1)]))
        return float(ends.min()), float(ends.max())
    if padding is not None and not (padded := _is_padding(some, padding)).all():
        some = some[~padded]
    return find_range(rescale(some.astype(np.float64)))


def _find_padding(image: GrayImage) -> tuple[int, int] | None:
    """Return the lowest and the highest value that stands for no measurement (PS3.3 C.7.5.1.1.2)."""
    value, limit = image.elements.sample(PADDING), image.elements.sample(PADDING_LIMIT)
    if value is None or image.stored.dtype.kind == "f":
        return None
    return (value, value) if limit is None else (min(value, limit), max(value, limit))


def _is_padding(values: Values, padding: tuple[int, int]) -> npt.NDArray[np.bool_]:
    inside: npt.NDArray[np.bool_] = (values >= padding[0]) & (values <= padding[1])
    return inside
