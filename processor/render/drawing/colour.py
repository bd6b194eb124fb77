"""Colours as RGB of eight bits: from other colour spaces, and from palettes (PS3.3 C.7.6.3.1.2 and C.7.9)."""

from typing import Any

import numpy as np
import numpy.typing as npt

from intake.renditions.model import NoPreview
from processor.render.drawing.elements import Elements, Table
from processor.render.protocol import NoPictureError

Values = npt.NDArray[Any]
Colours = npt.NDArray[np.uint8]

PALETTES = (
    (0x00281101, 0x00281201, 0x00281221),
    (0x00281102, 0x00281202, 0x00281222),
    (0x00281103, 0x00281203, 0x00281223),
)
"""Descriptor, data and segmented data of red, green and blue."""
FULL = np.array([[1, 0, 1.402], [1, -0.114 * 1.772 / 0.587, -0.299 * 1.402 / 0.587], [1, 1.772, 0]], np.float32)
PARTIAL = np.array([[1.1644, 0, 1.5960], [1.1644, -0.3917, -0.8130], [1.1644, 2.0173, 0]], np.float32)
"""From luminance and chrominance to RGB: of all 256 values, and of 16 to 235 and 240 of them (ITU-R BT.601)."""
SPACES = {
    "YBR_FULL": (FULL, 0),
    "YBR_FULL_422": (FULL, 0),
    "YBR_PARTIAL_422": (PARTIAL, 16),
    "YBR_PARTIAL_420": (PARTIAL, 16),
}
AS_THEY_ARE = frozenset({"RGB", "YBR_ICT", "YBR_RCT"})
"""The latter two are JPEG 2000's own, and undone by its decoders."""
ROWS_AT_ONCE = 64
MOST_ENTRIES = 0x10000


def draw_colours(stored: Values, photometric: str, bits: int) -> Colours:
    """Return samples (rows, columns, 3) as RGB. Raises NoPictureError for a colour space that nobody knows."""
    if photometric not in AS_THEY_ARE and photometric not in SPACES:
        raise NoPictureError(NoPreview.UNKNOWN_FORMAT)
    colours = np.empty(stored.shape, np.uint8)
    for row in range(0, len(stored), ROWS_AT_ONCE):
        part = _to_bytes(stored[row : row + ROWS_AT_ONCE], bits)
        if photometric in SPACES:
            part = _convert(part, *SPACES[photometric])
        colours[row : row + ROWS_AT_ONCE] = part
    return colours


def _to_bytes(stored: Values, bits: int) -> Colours:
    if stored.dtype == np.uint8 and bits >= 8:
        return stored
    scaled: Colours = np.clip(stored.astype(np.float64) * (255 / ((1 << bits) - 1)) + 0.5, 0, 255).astype(np.uint8)
    return scaled


def _convert(part: Colours, matrix: npt.NDArray[np.float32], black: int) -> Colours:
    levels = part.astype(np.float32) - np.array([black, 128, 128], np.float32)
    colours: Colours = np.clip(np.floor(levels @ matrix.T + 0.5), 0, 255).astype(np.uint8)
    return colours


def draw_palette(stored: Values, elements: Elements) -> Colours:
    """Return indices (rows, columns) as RGB. Raises NoPictureError without a palette."""
    colours = np.empty((*stored.shape, 3), np.uint8)
    for channel, (descriptor, data, segmented) in enumerate(PALETTES):
        table = elements.table(descriptor, data) or _read_segmented(elements, descriptor, segmented)
        if table is None:
            raise NoPictureError(NoPreview.UNREADABLE)
        # Sixteen bits are what the descriptor says of tables of eight, too: their entries tell.
        wide = table.bits > 8 and table.most > 0xFF and int(table.entries.max()) > 0xFF
        entries = (table.entries >> 8 if wide else table.entries).astype(np.uint8)
        shown = Table(table.first, 8, entries)
        for row in range(0, len(stored), ROWS_AT_ONCE):
            colours[row : row + ROWS_AT_ONCE, :, channel] = shown.look_up(stored[row : row + ROWS_AT_ONCE])
    return colours


def _read_segmented(elements: Elements, descriptor: int, data: int) -> Table | None:
    described, raw = elements.words(descriptor), elements.data(data)
    if len(described) < 3 or not raw:
        return None
    bits = int(described[2])
    segments = [*raw] if bits <= 8 else [int(word) for word in elements.words(data)]
    first = int(elements.words(descriptor, signed=True)[1])
    count = int(described[0]) or MOST_ENTRIES
    entries = expand_segments(segments, wide=bits > 8)[:count]
    return Table(first, bits, np.array(entries, np.uint16)) if entries else None


def expand_segments(data: list[int], *, wide: bool) -> list[int]:
    """Return the entries that segments stand for (PS3.3 C.7.9.2). Raises NoPictureError for what are none.

    `wide` says that an entry, and so what leads to another segment, is a word and not a byte.
    """
    entries: list[int] = []
    ends = [(0, len(data), MOST_ENTRIES)]
    while ends and len(entries) < MOST_ENTRIES:
        at, end, left = ends.pop()
        if at + 1 >= end or left <= 0:
            continue
        kind, length = data[at], data[at + 1]
        match kind:
            case 0:
                entries.extend(data[at + 2 : min(at + 2 + length, end)])
                ends.append((at + 2 + length, end, left - 1))
            case 1 if entries and at + 2 < end:
                steps = np.linspace(entries[-1], data[at + 2], length + 1)[1:]
                entries.extend(int(step) for step in np.around(steps))
                ends.append((at + 3, end, left - 1))
            case 2 if len(ends) == 0:
                # Segments that are led to lead nowhere else, so this takes no longer than what it makes.
                parts = data[at + 2 : at + (4 if wide else 6)]
                start = sum(part << (16 if wide else 8) * place for place, part in enumerate(parts)) // (
                    2 if wide else 1
                )
                ends += [(at + 2 + len(parts), end, left - 1), (start, end, length)]
            case _:
                raise NoPictureError(NoPreview.UNREADABLE)
    return entries
