"""PDF files: their first page, on white, by PDFium. Nothing in them is run: this build of it has no script engine."""

from typing import IO

import pypdfium2
from pypdfium2 import raw

from intake.renditions.model import NoPreview
from processor.render.drawing import output
from processor.render.protocol import Job, NoPictureError

WHOLE = 1600
"""The longer side of a page of which nobody said how large it should be, in pixels."""


def draw_document(job: Job, content: IO[bytes]) -> list[bytes]:
    """Return pictures of a page. Raises NoPictureError, MemoryError, and what PDFium raises."""
    try:
        document = pypdfium2.PdfDocument(content.read())
    except pypdfium2.PdfiumError as error:
        if getattr(error, "err_code", None) == raw.FPDF_ERR_PASSWORD:
            raise NoPictureError(NoPreview.PROTECTED) from None
        raise
    number = (job.frame or 1) - 1
    if number >= len(document):
        raise NoPictureError(NoPreview.UNREADABLE)
    page = document[number]
    longest = max(wanted.edge or WHOLE for wanted in job.outputs)
    width, height = page.get_size()
    if not (0 < width < float("inf") and 0 < height < float("inf")):
        raise NoPictureError(NoPreview.UNREADABLE)
    bitmap = page.render(scale=longest / max(width, height))
    return output.encode(bitmap.to_pil().convert("RGB"), job.outputs)
