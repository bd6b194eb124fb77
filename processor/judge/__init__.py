"""The judge: from an object's bytes to a verdict. Pure: no AWS, no network, nothing but the standard library.

It reads hostile files. All reading goes through `window` (every look is checked against the size) and is bounded by
budgets; what cannot be read ends in a finding. Only trouble of the byte source itself raises.
"""

from dataclasses import dataclass

from intake.dicom.streams import ByteSource
from intake.files.model import Finding, Metadata, Severity
from processor.judge.dicom import judge as dicom
from processor.judge.documents import readers
from processor.judge.inspection.envelope import open_envelope
from processor.judge.inspection.facts import Facts
from processor.judge.inspection.findings import Findings, order_telling
from processor.judge.inspection.kinds import EXTENSIONS, TAKEN, UNKNOWN, claim_kind, contradicts
from processor.judge.inspection.window import Window

NOTHING_ELSE = Facts()
ARCHIVE = "zip"
OTHER_FORMS = {"fhir-xml": "fhir-not-json", "fhir-ndjson": "fhir-not-json"}
"""Kinds that are not taken, of content that is: the finding that says how to send it."""


@dataclass(slots=True)
class Judgement:
    """What the judge says of one object; not frozen, as making that takes longer than some of the rules."""

    kind: str
    """One of `kinds.TAKEN`, or a guess such as `gif`, `gzip` or `unknown` at what is not taken."""
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
        return _weigh(envelope.kind, judged, source.size, facts, findings)
    kind = envelope.kind if findings else claim_kind(facts.extension, envelope.kind)
    metadata: Metadata = {}
    if not findings:
        kind, metadata = _read_document(kind, window, facts, findings)
    return _weigh(kind, dicom.Judged(metadata, None), source.size, facts, findings)


def _read_document(kind: str, window: Window, facts: Facts, findings: Findings) -> tuple[str, Metadata]:
    """Return the kind, as its reader found it, and what is known."""
    if kind == UNKNOWN:
        findings.add("not-dicom")
        return kind, {}
    if kind == ARCHIVE and facts.from_archive:
        findings.add("archive-nested")
        return kind, {}
    metadata: Metadata = {}
    if kind in readers.READERS:
        kind, metadata = readers.judge(kind, window, findings)
    if kind not in TAKEN and not findings:
        if kind in OTHER_FORMS:
            findings.add(OTHER_FORMS[kind])
        findings.add("kind-unsupported", kind)
    return kind, metadata


def _weigh(kind: str, judged: dicom.Judged, size: int, facts: Facts, findings: Findings) -> Judgement:
    """Add what the name and the clinic's profile have to say, and weigh all of it by that profile."""
    if kind != UNKNOWN and contradicts(facts.extension, kind):
        # Whoever exports to DICOM and sends something else lost the patient's identity on the way.
        lost = kind in TAKEN and EXTENSIONS[facts.extension] == {"dicom"}
        findings.add("extension-claims-dicom" if lost else "extension-mismatch")
    facts.profile.check(kind, size, findings)
    if not findings:
        return Judgement(kind, (), judged.metadata, judged.sop_instance_uid)
    kept, shadow = facts.profile.weigh(findings.list_all())
    return Judgement(kind, order_telling(kept), judged.metadata, judged.sop_instance_uid, shadow)
