"""JPEG, PNG and TIFF files: their first page or the one that is asked for, upright, and without what else they hold."""

from io import BytesIO
from typing import IO

import numpy as np
from PIL import ExifTags, Image

from intake.renditions.model import NoPreview
from processor.render.drawing import output
from processor.render.drawing.grayscale import spread
from processor.render.protocol import Job, NoPictureError

FORMATS = {"jpeg": ("JPEG",), "png": ("PNG",), "tiff": ("TIFF",)}
DEEP_MODES = frozenset({"I", "F", "I;16", "I;16B", "I;16L", "I;16N"})
"""Pillow's names of what has more than eight bits a pixel, which `convert` would clip."""
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What makes an image upright, by Exif's orientation (Exif 2.32, 4.6.4)."""
PAPER = (255, 255, 255)
"""What shows through where a picture is transparent."""


def draw_picture(job: Job, content: IO[bytes]) -> list[bytes]:
    """Return a file's pictures. Raises NoPictureError, MemoryError, and what Pillow raises."""
    Image.MAX_IMAGE_PIXELS = output.MOST_PIXELS
    try:
        opened = Image.open(BytesIO(content.read()), formats=FORMATS[job.what])
    except Image.DecompressionBombError:
        raise NoPictureError(NoPreview.TOO_LARGE) from None
    with opened as image:
        if job.frame is not None and job.frame > 1:
            image.seek(job.frame - 1)
        output.check_size(image.width, image.height)
        if job.what == "jpeg" and all(wanted.edge for wanted in job.outputs):
            # The decoder itself makes it smaller, by a power of two that leaves more than is wanted.
            image.draft(None, (2 * max(wanted.edge or 0 for wanted in job.outputs),) * 2)
        turned = _turn(flatten(image), image)
        return output.encode(turned, job.outputs)


def flatten(image: Image.Image) -> Image.Image:
    """Return an image as mode L or RGB."""
    if image.mode in DEEP_MODES:
        return Image.fromarray(spread(np.asarray(image)))
    if image.mode in {"L", "1"} and "transparency" not in image.info:
        return image.convert("L")
    if not image.has_transparency_data:
        return image.convert("RGB")
    solid = image.convert("RGBA")
    paper = Image.new("RGBA", solid.size, PAPER)
    return Image.alpha_composite(paper, solid).convert("RGB")


def _turn(flat: Image.Image, image: Image.Image) -> Image.Image:
    """Turn an image as its Exif says, which flattening forgets."""
    orientation = image.getexif().get(ExifTags.Base.Orientation)
    turn = TURNS.get(orientation) if isinstance(orientation, int) else None
    return flat if turn is None else flat.transpose(turn)
