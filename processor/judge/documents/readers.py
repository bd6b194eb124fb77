"""Which module beside this one reads which kind."""

from collections.abc import Callable
from importlib import import_module

from intake.files.model import Metadata
from processor.judge.inspection.errors import OtherKindError, UnreadableFileError
from processor.judge.inspection.findings import Findings
from processor.judge.inspection.window import Window

Reader = Callable[[Window, Findings, Metadata], None]
"""Adds what is to be said and what is known of a file as far as it can be read; raises UnreadableFileError beyond that.

The first bytes are a guess: a reader that finds another kind raises OtherKindError, and adds nothing."""

READERS: dict[str, str] = {
    "zip": "zip.archive",
    "nifti": "images.nifti",
    "gzip": "images.gzipped",
    "png": "images.png",
    "jpeg": "images.jpeg",
    "tiff": "images.tiff",
    "pdf": "pdf.document",
    "hl7v2": "texts.hl7v2",
    "fhir": "texts.fhir",
    "json": "texts.other_json",
    "ccda": "texts.ccda",
    "xml": "texts.other_xml",
    "csv": "texts.csv_table",
}
"""Kind → its module here. `gzip`, `json` and `xml` are not taken: their modules tell attacks from the others, and find
what is of a kind that is taken after all."""


def judge(kind: str, window: Window, findings: Findings) -> tuple[str, Metadata]:
    """Read a file of a kind in READERS, add the findings, and return its kind and what is known."""
    # Imported when the first file of a kind is met: a cold start pays for no parser that it does not need.
    reader: Reader = import_module(f"processor.judge.documents.{READERS[kind]}").read
    metadata: Metadata = {}
    try:
        reader(window, findings, metadata)
    except OtherKindError as other:
        return judge(other.kind, window, findings) if other.kind in READERS else (other.kind, metadata)
    except UnreadableFileError as refusal:
        findings.add(refusal.code, refusal.where)
    return kind, metadata
