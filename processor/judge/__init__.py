"""The judge: from an object's bytes to a verdict. Pure: no AWS, no network, nothing but the standard library.

It reads hostile files. All reading goes through `window` (every look is checked against the size) and is bounded by
budgets; what cannot be read ends in a finding. Only trouble of the byte source itself raises.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

from intake.dicom.streams import ByteSource
from intake.files.model import Finding, Metadata, Severity, Whose
from intake.files.weighing import order_telling
from intake.studies.media_directory import is_media_directory
from processor.judge.dicom import judge as dicom
from processor.judge.dicom.media_directory import read_references
from processor.judge.inspection.envelope import UNKNOWN, open_envelope
from processor.judge.inspection.errors import OtherKindError, UnreadableFileError
from processor.judge.inspection.findings import EVERYTHING, Findings, Profile
from processor.judge.inspection.window import Window
from processor.judge.rules.catalogue import RULES, TAKEN

Reader = Callable[[Window, Findings, Metadata], None]
"""Adds what is to be said and what is known of a file as far as it can be read; raises UnreadableFileError beyond that.

The first bytes are a guess: a reader that finds another kind raises OtherKindError, and adds nothing."""

READERS: dict[str, str] = {
    "zip": "zip.archive.read",
    "nifti": "images.nifti.read",
    "gzip": "images.nifti.read_gzip",
    "png": "images.png.read",
    "jpeg": "images.jpeg.read",
    "tiff": "images.tiff.read",
    "pdf": "pdf.document.read",
    "hl7v2": "texts.hl7v2.read",
    "fhir": "texts.fhir.read",
    "json": "texts.fhir.read_json",
    "ccda": "texts.ccda.read",
    "xml": "texts.ccda.read_xml",
    "csv": "texts.csv_table.read",
}
"""Kind → the function in `documents` that reads it. `gzip`, `json` and `xml` are not taken: their readers tell attacks
from the others, and find what is of a kind that is taken after all."""

ARCHIVE = "zip"
OTHER_FORMS = {"fhir-xml": "fhir-not-json", "fhir-ndjson": "fhir-not-json"}
"""Kinds that are not taken, of content that is: the finding that says how to send it."""
EXTENSIONS = {
    "dcm": {"dicom"},
    "dicom": {"dicom"},
    "nii": {"nifti"},
    "nii.gz": {"nifti"},
    "hl7": {"hl7v2"},
    "json": {"fhir", "json"},
    "xml": {"ccda", "xml", "svg", "html"},
    "pdf": {"pdf"},
    "jpg": {"jpeg"},
    "jpeg": {"jpeg"},
    "png": {"png"},
    "tif": {"tiff", "dicom"},
    "tiff": {"tiff", "dicom"},
    "csv": {"csv"},
    "zip": {"zip"},
}
"""Extension → the kinds that it stands for. DICOM has no extension of its own and many odd ones: whatever is not here
claims nothing. Whole slide images are TIFF and DICOM at once (PS3.10 7.5)."""
CLAIMS = {"csv": ("csv", {"text", UNKNOWN}), "hl7": ("hl7v2", {"text", "csv"})}
"""Extension → the kind that it says of plain text or, for a table, of anything else that tells nothing of itself."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the sender, the clinic and the archive that it came in say of a file."""

    extension: str = ""
    """Of the declared name, as `keys.extension` gives it; nothing where there is none."""
    from_archive: bool = False
    """The object is an entry of an archive; an archive in it is refused."""
    profile: Profile = EVERYTHING


NOTHING_ELSE = Facts()


@dataclass(slots=True)
class Judgement:
    """What the judge says of one object; not frozen, as making that takes longer than some of the rules."""

    kind: str
    """One of `catalogue.TAKEN`, or a guess such as `gif`, `gzip` or `unknown` at what is not taken."""
    findings: tuple[Finding, ...]
    metadata: Metadata
    sop_instance_uid: str | None
    shadow: tuple[str, ...] = ()
    """Codes of broken rules that the clinic's profile only counts."""

    @property
    def rejected(self) -> bool:
        return any(finding.severity is Severity.REJECT for finding in self.findings)


def judge(source: ByteSource, facts: Facts = NOTHING_ELSE) -> Judgement:
    """Judge one object. Raises only what `source.read` raises, and ObjectChangedError for a source that falls short."""
    findings = Findings()
    if source.size == 0:
        findings.add("empty-file")
        return _weigh(UNKNOWN, dicom.Judged({}, None), 0, facts, findings)
    window = Window(source)
    envelope = open_envelope(window.buffer, window.size, findings)
    if envelope.start is not None:
        judged = dicom.judge(window, envelope.start, findings)
        if is_media_directory(judged.metadata):
            judged.metadata.update(read_references(source))
        return _weigh(envelope.kind, judged, source.size, facts, findings)
    kind, metadata = envelope.kind, Metadata()
    if not findings:
        # Text tells little of itself: there the extension counts.
        claim, of = CLAIMS.get(facts.extension, ("", set[str]()))
        kind, metadata = _read_document(claim if kind in of else kind, window, facts, findings)
    return _weigh(kind, dicom.Judged(metadata, None), source.size, facts, findings)


def _read_document(kind: str, window: Window, facts: Facts, findings: Findings) -> tuple[str, Metadata]:
    """Return the kind, as its reader found it, and what is known."""
    if kind == UNKNOWN:
        findings.add("not-dicom")
        return kind, {}
    if kind == ARCHIVE and facts.from_archive:
        findings.add("archive-nested")
        return kind, {}
    kind, metadata = _read_kind(kind, window, findings)
    if kind not in TAKEN and not findings:
        if kind in OTHER_FORMS:
            findings.add(OTHER_FORMS[kind])
        findings.add("kind-unsupported", kind)
    return kind, metadata


def _read_kind(kind: str, window: Window, findings: Findings) -> tuple[str, Metadata]:
    metadata: Metadata = {}
    if kind not in READERS:
        return kind, metadata
    # Imported when the first file of a kind is met: a cold start pays for no parser that it does not need.
    module, _, name = READERS[kind].rpartition(".")
    reader: Reader = getattr(import_module(f"processor.judge.documents.{module}"), name)
    try:
        reader(window, findings, metadata)
    except OtherKindError as other:
        return _read_kind(other.kind, window, findings)
    except UnreadableFileError as refusal:
        findings.add(refusal.code, refusal.where)
    return kind, metadata


def _weigh(kind: str, judged: dicom.Judged, size: int, facts: Facts, findings: Findings) -> Judgement:
    """Add what the name and the clinic's profile have to say, and weigh all of it by that profile."""
    if kind != UNKNOWN and kind not in EXTENSIONS.get(facts.extension, {kind}):
        # Whoever exports to DICOM and sends something else lost the patient's identity on the way.
        lost = kind in TAKEN and EXTENSIONS[facts.extension] == {"dicom"}
        findings.add("extension-claims-dicom" if lost else "extension-mismatch")
    facts.profile.check(kind, size, findings)
    if not findings:
        return Judgement(kind, (), judged.metadata, judged.sop_instance_uid)
    kept, shadow = facts.profile.weigh(findings.list_all())
    return Judgement(kind, order_telling(kept, _find_whose), judged.metadata, judged.sop_instance_uid, shadow)


def _find_whose(code: str) -> Whose:
    return RULES[code].whose
