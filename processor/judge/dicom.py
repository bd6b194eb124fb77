"""The judgement of a DICOM file: open it, walk it, and hold what was found against the rules."""

from dataclasses import dataclass

from intake.record import Metadata
from processor.judge import encoding, envelope, identity, meta, metadata, pixels, tags
from processor.judge.data_set import DataSet
from processor.judge.encoding import Encoding
from processor.judge.findings import Findings
from processor.judge.inflation import InflatedStream
from processor.judge.meta import FileMeta
from processor.judge.refusal import RefusedError
from processor.judge.walk import Walk
from processor.judge.window import FIRST_READ, Stream, Window


@dataclass(slots=True)
class Reading:
    """What became of reading a file, as far as it came."""

    meta: FileMeta
    transfer_syntax: str
    data_set: DataSet

    @property
    def sop_instance_uid(self) -> str | None:
        return identity.sop_instance_uid(self.data_set)

    def metadata(self) -> Metadata:
        return metadata.extract(self.data_set, self.meta, self.transfer_syntax)


def judge(window: Window, start: int, findings: Findings) -> Reading:
    """Read the file from its meta information at `start` on, and add what is to be said of it."""
    head = window.buffer[:FIRST_READ]
    reading = Reading(FileMeta(start), "", DataSet(Encoding(explicit=True)))
    try:
        _read(window, reading, findings)
    except RefusedError as refusal:
        findings.add(refusal.code, refusal.where)
        _name_cause(head, refusal.code, findings)
    else:
        pixels.check(reading.data_set, reading.transfer_syntax, findings)
        identity.check(reading.data_set, reading.meta, findings)
        if "trailing-bytes" in findings:
            _name_cause(head, "trailing-bytes", findings)
    return reading


def _name_cause(head: bytes, symptom: str, findings: Findings) -> None:
    """Where a text conversion damaged the file, say so instead of what it led to."""
    cause = envelope.altered_text(head)
    if cause:
        findings.replace(symptom, cause)


def _read(window: Window, reading: Reading, findings: Findings) -> None:
    reading.meta = meta.read(window, reading.meta.end, findings)
    reading.transfer_syntax = reading.meta.uid(tags.TRANSFER_SYNTAX_UID)
    if reading.meta.end >= window.size:
        raise RefusedError("data-set-missing", f"byte {window.size}")
    _check_transfer_syntax(reading, findings)
    deflated = reading.transfer_syntax in encoding.DEFLATED
    stream: Stream = InflatedStream(window, reading.meta.end) if deflated else window
    start = 0 if deflated else reading.meta.end
    walk = Walk(stream, start, _encoding(stream, start, reading.transfer_syntax, findings), findings)
    reading.data_set = walk.data_set
    walk.run()
    if isinstance(stream, InflatedStream):
        stream.drain()


def _check_transfer_syntax(reading: Reading, findings: Findings) -> None:
    if not reading.transfer_syntax:
        if reading.meta.values:
            findings.add("transfer-syntax-missing", "(0002,0010)")
    elif not encoding.known(reading.transfer_syntax):
        findings.add("transfer-syntax-unknown", "(0002,0010)")
    elif encoding.retired(reading.transfer_syntax):
        findings.add("transfer-syntax-retired", "(0002,0010)")


def _encoding(stream: Stream, start: int, transfer_syntax: str, findings: Findings) -> Encoding:
    """Settle what the file says against what it shows. A wrong byte order is a refusal, a wrong VR is read as it is."""
    there = stream.show(start, 8)
    at = start - stream.origin
    shown = encoding.shown(stream.buffer[at : at + min(there, 8)])
    if not transfer_syntax:
        if shown is None:
            raise RefusedError("structure-invalid", f"byte {start}")
        return shown
    declared = encoding.declared(transfer_syntax)
    if shown is None or shown == declared:
        return declared
    if shown.big != declared.big:
        raise RefusedError("transfer-syntax-contradicted", "(0002,0010)")
    findings.add("vr-encoding-differs", f"byte {start}")
    return shown
