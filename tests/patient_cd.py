"""Patient CDs as a writer that is not ours makes them: pydicom's file-sets, with the files that stand around them."""

import io
from collections.abc import Sequence
from pathlib import Path

from pydicom import dcmread
from pydicom.fileset import FileSet
from pydicom.uid import generate_uid

from tests.dicom_files import ct_slice

AROUND = {
    "AUTORUN.INF": b"[autorun]\r\nopen=VIEWER\\viewer.exe\r\n",
    "README.TXT": b"This CD holds images, and a viewer.\r\n",
    "INDEX.HTM": b"<html><body>Images</body></html>",
    "VIEWER/viewer.exe": b"MZ\x90" + bytes(100),
    "VIEWER/settings.xml": b"<?xml version='1.0'?><settings/>",
    ".DS_Store": b"\0\0\0\1Bud1",
    "Thumbs.db": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
}
"""Seven files that are nobody's."""


def burn_cd(folder: Path, series: Sequence[int]) -> list[Path]:
    """Write a CD with so many images in each of a study's series. Return its images in their order."""
    discs, study = FileSet(), generate_uid()
    for number, images in enumerate(series, 1):
        of_series = generate_uid()
        for place in range(images):
            image = dcmread(io.BytesIO(ct_slice(rows=8, columns=8, instance=100 * number + place)))
            image.StudyInstanceUID, image.SeriesInstanceUID, image.SeriesNumber = study, of_series, number
            image.SOPInstanceUID = image.file_meta.MediaStorageSOPInstanceUID = generate_uid()
            image.InstanceNumber = place + 1
            discs.add(image)
    discs.write(folder)
    discs._stage["t"].cleanup()  # Or its finalizer warns of what it removes.
    for name, content in AROUND.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    return sorted(path for path in folder.rglob("IM*") if path.is_file())
