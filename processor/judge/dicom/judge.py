"""The judgement of a DICOM file: its meta information (group 0002), its data set, and both held against the rules.

The meta information is always explicit VR little endian, and says how the data set behind it is encoded (PS3.10 7).
"""

import struct
from dataclasses import dataclass
from typing import NamedTuple

from intake.dicom import boundaries, encoding
from intake.dicom.encoding import EXPLICIT, LONG_VRS, SHORT_VRS, UNDEFINED_LENGTH, Encoding, Header, header
from intake.dicom.streams import take_bytes
from intake.files.model import Metadata
from processor.judge.dicom import metadata
from processor.judge.dicom.dictionary import tags
from processor.judge.dicom.dictionary.attributes import ABSENT, KEPT_BYTES, LOOKALIKE, NOTHING, Values
from processor.judge.dicom.elements.data_set import DataSet
from processor.judge.dicom.reader import damage
from processor.judge.dicom.reader.inflation import InflatedStream
from processor.judge.dicom.reader.walk import Walk
from processor.judge.dicom.rules import identity, modules, pixel_data
from processor.judge.dicom.texts import read_own
from processor.judge.inspection import envelope
from processor.judge.inspection.errors import UnreadableFileError
from processor.judge.inspection.findings import Findings
from processor.judge.inspection.window import Stream, Window

_UNPACK = struct.Struct("<HH2sHI").unpack_from
MAX_META_ELEMENTS = 1_000
_KEPT_NUMBERS = frozenset(tag & 0xFFFF for tag in (tags.FILE_META_LENGTH, *tags.NEEDED_META))
COMMAND_GROUP = b"\0\0"


@dataclass(slots=True)
class FileMeta:
    """What the file meta information says, as far as it was read; empty where there is none."""

    end: int
    """Where it ends, and the data set starts."""
    length: bytes = b""
    """The value of File Meta Information Group Length."""
    elements: int = 0
    """How many elements there are, of all kinds."""
    transfer_syntax: str = ""
    repeated: bool = False
    """Whether one of the kept elements stands there again."""


class Judged(NamedTuple):
    """What is known of a file in the end."""

    metadata: Metadata
    sop_instance_uid: str | None


def judge(window: Window, start: int, findings: Findings) -> Judged:
    """Read the file from its meta information at `start` on, and add what is to be said of it."""
    head = window.buffer
    meta, data_set = FileMeta(start), DataSet(EXPLICIT, NOTHING.copy())
    refused = _read_file(window, meta, data_set, findings)
    shared = metadata.read_shared(data_set.values, findings, big=data_set.encoding.big)
    known = read_own(shared.texts, data_set.values, findings)
    if not refused:
        sop_class = identity.find_sop_class(known.of)
        pixel_data.check(
            data_set, shared.image, meta.transfer_syntax, findings, sop_class=sop_class, sound=shared.image_sound
        )
        identity.check(known.of, findings, plain=known.plain)
        has_patient = identity.has_patient(sop_class, known.of)
        if has_patient:
            modules.check(known.of, findings)
        if not shared.sound:
            modules.check_shared(sop_class, known.of, findings, has_patient=has_patient)
    if refused or damage.TRAILING in findings:
        # Where a text conversion damaged the file, that is said instead of what it led to.
        cause = envelope.find_text_conversion(head)
        if cause:
            findings.replace(refused or damage.TRAILING, cause)
    return Judged(metadata.extract(shared.fields, known), identity.find_sop_instance(known.of, plain=known.plain))


def _read_file(window: Window, meta: FileMeta, data_set: DataSet, findings: Findings) -> str:
    """Read as far as possible, and return the code of what ended it before the end, or nothing."""
    try:
        _read_meta(window, meta, data_set.values, findings)
        _check_transfer_syntax(window, meta, findings)
        _read_data_set(window, meta, data_set, findings)
    except UnreadableFileError as refusal:
        findings.add(refusal.code, refusal.where)
        return refusal.code
    return ""


def _read_meta(window: Window, meta: FileMeta, values: Values, findings: Findings) -> None:
    """Read the group's elements from `meta.end` on into `values`. Raises UnreadableFileError where they are cut off."""
    position = meta.end
    _pass_at_hand(window, meta, values)
    while (head := _read_header(window, meta.end)) is not None:
        start = meta.end + head.size
        if head.length == UNDEFINED_LENGTH or not window.holds(start + head.length):
            raise UnreadableFileError("truncated", tags.format_tag(head.tag))
        _keep(meta, values, head.tag, take_bytes(window, start, min(head.length, KEPT_BYTES)))
        meta.end = start + head.length
        meta.elements += 1
        if meta.elements > MAX_META_ELEMENTS:
            raise UnreadableFileError("too-many-elements", f"byte {meta.end}")
    stated = values[tags.TRANSFER_SYNTAX_UID]
    meta.transfer_syntax = "" if stated is ABSENT else stated.decode("latin-1").strip("\0 ")
    _check_meta(window, meta, position, values, findings)


