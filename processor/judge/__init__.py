"""The judge: from an object's bytes to a verdict. Pure: no AWS, no network, nothing but the standard library.

It reads hostile files. All reading goes through `window` (every look is checked against the size) and is bounded by
budgets; what cannot be read ends in a finding. Only trouble of the byte source itself raises.
"""

from dataclasses import dataclass

from intake.record import Finding, Metadata, Severity
from processor.judge import dicom
from processor.judge.catalogue import RULES_VERSION
from processor.judge.envelope import open_envelope
from processor.judge.findings import Findings
from processor.judge.kinds import UNKNOWN
from processor.judge.window import FIRST_READ, ByteSource, Window

__all__ = ["FIRST_READ", "RULES_VERSION", "ByteSource", "Judgement", "judge"]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the judge says of one object."""

    kind: str
    """`dicom`, or a guess such as `pdf`, `zip` or `unknown` at what is not taken."""
    findings: tuple[Finding, ...]
    metadata: Metadata
    sop_instance_uid: str | None

    @property
    def rejected(self) -> bool:
        return any(finding.severity is Severity.REJECT for finding in self.findings)


def judge(source: ByteSource) -> Judgement:
    """Judge one object. Raises only what `source.read` raises, and ObjectChangedError for a source that falls short."""
    findings = Findings()
    if source.size == 0:
        findings.add("empty-file")
        return Judgement(UNKNOWN, findings.listed(), {}, None)
    window = Window(source)
    envelope = open_envelope(window.buffer, window.size, findings)
    if envelope.start is None:
        return Judgement(envelope.kind, findings.listed(), {}, None)
    judged = dicom.judge(window, envelope.start, findings)
    return Judgement(envelope.kind, findings.listed(), judged.metadata, judged.sop_instance_uid)
