"""What a worker tells of the files that it judged: lines to print, verdicts, and which instances they are."""

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from processor.ingest.offline_check import Checked


@dataclass(slots=True)
class JudgedBatch:
    """What became of some files."""

    text: str = ""
    """Whole lines, ready to be printed."""
    files: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    """Entries of archives included."""
    instances: list[tuple[str, str]] = field(default_factory=list)
    """Series and SOP Instance UIDs of the DICOM files."""
    directories: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """DICOMDIRs: the path of each, and its metadata."""
    unreadable: OSError | None = None
    """What ended the batch."""


def note_instance(batch: JudgedBatch, checked: "Checked") -> None:
    """Note which instance a file is, or that it is a DICOMDIR, which lists some."""
    metadata = checked.judgement.metadata
    if "references" in metadata:
        batch.directories.append((checked.path, metadata))
    elif checked.judgement.sop_instance_uid and "series_instance_uid" in metadata:
        batch.instances.append((metadata["series_instance_uid"], checked.judgement.sop_instance_uid))