def _keep(meta: FileMeta, values: Values, tag: int, value: bytes) -> None:
    """Keep the first value: what stands there again, within the stated length or behind it, is ignored and told."""
    if tag == tags.FILE_META_LENGTH:
        meta.repeated = meta.repeated or bool(meta.length)
        meta.length = meta.length or value
    elif tag in tags.NEEDED_META:
        if values[tag] is ABSENT:
            values[tag] = LOOKALIKE if value == ABSENT else value
        else:
            meta.repeated = True


def _pass_at_hand(window: Window, meta: FileMeta, values: Values) -> None:
    """Read the elements that lie in the buffer as a whole."""
    buffer, elements = window.buffer, meta.elements
    at = meta.end - window.origin
    size = len(buffer)
    while at <= size - 12 and elements <= MAX_META_ELEMENTS:
        group, number, vr, length, long_length = _UNPACK(buffer, at)
        if vr in SHORT_VRS:
            start = at + 8
        elif vr in LONG_VRS:
            start, length = at + 12, long_length
        else:
            break
        if group != 2 or start + length > size:
            break
        if number in _KEPT_NUMBERS:
            _keep(meta, values, 0x20000 | number, buffer[start : start + min(length, KEPT_BYTES)])
        at = start + length
        elements += 1
    meta.end, meta.elements = window.origin + at, elements


def _read_header(window: Window, position: int) -> Header | None:
    """Return the next element of group 0002, or None where the group ends."""
    there = window.show(position, 12)
    at = position - window.origin
    if there == 0 or (there >= 2 and window.buffer[at : at + 2] != b"\2\0"):
        return None
    head = header(window.buffer, at, at + there, EXPLICIT) if there >= 8 else None
    if head is None:
        raise UnreadableFileError("truncated", f"byte {position}")
    return head


def _check_meta(window: Window, meta: FileMeta, start: int, values: Values, findings: Findings) -> None:
    if not meta.elements:
        findings.add("file-meta-missing")
        return
    absent = next((tag for tag in tags.NEEDED_META if values[tag] is ABSENT), None)
    if absent is not None:
        findings.add("file-meta-incomplete", tags.name_tag(absent))
    if meta.repeated:
        findings.add("file-meta-repeated", f"byte {start}")
    if len(meta.length) != 4:
        findings.add("file-meta-length-missing", tags.format_tag(tags.FILE_META_LENGTH))
        return
    # The length counts from behind its own element, which takes 12 bytes and comes first.
    declared_end = start + 12 + int.from_bytes(meta.length, "little")
    if declared_end > window.size:
        findings.add("file-meta-length-impossible", tags.format_tag(tags.FILE_META_LENGTH))
    elif declared_end != meta.end and not (meta.repeated and declared_end < meta.end):
        findings.add("file-meta-length-wrong", tags.format_tag(tags.FILE_META_LENGTH))


def _check_transfer_syntax(window: Window, meta: FileMeta, findings: Findings) -> None:
    if meta.end >= window.size:
        raise UnreadableFileError("data-set-missing", f"byte {window.size}")
    transfer_syntax = meta.transfer_syntax
    if not transfer_syntax:
        if meta.elements:
            findings.add("transfer-syntax-missing", tags.format_tag(tags.TRANSFER_SYNTAX_UID))
    elif not encoding.is_known(transfer_syntax):
        findings.add("transfer-syntax-unknown", tags.format_tag(tags.TRANSFER_SYNTAX_UID))
    elif encoding.is_retired(transfer_syntax):
        findings.add("transfer-syntax-retired", tags.format_tag(tags.TRANSFER_SYNTAX_UID))


def _read_data_set(window: Window, meta: FileMeta, data_set: DataSet, findings: Findings) -> None:
    deflated = meta.transfer_syntax in encoding.DEFLATED
    stream: Stream = InflatedStream(window, meta.end) if deflated else window
    start = 0 if deflated else meta.end
    if take_bytes(stream, start, 2) == COMMAND_GROUP:
        # Some writers leave the elements of the command that sent the data set.
        end = boundaries.end_of_commands(stream, start)
        if end > start:
            findings.add("command-elements", f"byte {start}")
        start = end
    data_set.encoding = _settle_encoding(stream, start, meta.transfer_syntax, findings)
    walk = Walk(stream, start, data_set, findings)
    walk.run()
    walk.order.tell(findings)
    if isinstance(stream, InflatedStream) and not data_set.unchecked:
        stream.drain()
        # One NUL may pad deflate data to even length (PS3.5 A.5).
        if window.size - stream.end > 1:
            damage.check_trailing(window, stream.end, findings, after_pixels=True)


def _settle_encoding(stream: Stream, start: int, transfer_syntax: str, findings: Findings) -> Encoding:
    """Settle what the file says against what it shows. A wrong byte order is a refusal, a wrong VR is read as it is."""
    shown = encoding.detect(take_bytes(stream, start, 8))
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
