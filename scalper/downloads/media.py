"""The DICOMDIR over a folder of fetched files: the directory by which DICOM media are read.

pydicom knows what each record holds and writes them; its `FileSet` copies every file twice, compares each with all
others, and gives files names that change with their number. So the records are put together here, over files that
stay where they are. The files were accepted; what pydicom cannot read of them is told, and not listed.
Sources: DICOM PS3.3 annex F (records, their keys and offsets), PS3.10 8 (file-sets), PS3.11 (names of files).
"""

import hashlib
import uuid
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from itertools import pairwise
from pathlib import Path

from pydicom import dcmread, dcmwrite
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.errors import InvalidDicomError
from pydicom.fileset import DIRECTORY_RECORDERS
from pydicom.uid import UID, ExplicitVRLittleEndian, MediaStorageDirectoryStorage

DIRECTORY = "DICOMDIR"
FILE_SET = "SCALPER"
"""What our file-sets are called: a DICOMDIR of another name is somebody else's."""

_OBJECTS = {
    "1.2.840.10008.5.1.4.1.1.4.2": "SPECTROSCOPY",
    "1.2.840.10008.5.1.4.1.1.9": "WAVEFORM",
    "1.2.840.10008.5.1.4.1.1.11": "PRESENTATION",
    "1.2.840.10008.5.1.4.1.1.66": "RAW DATA",
    "1.2.840.10008.5.1.4.1.1.66.1": "REGISTRATION",
    "1.2.840.10008.5.1.4.1.1.66.2": "FIDUCIAL",
    "1.2.840.10008.5.1.4.1.1.66.3": "REGISTRATION",
    "1.2.840.10008.5.1.4.1.1.66.4": "IMAGE",
    "1.2.840.10008.5.1.4.1.1.66.5": "SURFACE",
    "1.2.840.10008.5.1.4.1.1.66.6": "TRACT",
    "1.2.840.10008.5.1.4.1.1.67": "VALUE MAP",
    "1.2.840.10008.5.1.4.1.1.77.1.5.3": "STEREOMETRIC",
    "1.2.840.10008.5.1.4.1.1.88": "SR DOCUMENT",
    "1.2.840.10008.5.1.4.1.1.88.59": "KEY OBJECT DOC",
    "1.2.840.10008.5.1.4.1.1.104": "ENCAP DOC",
    "1.2.840.10008.5.1.4.1.1.481.2": "RT DOSE",
    "1.2.840.10008.5.1.4.1.1.481.3": "RT STRUCTURE SET",
    "1.2.840.10008.5.1.4.1.1.481.4": "RT TREAT RECORD",
    "1.2.840.10008.5.1.4.1.1.481.5": "RT PLAN",
    "1.2.840.10008.5.1.4.1.1.481.6": "RT TREAT RECORD",
    "1.2.840.10008.5.1.4.1.1.481.7": "RT TREAT RECORD",
    "1.2.840.10008.5.1.4.1.1.481.8": "RT PLAN",
    "1.2.840.10008.5.1.4.1.1.481.9": "RT TREAT RECORD",
}
"""SOP class, or the root of several → the record that stands for it; the others are images (PS3.3 table F.4-1)."""

_SHORTEST = 10
"""Components of the shortest of these."""

_STAND_INS = {
    "PatientID": "UNKNOWN",
    "StudyDate": "19000101",
    "StudyTime": "000000",
    "StudyID": "0",
    "Modality": "OT",
    "SeriesNumber": "0",
    "InstanceNumber": "0",
}
"""What stands in a record where its file does not state what every record must (PS3.3 F.5); the file is not touched."""

_READ = (
    *_STAND_INS,
    "SpecificCharacterSet", "SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "PatientName",
    "StudyDescription", "AccessionNumber", "SeriesDescription", "SeriesDate", "SeriesTime", "ContentDate",
    "ContentTime", "ImageType", "Rows", "Columns", "NumberOfFrames", "CompletionFlag", "VerificationFlag",
    "VerificationDateTime",
    "ConceptNameCodeSequence", "ContentSequence", "DocumentTitle", "MIMETypeOfEncapsulatedDocument",
    "HL7InstanceIdentifier", "DoseSummationType", "StructureSetLabel", "StructureSetDate", "StructureSetTime",
    "RTPlanLabel", "RTPlanDate", "RTPlanTime", "TreatmentDate", "TreatmentTime", "PresentationCreationDate",
    "PresentationCreationTime", "ContentLabel", "ContentDescription", "ContentCreatorName", "ReferencedSeriesSequence",
    "BlendingSequence", "DataPointRows", "DataPointColumns", "ReferencedImageEvidenceSequence",
)  # fmt: skip
"""All that records are made of; nothing else of a file is read."""

_UNREADABLE = (InvalidDicomError, ValueError, KeyError, AttributeError, TypeError, NotImplementedError, EOFError)
"""What pydicom raises for files that it cannot read, or of which a record cannot be made."""


@dataclass(slots=True)
class _Entry:
    """A record, and those below it by what tells them apart."""

    record: Dataset
    below: dict[str, "_Entry"] = field(default_factory=dict)

    def sort(self) -> list["_Entry"]:
        """Return those below it as people count them, and then by what tells them apart."""
        return [entry for _, entry in sorted(self.below.items(), key=lambda item: (item[1].number, item[0]))]

    def flatten(self) -> Iterator["_Entry"]:
        yield self
        for entry in self.sort():
            yield from entry.flatten()

    @property
    def number(self) -> int:
        return int(self.record.get("SeriesNumber") or self.record.get("InstanceNumber") or 0)


