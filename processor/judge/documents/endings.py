"""What stands behind the end of a document or an image: nothing, filling, or something that was hidden there."""

from intake.dicom.streams import take_bytes
from processor.judge.inspection.envelope import HIDDEN, LEADING
from processor.judge.inspection.errors import UnreadableFileError
from processor.judge.inspection.findings import Findings
from processor.judge.inspection.window import Window

LOOK = 64 * 1024


def check(window: Window, position: int, findings: Findings) -> None:
    """Look at what follows `position`. Raises UnreadableFileError for a program, a script, a document, an archive."""
    rest = take_bytes(window, position, LOOK)
    if not rest.strip(b"\0\r\n\t "):
        return
    lowered = rest.lower()
    if rest.lstrip(b"\0\r\n\t ").startswith(tuple(mark for mark, _ in LEADING)) or any(
        mark in lowered for mark, _ in HIDDEN
    ):
        raise UnreadableFileError("foreign-content-appended", f"byte {position}")
    findings.add("document-trailing-bytes", f"byte {position}")
