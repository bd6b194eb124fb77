"""From a request to pictures: what of an object is read, and what a child process is told to draw of it.

Whatever is wrong with a file is a reason why there is no picture. Trouble of the infrastructure is raised, so that the
queue, or who asked, tries again.
"""

from dataclasses import dataclass
from typing import Any

from intake.dicom.budget import Budget
from intake.dicom.encoding import DEFLATED
from intake.dicom.errors import TooCostlyError, UnreadableDataSetError
from intake.dicom.pixels.frames import Pixels, open_pixels
from intake.dicom.pixels.model import DOUBLE_PIXELS, FLOAT_PIXELS, NoPixelsError, PixelDescription
from intake.dicom.reader import open_file
from intake.dicom.streams import FIRST_READ
from intake.errors import ObjectChangedError, ObjectMissingError
from intake.renditions.model import EDGES, STORED_TYPE, NoPreview, RenditionRequest
from intake.storage.ports import ObjectReader
from processor.render.dicom_header import Header, middle_frame, read_header
from processor.render.process import Child
from processor.render.protocol import Job, Output
from processor.render.source import StoredSource

MEBI = 1024 * 1024
LARGEST_FILES = {
    "pdf": 64 * MEBI,
    "jpeg": 64 * MEBI,
    "png": 64 * MEBI,
    "tiff": 128 * MEBI,
    "nifti": 512 * MEBI,  # Of which no more is kept than its planes.
}
"""Kinds of files that are sent to the child as a whole, and how many bytes they may have."""
NOTHING_TO_SEE = frozenset({"hl7v2", "fhir", "ccda", "csv", "zip", "gzip"})
LARGEST_FRAME = 128 * MEBI
"""Bytes of one frame as it is stored."""
LARGEST_VIEW = 4 * MEBI
"""Bytes of a picture that is answered: as Base64, a function's answer has room for little more."""
STEPS = 600_000
"""Of the budget of one header: three seconds of CPU."""

REASONS: dict[type[Exception], NoPreview] = {
    ObjectMissingError: NoPreview.GONE,
    ObjectChangedError: NoPreview.GONE,
    TooCostlyError: NoPreview.TOO_LARGE,
    UnreadableDataSetError: NoPreview.UNREADABLE,
}
"""What errors say of an object. All others are the infrastructure's."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture that was drawn."""

    media_type: str
    edge: int | None
    """As it was asked for: of EDGES where the picture is kept."""
    image: bytes


class Renderer:
    """Draws what it is asked for."""

    def __init__(self, objects: ObjectReader, child: Child | None = None) -> None:
        self._objects = objects
        self._child = child or Child()

    def render(self, request: RenditionRequest) -> tuple[Picture, ...] | NoPreview:
        """Return a picture for each of EDGES, or the one view that is asked for; or why there is none.

        Raises ChildUnusableError and what the bucket raises, but for an object that is missing.
        """
        try:
            drawn = self._draw(request)
        except tuple(REASONS) as error:
            return next(reason for kind, reason in REASONS.items() if isinstance(error, kind))
        if isinstance(drawn, NoPreview):
            return drawn
        if request.view is not None and len(drawn[0]) > LARGEST_VIEW:
            return NoPreview.TOO_LARGE
        pairs = zip(_list_outputs(request), drawn, strict=True)
        return tuple(Picture(output.media_type, output.edge, image) for output, image in pairs)

    def _draw(self, request: RenditionRequest) -> list[bytes] | NoPreview:
        source = StoredSource(self._objects, request.stored, request.size)
        if request.kind == "dicom":
            return self._draw_dicom(request, source)
        if request.kind not in LARGEST_FILES:
            return NoPreview.NO_PIXELS if request.kind in NOTHING_TO_SEE else NoPreview.UNKNOWN_FORMAT
        if request.size > LARGEST_FILES[request.kind]:
            return NoPreview.TOO_LARGE
        pieces = source.pieces()
        # A child's time is the file's: it waits for the bucket only where a file may be larger than memory.
        content = pieces if request.kind == "nifti" else list(pieces)
        return self._child.draw(_make_job(request, request.kind), content)

    def _draw_dicom(self, request: RenditionRequest, source: StoredSource) -> list[bytes] | NoPreview:
        first = source.read(0, FIRST_READ)
        try:
            pixels = open_pixels(source, _make_budget(), first)
        except NoPixelsError:
            return self._draw_document(request, source, first)
        image = pixels.description
        if image.is_video:
            return NoPreview.UNKNOWN_FORMAT
        if image.frame_bits // 8 > LARGEST_FRAME:
            return NoPreview.TOO_LARGE
        number, content = _read_frame(pixels, request.view.frame if request.view else None)
        header, _ = _read_header(source, first, number)
        facts = {"frame": _describe(image), "elements": header.elements, "big": header.big}
        return self._child.draw(_make_job(request, "dicom", facts), [content])

    def _draw_document(self, request: RenditionRequest, source: StoredSource, first: bytes) -> list[bytes] | NoPreview:
        """Draw the document in a file without pixels (PS3.3 A.45)."""
        header, transfer_syntax = _read_header(source, first, None)
        if header.document is None or transfer_syntax in DEFLATED:
            return NoPreview.NO_PIXELS
        start, length = header.document
        if length > LARGEST_FILES["pdf"]:
            return NoPreview.TOO_LARGE
        content = source.read(start, length)
        if not content.startswith(b"%PDF-"):
            return NoPreview.NO_PIXELS
        return self._child.draw(_make_job(request, "pdf"), [content])


