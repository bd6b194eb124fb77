"""A slide as scanners write it: tiled in full, two levels of it, each tile its own JPEG."""

import io

import numpy as np
import pydicom
from PIL import Image
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import JPEGBaseline8Bit, VLWholeSlideMicroscopyImageStorage

from tests.dicom_files import uid

TILE = 64
STUDY, SERIES = uid("slide", "study"), uid("slide", "series")


def picture(size: int) -> np.ndarray:
    """Return a square picture whose red grows from row to row, and whose green grows from column to column."""
    rows, columns = np.mgrid[0:size, 0:size]
    return np.stack([rows * 255 // size, columns * 255 // size, np.full_like(rows, 128)], axis=-1).astype(np.uint8)


def level(size: int, *, spacing: float) -> bytes:
    """Return a level of the slide, `size` pixels wide and high, its pixels `spacing` mm apart."""
    data = Dataset()
    data.SOPClassUID = VLWholeSlideMicroscopyImageStorage
    data.SOPInstanceUID = uid("slide", f"level-{size}")
    data.StudyInstanceUID, data.SeriesInstanceUID = STUDY, SERIES
    data.FrameOfReferenceUID = uid("slide", "frame-of-reference")
    data.PatientName, data.PatientID, data.PatientBirthDate, data.PatientSex = "Example^Anna", "NS-1", "19700101", "F"
    data.StudyDate, data.StudyTime, data.AccessionNumber, data.StudyID = "20260110", "100000", "ACC-7", "1"
    data.ContentDate, data.ContentTime, data.AcquisitionDateTime = "20260110", "100000", "20260110100000"
    data.Modality, data.SeriesNumber, data.InstanceNumber = "SM", 1, 1 if spacing < 0.001 else 2
    data.Manufacturer, data.ManufacturerModelName = "Example", "Scanner"
    data.DeviceSerialNumber, data.SoftwareVersions, data.ReferringPhysicianName = "1", "1", ""
    data.ImageType = [
        "ORIGINAL" if size == 4 * TILE else "DERIVED",
        "PRIMARY",
        "VOLUME",
        "NONE" if size == 4 * TILE else "RESAMPLED",
    ]
    data.BurnedInAnnotation, data.SpecimenLabelInImage, data.FocusMethod = "NO", "NO", "AUTO"
    data.ExtendedDepthOfField, data.VolumetricProperties, data.PositionReferenceIndicator = (
        "NO",
        "VOLUME",
        "SLIDE_CORNER",
    )
    data.DimensionOrganizationType = "TILED_FULL"
    data.ContainerIdentifier, data.AcquisitionContextSequence = "SLIDE-1", []
    data.SamplesPerPixel, data.PhotometricInterpretation, data.PlanarConfiguration = 3, "YBR_FULL_422", 0
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 8, 8, 7, 0
    data.Rows = data.Columns = TILE
    data.TotalPixelMatrixRows = data.TotalPixelMatrixColumns = size
    data.TotalPixelMatrixFocalPlanes, data.NumberOfOpticalPaths = 1, 1
    data.ImagedVolumeWidth = data.ImagedVolumeHeight = size * spacing
    data.ImagedVolumeDepth = 0.001
    data.ImageOrientationSlide = [0, -1, 0, -1, 0, 0]
    data.LossyImageCompression, data.LossyImageCompressionRatio = "01", "10"
    data.LossyImageCompressionMethod = "ISO_10918_1"
    origin = Dataset()
    origin.XOffsetInSlideCoordinateSystem, origin.YOffsetInSlideCoordinateSystem = 20, 40
    data.TotalPixelMatrixOriginSequence = [origin]
    data.OpticalPathSequence = [_optical_path()]
    data.SharedFunctionalGroupsSequence = [_shared_groups(data.ImageType, spacing)]
    tiles = [_jpeg(tile) for tile in _tiles(picture(size))]
    data.NumberOfFrames = len(tiles)
    data.PixelData = encapsulate(tiles)
    data["PixelData"].VR = "OB"
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = data.SOPClassUID, data.SOPInstanceUID
    meta.TransferSyntaxUID = JPEGBaseline8Bit
    file = io.BytesIO()
    pydicom.dcmwrite(file, FileDataset(None, data, file_meta=meta, preamble=bytes(128)), enforce_file_format=True)
    return file.getvalue()


def _optical_path() -> Dataset:
    path = Dataset()
    path.OpticalPathIdentifier = "1"
    path.IlluminationTypeCodeSequence = [_code("111744", "DCM", "Brightfield illumination")]
    path.IlluminationColorCodeSequence = [_code("371251000", "SCT", "White")]
    return path


def _shared_groups(image_type: object, spacing: float) -> Dataset:
    measures = Dataset()
    measures.PixelSpacing, measures.SliceThickness = [spacing, spacing], 0.001
    frame_type = Dataset()
    frame_type.FrameType = image_type
    shared = Dataset()
    shared.PixelMeasuresSequence = [measures]
    shared.WholeSlideMicroscopyImageFrameTypeSequence = [frame_type]
    return shared


def _tiles(pixels: np.ndarray) -> list[np.ndarray]:
    starts = range(0, len(pixels), TILE)
    return [pixels[top : top + TILE, left : left + TILE] for top in starts for left in starts]


def _jpeg(tile: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(tile).save(file, "JPEG", quality=95)
    return file.getvalue()


def _code(value: str, scheme: str, meaning: str) -> Dataset:
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, scheme, meaning
    return code
