"""What the renderer's child runs: `python -m processor.render.child`, a job on its input, an answer on its output.

What a library raises of a file ends it, with Python's own exit code: no list of what decoders raise would be complete.
"""

import os
import sys
from collections.abc import Callable
from importlib import import_module
from typing import IO

from intake.renditions.model import NoPreview
from processor.render import limits
from processor.render.process import IMPORT_FAILED
from processor.render.protocol import Job, NoPictureError, read_job, write_pictures, write_reason

Draw = Callable[[Job, IO[bytes]], list[bytes]]

DRAWN_BY = {
    "dicom": ("images", "draw_frame"),
    "pdf": ("documents", "draw_document"),
    "nifti": ("volumes", "draw_volume"),
}
PICTURES = ("pictures", "draw_picture")
"""A module of `drawing`, and its function."""


def main() -> int:
    """Draw the job that comes, and return the exit code. Raises whatever a library raises of a file."""
    limits.confine()
    answers = _take_output()
    content = sys.stdin.buffer
    job = read_job(content)
    try:
        draw = _import_drawing(job.what)
    except ImportError:
        return IMPORT_FAILED
    try:
        pictures = draw(job, content)
    except NoPictureError as error:
        write_reason(answers, error.reason)
    except MemoryError:
        write_reason(answers, NoPreview.TOO_LARGE)
    else:
        write_pictures(answers, pictures)
    answers.flush()
    return 0


def _take_output() -> IO[bytes]:
    """Return where the answer goes, and let what libraries print go elsewhere."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return answers


def _import_drawing(what: str) -> Draw:
    """Return what draws a kind. Each imports its own libraries, for a child lives as long as one file."""
    module, name = DRAWN_BY.get(what, PICTURES)
    drawing: Draw = getattr(import_module(f"processor.render.drawing.{module}"), name)
    return drawing


if __name__ == "__main__":
    sys.exit(main())
