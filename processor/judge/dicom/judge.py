"""The judgement of a DICOM file: open it, walk it, and hold what was found against the rules."""

from typing import NamedTuple

from intake.dicom import boundaries, encoding
from intake.dicom.encoding import EXPLICIT, Encoding
from intake.files.model import Metadata
from processor.judge.dicom import metadata, shared, texts
from processor.judge.dicom.dictionary import positions, tags
from processor.judge.dicom.dictionary.attributes import ABSENT, NOTHING
from processor.judge.dicom.elements.data_set import DataSet
from processor.judge.dicom.elements.tag_order import Order
from processor.judge.dicom.reader import file_meta, trailing_data
from processor.judge.dicom.reader.file_meta import FileMeta
from processor.judge.dicom.reader.inflation import InflatedStream
from processor.judge.dicom.reader.walk import Walk
from processor.judge.dicom.rules import geometry, identity, modules, pixel_data
from processor.judge.dicom.texts import Texts
from processor.judge.inspection import envelope
from processor.judge.inspection.errors import UnreadableFileError
from processor.judge.inspection.findings import Findings
from processor.judge.inspection.window import Stream, Window

META = (tags.MEDIA_STORAGE_SOP_CLASS_UID, tags.MEDIA_STORAGE_SOP_INSTANCE_UID, tags.TRANSFER_SYNTAX_UID)
"""What the file meta information must hold, in its order."""
COMMAND_GROUP = b"\0\0"


class Judged(NamedTuple):
    """What is known of a file in the end."""

    metadata: Metadata
    sop_instance_uid: str | None


def judge(window: Window, start: int, findings: Findings) -> Judged:
    """Read the file from its meta information at `start` on, and add what is to be said of it."""
    head = window.buffer
    stated, data_set = FileMeta(start), DataSet(EXPLICIT, NOTHING.copy())
    refused = _read_file(window, stated, data_set, findings)
    common = shared.read(data_set.values, findings, big=data_set.encoding.big)
    known = texts.read_own(common.texts, data_set.values, findings)
    if not refused:
        sop_class = identity.find_sop_class(known.of)
        pixel_data.check(
            data_set, common.image, stated.transfer_syntax, findings, sop_class=sop_class, sound=common.image_sound
        )
        identity.check(known.of, findings, plain=known.plain)
        _check_contents(known, findings, sound=common.sound)
    if refused or trailing_data.TRAILING in findings:
        # Where a text conversion damaged the file, that is said instead of what it led to.
        cause = envelope.find_text_conversion(head)
        if cause:
            findings.replace(refused or trailing_data.TRAILING, cause)
    return Judged(metadata.extract(common.fields, known), identity.find_sop_instance(known.of, plain=known.plain))


def _check_contents(known: Texts, findings: Findings, *, sound: bool) -> None:
    """Check what is of no interest in a file that cannot be read or filed anyway."""
    sop_class = identity.find_sop_class(known.of)
    has_patient = identity.has_patient(sop_class, known.of)
    if has_patient:
        modules.check(known.of, findings)
    if sound:
        return
    modules.check_character_set(known.of[positions.SPECIFIC_CHARACTER_SET], findings)
    if has_patient:
        modules.check_expected(sop_class, known.of, findings)
        geometry.check(known.of, findings)


def _read_file(window: Window, stated: FileMeta, data_set: DataSet, findings: Findings) -> str:
    """Read as far as possible, and return the code of what ended it before the end, or nothing."""
    try:
        file_meta.read(window, stated, data_set.values, findings)
        if "file-meta-incomplete" in findings:
            absent = next(tag for tag in META if data_set.values[tag] is ABSENT)
            findings.place("file-meta-incomplete", tags.name_tag(absent))
        _check_transfer_syntax(window, stated, findings)
        _read_data_set(window, stated, data_set, findings)
    except UnreadableFileError as refusal:
        findings.add(refusal.code, refusal.where)
        return refusal.code
    return ""


def _read_data_set(window: Window, stated: FileMeta, data_set: DataSet, findings: Findings) -> None:
    deflated = stated.transfer_syntax in encoding.DEFLATED
    stream: Stream = InflatedStream(window, stated.end) if deflated else window
    start = _pass_commands(stream, 0 if deflated else stated.end, findings)
    data_set.encoding = _settle_encoding(stream, start, stated.transfer_syntax, findings)
    walk = Walk(stream, start, data_set, findings)
    walk.run()
    _tell_order(walk.order, findings)
    if isinstance(stream, InflatedStream) and not data_set.unchecked:
        stream.drain()
        # One NUL may pad deflate data to even length (PS3.5 A.5).
        if window.size - stream.end > 1:
            trailing_data.check(window, stream.end, findings, after_pixels=True)


def _pass_commands(stream: Stream, start: int, findings: Findings) -> int:
    """Return where the data set starts: behind the elements of the command that sent it, which some writers leave."""
    if not (stream.show(start, 2) >= 2 and stream.buffer.startswith(COMMAND_GROUP, start - stream.origin)):
        return start
    end = boundaries.end_of_commands(stream, start)
    if end > start:
        findings.add("command-elements", f"byte {start}")
    return end


def _tell_order(order: Order, findings: Findings) -> None:
    """Add what was noted of the outermost level's elements."""
    if order.is_clean:
        return
    noted = (
        ("elements-unordered", order.disordered),
        ("private-creator-missing", order.ownerless),
        ("value-length-odd", order.odd),
        ("vr-unexpected", order.other_vr),
    )
    for code, tag in noted:
        if tag is not None:
            findings.add(code, tags.name_tag(tag))


def _check_transfer_syntax(window: Window, found: FileMeta, findings: Findings) -> None:
    if found.end >= window.size:
        raise UnreadableFileError("data-set-missing", f"byte {window.size}")
    transfer_syntax = found.transfer_syntax
    if not transfer_syntax:
        if found.elements:
            findings.add("transfer-syntax-missing", tags.format_tag(tags.TRANSFER_SYNTAX_UID))
    elif not encoding.is_known(transfer_syntax):
        findings.add("transfer-syntax-unknown", tags.format_tag(tags.TRANSFER_SYNTAX_UID))
    elif encoding.is_retired(transfer_syntax):
        findings.add("transfer-syntax-retired", tags.format_tag(tags.TRANSFER_SYNTAX_UID))


def _settle_encoding(stream: Stream, start: int, transfer_syntax: str, findings: Findings) -> Encoding:
    """Settle what the file says against what it shows. A wrong byte order is a refusal, a wrong VR is read as it is."""
    there = stream.show(start, 8)
    at = start - stream.origin
    shown = encoding.detect(stream.buffer[at : at + min(there, 8)])
    if not transfer_syntax:
        if shown is None:
            raise UnreadableFileError("structure-invalid", f"byte {start}")
        return shown
    declared = encoding.look_up(transfer_syntax)
    if shown is None or shown == declared:
        return declared
    if shown.big != declared.big:
        raise UnreadableFileError("transfer-syntax-contradicted", tags.format_tag(tags.TRANSFER_SYNTAX_UID))
    findings.add("vr-encoding-differs", f"byte {start}")
    return shown
