"""ZIP archives of synthetic slices."""

import io
import zipfile
from collections.abc import Mapping

from tests.dicom_files import ct_slice, uid


def zipped(files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return an archive whose bytes follow from its files."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", method) as writer:
        for name, data in files.items():
            writer.writestr(zipfile.ZipInfo(name, (2026, 11, 22, 12, 0, 0)), data, method)
    return archive.getvalue()


def damaged(archive: bytes, name: str) -> bytes:
    """Return the archive with one byte changed in the middle of an entry's content."""
    with zipfile.ZipFile(io.BytesIO(archive)) as reader:
        entry = reader.getinfo(name)
    at = entry.header_offset + 30 + len(name.encode()) + entry.compress_size // 2
    return archive[:at] + bytes([archive[at] ^ 0x55]) + archive[at + 1 :]


def a_study(name: str, count: int, rows: int = 8) -> dict[str, bytes]:
    """Return a series of slices, numbered from 1, by path; small ones by default."""
    return {
        f"{name}/slice {number:04d}.dcm": ct_slice(
            study=uid(name), series=uid(name, "series"), instance=number, rows=rows, columns=rows
        )
        for number in range(1, count + 1)
    }
