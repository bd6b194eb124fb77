"""Pictures of nobody: slices of a chest as ellipses are, for looking at pages that show pictures."""

import io
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def read_rendition(key: str) -> tuple[int, int]:
    """Return the edge of a picture by its key, and a number by which files differ."""
    *_, file_id, name = key.split("/")
    return int(name.removesuffix(".webp")), int(file_id.rpartition("-")[2])


@lru_cache(maxsize=256)
def draw_phantom(edge: int, number: int) -> bytes:
    """Return a slice as the renderer keeps it, a WebP."""
    written = io.BytesIO()
    Image.fromarray(slice_chest(edge, number % 20 / 20).astype(np.uint8)).save(written, "WEBP")
    return written.getvalue()


def slice_chest(edge: int, depth: float) -> NDArray[np.float64]:
    """Return levels from 0 to 255 of a slice through a chest, `depth` of the way down."""
    y, x = np.mgrid[-1 : 1 : edge * 1j, -1 : 1 : edge * 1j]
    levels = np.zeros((edge, edge))
    lung = 1 - 0.5 * abs(depth - 0.5)
    for left, top, across, down, level in (
        (0, 0, 0.88, 0.66, 120),
        (0, 0, 0.8, 0.58, 150),
        (-0.4, -0.02, 0.3 * lung, 0.42 * lung, 14),
        (0.4, -0.02, 0.3 * lung, 0.42 * lung, 14),
        (0.08, -0.12, 0.2, 0.24 * lung, 190),
        (0, 0.4, 0.12, 0.11, 250),
        (0, 0.4, 0.05, 0.045, 140),
    ):
        levels[((x - left) / across) ** 2 + ((y - top) / down) ** 2 < 1] = level
    return levels
