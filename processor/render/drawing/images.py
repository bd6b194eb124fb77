"""DICOM images: one frame, from its bytes and its header to pictures. Overlays are not burnt in."""

from typing import IO, Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from intake.renditions.model import NoPreview
from processor.render.drawing import output
from processor.render.drawing.colour import draw_colours, draw_palette
from processor.render.drawing.decoding import Frame, decode
from processor.render.drawing.elements import Elements
from processor.render.drawing.grayscale import GrayImage, draw_gray
from processor.render.protocol import Job, NoPictureError

PIXEL_SPACING, IMAGER_SPACING, SCANNED_SPACING, ASPECT_RATIO = 0x00280030, 0x00181164, 0x00182010, 0x00280034
SHARED_GROUPS, FRAME_GROUPS, MEASURES = 0x52009229, 0x52009230, 0x00289110


def draw_frame(job: Job, content: IO[bytes]) -> list[bytes]:
    """Return pictures of a frame. Raises NoPictureError, MemoryError, and what codecs raise."""
    frame = Frame(**job.facts["frame"])
    output.check_size(frame.columns, frame.rows, frame.samples)
    elements = Elements(job.facts["elements"], big=job.facts["big"], signed=frame.signed)
    groups = [group for group in map(elements.item, (FRAME_GROUPS, SHARED_GROUPS)) if group]
    stored, frame = decode(content.read(), frame)
    image = Image.fromarray(_draw(stored, frame, elements, groups, job.window))
    return output.encode(image, job.outputs, find_aspect(elements, groups))


def _draw(
    stored: npt.NDArray[Any], frame: Frame, elements: Elements, groups: list[Elements], window: list[float] | None
) -> npt.NDArray[np.uint8]:
    if frame.samples == 1 and frame.photometric == "PALETTE COLOR":
        return draw_palette(stored, elements)
    if frame.samples == 3:
        return draw_colours(stored, frame.photometric, frame.bits_stored)
    if frame.samples != 1:
        raise NoPictureError(NoPreview.UNKNOWN_FORMAT)
    bits = 0 if stored.dtype.kind == "f" else frame.bits_stored
    wanted = (window[0], window[1]) if window else None
    image = GrayImage(stored=stored, elements=elements, groups=groups, photometric=frame.photometric, bits=bits)
    return draw_gray(image, wanted)


def find_aspect(elements: Elements, groups: list[Elements]) -> float:
    """Return how much higher than wide a pixel is: by its spacing, between rows and between columns, or its ratio."""
    measures = [measure.numbers(PIXEL_SPACING) for group in groups if (measure := group.item(MEASURES))]
    stated = (elements.numbers(tag) for tag in (PIXEL_SPACING, IMAGER_SPACING, SCANNED_SPACING, ASPECT_RATIO))
    for numbers in (*measures, *stated):
        if len(numbers) >= 2 and numbers[0] > 0 and numbers[1] > 0:
            return numbers[0] / numbers[1]
    return 1.0
