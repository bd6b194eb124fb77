"""Loading what needs a library that only some install with the client."""

from importlib import import_module
from pathlib import Path
from types import ModuleType

from scalper.errors import DirectoryError


def load_media(folder: Path, *, force: bool) -> ModuleType:
    """Return what writes DICOMDIRs, where it may write one into a folder. Raises DirectoryError."""
    try:
        media = import_module("scalper.downloads.media")
    except ModuleNotFoundError as missing:
        if missing.name != "pydicom":
            raise
        raise DirectoryError(
            'A DICOMDIR is written by pydicom, which is not installed: pip install "silent-scalper[dicomdir]"'
        ) from missing
    if not (force or media.is_ours(folder)):
        raise DirectoryError("Another DICOMDIR is there. Name another folder, or replace it with --force.")
    return media
