"""DICOM images for the renderer's tests: written by pydicom, and read as the renderer reads them."""

from io import BytesIO
from typing import Any

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from intake.dicom.budget import Budget
from intake.dicom.reader import scan
from processor.render.dicom_header import Header, read_header
from processor.render.drawing.decoding import Frame
from processor.render.drawing.elements import Elements
from tests.unit.processor.judge.sources import CountedSource

SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"


def image(values: np.ndarray, **attributes: Any) -> Dataset:
    """Return a secondary capture of values, whose type says how they are stored."""
    found = Dataset()
    found.file_meta = FileMetaDataset()
    found.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    found.SOPClassUID = SECONDARY_CAPTURE
    found.SOPInstanceUID = generate_uid(entropy_srcs=["render"])
    found.Rows, found.Columns = values.shape[:2]
    found.SamplesPerPixel = 1 if values.ndim == 2 else values.shape[2]
    found.PhotometricInterpretation = "MONOCHROME2" if values.ndim == 2 else "RGB"
    if values.ndim == 3:
        found.PlanarConfiguration = 0
    found.BitsAllocated = found.BitsStored = 8 * values.dtype.itemsize
    found.HighBit = found.BitsStored - 1
    found.PixelRepresentation = int(values.dtype.kind == "i")
    found.PixelData = values.tobytes() + b"\0" * (values.nbytes % 2)
    found["PixelData"].VR = "OB" if values.dtype.itemsize == 1 else "OW"
    for name, value in attributes.items():
        setattr(found, name, value)
    return found


def write(data_set: Dataset) -> bytes:
    written = BytesIO()
    data_set.save_as(written, enforce_file_format=True)
    return written.getvalue()


def budget() -> Budget:
    return Budget(steps=100_000, fetched=10_000_000, inflated=10_000_000, taken=10_000_000)


def header(data: bytes, frame: int | None = None) -> Header:
    return read_header(scan(CountedSource(data), budget()), frame)


def elements(data_set: Dataset) -> Elements:
    """Return what the child gets to see of a data set's header."""
    found = header(write(data_set))
    return Elements(found.elements, big=found.big, signed=bool(data_set.get("PixelRepresentation", 0)))


def frame(data_set: Dataset, **changes: Any) -> Frame:
    """Return what a data set says of its frames."""
    syntax = data_set.file_meta.TransferSyntaxUID
    facts: dict[str, Any] = {
        "transfer_syntax": str(syntax),
        "encapsulated": syntax.is_encapsulated,
        "rows": data_set.Rows,
        "columns": data_set.Columns,
        "samples": data_set.SamplesPerPixel,
        "bits_allocated": data_set.BitsAllocated,
        "bits_stored": data_set.get("BitsStored", data_set.BitsAllocated),
        "high_bit": data_set.get("HighBit", data_set.BitsAllocated - 1),
        "signed": bool(data_set.get("PixelRepresentation", 0)),
        "planar": bool(data_set.get("PlanarConfiguration", 0)),
        "photometric": data_set.PhotometricInterpretation,
        "big": not syntax.is_little_endian,
        "floating": "PixelData" not in data_set,
    }
    return Frame(**{**facts, **changes})
