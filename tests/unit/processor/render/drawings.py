"""Drawing in this process, for tests of what is drawn; `test_process` tests how it is confined."""

from io import BytesIO

from PIL import Image

from processor.render.child import _import_drawing
from processor.render.protocol import Job, Output


def draw(what: str, data: bytes, *, media_type: str = "image/png", edge: int | None = None, **job) -> Image.Image:
    """Return the picture that is drawn of a file, decoded."""
    wanted = Job(what=what, outputs=[Output(media_type=media_type, edge=edge)], **job)
    [picture] = _import_drawing(what)(wanted, BytesIO(data))
    return Image.open(BytesIO(picture))
