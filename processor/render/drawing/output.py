"""Pictures as they leave: scaled, encoded, and with nothing in them but pixels."""

from io import BytesIO

from PIL import Image

from intake.renditions.model import NoPreview
from processor.render.protocol import IMAGE_TYPES, NoPictureError, Output

MOST_PIXELS = 64_000_000
"""Of a picture that is drawn at all, in samples: a mammogram has 24 million, a whole slide's frames far less."""
LONGEST_SIDES = {"image/webp": 16383, "image/jpeg": 65535, "image/png": MOST_PIXELS}
"""Pixels that the formats can have at the most."""
MOST_DISTORTION = 10.0
"""How much longer than wide a pixel may be. More is a mistake of the file, and would be a stripe of a picture."""
QUALITIES = {"WEBP": {"quality": 82, "method": 4}, "JPEG": {"quality": 90}, "PNG": {"compress_level": 6}}


def check_size(columns: int, rows: int, samples: int = 1) -> None:
    """Raise NoPictureError for a picture that is too large to be drawn, or none at all."""
    if columns <= 0 or rows <= 0:
        raise NoPictureError(NoPreview.UNREADABLE)
    if columns * rows * samples > MOST_PIXELS:
        raise NoPictureError(NoPreview.TOO_LARGE)


def encode(image: Image.Image, outputs: list[Output], height_to_width: float = 1.0) -> list[bytes]:
    """Return an image, of mode L or RGB, as every output wants it.

    `height_to_width` is of one of its pixels; an image that is not scaled down keeps its pixels as they are.
    """
    if not 1 / MOST_DISTORTION <= height_to_width <= MOST_DISTORTION:
        height_to_width = 1.0
    return [_encode_one(image, output, height_to_width) for output in outputs]


def _encode_one(image: Image.Image, output: Output, height_to_width: float) -> bytes:
    longest = LONGEST_SIDES[output.media_type]
    if output.edge is None:
        size = _fit(image.width, image.height, longest)
    else:
        # The denser side gives way: nothing is made larger than it is.
        width, height = image.width * min(1.0, 1 / height_to_width), image.height * min(1.0, height_to_width)
        size = _fit(width, height, min(output.edge, longest))
    if size != image.size:
        image = image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    written = BytesIO()
    # Pillow writes comments, profiles and more of what an image has with it: only pixels are taken along.
    bare = Image.frombytes(image.mode, image.size, image.tobytes())
    format_name = IMAGE_TYPES[output.media_type]
    bare.save(written, format_name, **QUALITIES[format_name])
    return written.getvalue()


def _fit(width: float, height: float, longest: int) -> tuple[int, int]:
    scale = min(1.0, longest / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))