def is_ours(folder: Path) -> bool:
    """Say whether a folder's DICOMDIR was written here, or there is none."""
    path = folder / DIRECTORY
    if not path.exists():
        return True
    try:
        return bool(dcmread(path, specific_tags=["FileSetID"]).get("FileSetID") == FILE_SET)
    except _UNREADABLE:
        return False


def write_directory(folder: Path, files: Iterable[Path]) -> list[Path]:
    """Write the DICOMDIR of files below a folder, whole or not at all. Return the files that it cannot list.

    The same files make the same bytes. Raises OSError.
    """
    root, unlisted, uids = _Entry(Dataset()), [], []
    with warnings.catch_warnings():
        # Warnings name values.
        warnings.simplefilter("ignore")
        for path in sorted(files):
            try:
                records = list(_describe(path, path.relative_to(folder).parts))
            except _UNREADABLE:
                unlisted.append(path)
                continue
            _place(root, records)
            uids.append(records[-1][0])
        content = _encode(root, uids)
    part = folder / f".{DIRECTORY}.part"
    part.write_bytes(content)
    part.replace(folder / DIRECTORY)
    return unlisted


def _describe(path: Path, parts: Sequence[str]) -> Iterator[tuple[str, Dataset]]:
    """Yield the records of a file, patient first, with what tells each from its like. Raises one of `_UNREADABLE`."""
    header = dcmread(path, stop_before_pixels=True, specific_tags=list(_READ))
    if not str(header.StudyInstanceUID):
        raise ValueError("there is no study")
    for name, stand_in in _STAND_INS.items():
        if not str(header.get(name) or ""):
            setattr(header, name, header.get(name.replace("Study", "Series")) or stand_in)
    kinds = ("PATIENT", "STUDY", "SERIES", _choose_kind(str(header.SOPClassUID)))
    keys = (header.PatientID, header.StudyInstanceUID, header.SeriesInstanceUID, header.SOPInstanceUID)
    for kind, key in zip(kinds, keys, strict=True):
        record = Dataset()
        record.OffsetOfTheNextDirectoryRecord = 0
        record.RecordInUseFlag = 0xFFFF
        record.OffsetOfReferencedLowerLevelDirectoryEntity = 0
        record.DirectoryRecordType = kind
        if "SpecificCharacterSet" in header:
            record.SpecificCharacterSet = header.SpecificCharacterSet
        record.update(DIRECTORY_RECORDERS[kind](header))
        if kind == kinds[-1]:
            record.ReferencedFileID = list(parts)
            record.ReferencedSOPClassUIDInFile = header.SOPClassUID
            record.ReferencedSOPInstanceUIDInFile = header.SOPInstanceUID
            record.ReferencedTransferSyntaxUIDInFile = header.file_meta.TransferSyntaxUID
        yield str(key), record


def _choose_kind(sop_class: str) -> str:
    parts = sop_class.split(".")
    roots = (".".join(parts[:length]) for length in range(len(parts), _SHORTEST - 1, -1))
    return next((_OBJECTS[root] for root in roots if root in _OBJECTS), "IMAGE")


def _place(root: _Entry, records: Iterable[tuple[str, Dataset]]) -> None:
    entry = root
    for key, record in records:
        entry = entry.below.setdefault(key, _Entry(record))


def _encode(root: _Entry, uids: Iterable[str]) -> bytes:
    """Write the records, and again once it is known where each lies: an offset is as long as any other."""
    entries = [*root.flatten()][1:]
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = MediaStorageDirectoryStorage
    named = uuid.UUID(bytes=hashlib.sha256("\\".join(sorted(uids)).encode()).digest()[:16], version=4)
    meta.MediaStorageSOPInstanceUID = UID(f"2.25.{named.int}")
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    directory = Dataset()
    directory.file_meta = meta
    directory.FileSetID = FILE_SET
    directory.OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity = 0
    directory.OffsetOfTheLastDirectoryRecordOfTheRootDirectoryEntity = 0
    directory.FileSetConsistencyFlag = 0
    directory.DirectoryRecordSequence = [entry.record for entry in entries]
    written = dcmread(BytesIO(_write(directory)))
    places = {id(entry): one.seq_item_tell for entry, one in zip(entries, written.DirectoryRecordSequence, strict=True)}
    for entry in (root, *entries):
        below = entry.sort()
        for one, behind in pairwise(below):
            one.record.OffsetOfTheNextDirectoryRecord = places[id(behind)]
        if below and entry is not root:
            entry.record.OffsetOfReferencedLowerLevelDirectoryEntity = places[id(below[0])]
        elif below:
            directory.OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity = places[id(below[0])]
            directory.OffsetOfTheLastDirectoryRecordOfTheRootDirectoryEntity = places[id(below[-1])]
    return _write(directory)


def _write(directory: Dataset) -> bytes:
    opened = BytesIO()
    dcmwrite(opened, directory, enforce_file_format=True)
    return opened.getvalue()