def _make_budget() -> Budget:
    return Budget(steps=STEPS, fetched=LARGEST_FRAME + 16 * MEBI, inflated=LARGEST_FRAME, taken=16 * MEBI)


def _read_header(source: StoredSource, first: bytes, frame: int | None) -> tuple[Header, str]:
    scanner, transfer_syntax = open_file(source, _make_budget(), first)
    return read_header(scanner, frame), transfer_syntax


def _list_outputs(request: RenditionRequest) -> list[Output]:
    if request.view is not None:
        return [Output(media_type=request.view.media_type, edge=request.view.edge)]
    return [Output(media_type=STORED_TYPE, edge=edge) for edge in EDGES]


def _make_job(request: RenditionRequest, what: str, facts: dict[str, Any] | None = None) -> Job:
    view = request.view
    window = [*view.window] if view and view.window else None
    outputs = _list_outputs(request)
    return Job(what=what, outputs=outputs, frame=view.frame if view else None, window=window, facts=facts or {})


def _read_frame(pixels: Pixels, wanted: int | None) -> tuple[int, bytes]:
    """Return a frame's number and its bytes: the middle one's, unless another is wanted."""
    number = wanted or middle_frame(pixels.description.frames)
    little = _is_turned(pixels.description)
    try:
        return number, pixels.read_frame(number, little=little)
    except UnreadableDataSetError:
        # Of a file that was cut off, the first frames may be there.
        if wanted is not None or number == 1:
            raise
        return 1, pixels.read_frame(1, little=little)


def _is_turned(image: PixelDescription) -> bool:
    """Say whether words of native pixels are turned while they are read, to be little endian.

    Those of 16 bits are. Writers of larger samples turn these as a whole, though they call them words.
    """
    return image.bits_allocated <= 16


def _describe(image: PixelDescription) -> dict[str, Any]:
    """Return the fields of `drawing.decoding.Frame`, with what the standard implies where nothing is said."""
    stored = image.bits_stored or image.bits_allocated
    return {
        "transfer_syntax": image.transfer_syntax,
        "encapsulated": image.encapsulated,
        "rows": image.rows,
        "columns": image.columns,
        "samples": image.samples or 1,
        "bits_allocated": image.bits_allocated,
        "bits_stored": stored,
        "high_bit": image.high_bit or stored - 1,
        "signed": image.signed,
        "planar": image.planar == 1,
        "photometric": image.photometric,
        "big": image.big and not _is_turned(image),
        "floating": image.tag in {FLOAT_PIXELS, DOUBLE_PIXELS},
    }
