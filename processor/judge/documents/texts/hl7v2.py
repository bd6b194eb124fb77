"""HL7 v2 messages and batches in ER7 encoding: delimiters, segments, header, patient (HL7 v2.5.1, chapter 2)."""

import re

from intake.files.model import Metadata
from processor.judge.documents import parts
from processor.judge.inspection.errors import UnreadableFileError
from processor.judge.inspection.findings import Findings
from processor.judge.inspection.window import Window

MLLP = re.compile(r"[\x0b\x1c]")
"""Start and end of a message on the wire (MLLP), which do not belong into a file."""
LINE_END = re.compile(r"\r\n|\r|\n")
STRICT_ENDS, ANY_END = re.compile(r"\r\n?"), LINE_END
"""Where CR ends the header, as the standard wants, it ends every segment, and LF alone is a letter of a text."""
ENVELOPES = ("FHS", "BHS", "FTS", "BTS")

HEADERS = ("FHS", "BHS", "MSH")
SEGMENT = re.compile(r"[A-Z][A-Z0-9]{2}")
BINARY = re.compile(r"[\x00-\x08\x0e-\x1b\x1d-\x1f]")
MESSAGE_TYPE = re.compile(r"[A-Z][A-Z0-9]{2}")
VERSION = re.compile(r"2\.\d{1,2}(\.\d{1,2})?")
MAX_SEGMENTS = 100_000
MAX_FRAMES = 100_000
MOST_FIELDS, LONGEST_HEADER = 40, 64 * 1024
"""Fields and characters of one segment that are looked at: all that matter come early."""


def read(window: Window, findings: Findings, metadata: Metadata) -> None:
    """Judge a message or a batch segment by segment. See `judge.Reader`."""
    text = _decode(parts.read_whole(window), findings)
    found = BINARY.search(text)
    if found:
        raise UnreadableFileError("hl7-binary", f"character {found.start()}")
    # What each frame of the wire holds; the whole text where there is none.
    frames = MLLP.split(text, MAX_FRAMES)
    if len(frames) > MAX_FRAMES:
        raise UnreadableFileError("hl7-too-many-segments", f"frame {MAX_FRAMES}")
    if len(frames) > 1:
        findings.add("hl7-framing-left", "byte 0")
    segments: list[str] = []
    for frame in [frame.lstrip() for frame in frames if frame.strip()] or [""]:
        _add_segments(frame, segments, findings)
    metadata["segments"] = len(segments)
    metadata["messages"] = sum(segment.startswith("MSH") for segment in segments)
    _check_messages(segments, findings, metadata)


def _decode(data: bytes, findings: Findings) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UnreadableFileError("hl7-utf-16", "byte 0")
    if data.startswith(b"\xef\xbb\xbf"):
        return data.decode("utf-8-sig", "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        findings.add("text-not-utf-8", f"byte {error.start}")
        return data.decode("latin-1")


def _add_segments(text: str, segments: list[str], findings: Findings) -> None:
    """Add a frame's segments. Lines that are none continue the one before, as some systems wrap long texts."""
    if text[:3] not in HEADERS:
        raise UnreadableFileError("hl7-header-missing", f"segment {len(segments) + 1}")
    separator = text[3:4]
    first = LINE_END.search(text)
    ends = ANY_END if first and first.group() == "\n" else STRICT_ENDS
    # Not splitlines: it also splits at characters that a text may hold.
    lines = ends.split(text, 2 * MAX_SEGMENTS)
    for number, line in enumerate(lines, len(segments) + 1):
        if number > MAX_SEGMENTS:
            raise UnreadableFileError("hl7-too-many-segments", f"segment {number}")
        if not line.strip():
            continue
        if SEGMENT.match(line) and line[3:4] in {separator, ""}:
            segments.append(line)
        elif SEGMENT.match(line[:3]) or len(line) < 4 or separator in line[:4]:
            raise UnreadableFileError("hl7-segment-invalid", f"segment {number}")
        else:
            findings.add("hl7-line-wrapped", f"segment {number}")


def _check_messages(segments: list[str], findings: Findings, metadata: Metadata) -> None:
    headers = [
        (number, segment[:LONGEST_HEADER]) for number, segment in enumerate(segments, 1) if segment.startswith("MSH")
    ]
    if not headers:
        raise UnreadableFileError("hl7-header-missing", "segment 1")
    for number, header in headers:
        _check_header(header, f"segment {number}", findings)
    _describe(headers[0][1], segments, metadata)
    following = [*segments[1:], ENVELOPES[-1]]
    for number, _ in headers:
        if following[number - 1].startswith(("MSH", *ENVELOPES)):
            findings.add("hl7-message-empty", f"segment {number}")


def _check_header(header: str, where: str, findings: Findings) -> None:
    separator, encoding = header[3:4], header[4:].split(header[3:4], 1)[0]
    delimiters = separator + encoding.replace("\\\\", "\\")
    usual = 4 <= len(delimiters) <= 6 and len(set(delimiters)) == len(delimiters)
    if not usual or any(letter.isalnum() or letter.isspace() for letter in delimiters):
        raise UnreadableFileError("hl7-delimiters-invalid", where)
    values = header.split(separator, MOST_FIELDS)
    if len(values) < 12:
        raise UnreadableFileError("hl7-header-cut", where)
    if not MESSAGE_TYPE.fullmatch(values[8].partition(encoding[0])[0].strip()):
        raise UnreadableFileError("hl7-message-type-missing", where)
    if not values[9].strip():
        findings.add("hl7-control-id-missing", where)
    if not VERSION.match(values[11].partition(encoding[0])[0].strip()):
        findings.add("hl7-version-unknown", where)


def _describe(header: str, segments: list[str], metadata: Metadata) -> None:
    separator, component, repetition = header[3], header[4], header[5]
    values = header.split(separator, MOST_FIELDS)
    parts.add_texts(
        metadata,
        message_type=component.join(values[8].split(component, 2)[:2]).replace(component, "^"),
        version=values[11].partition(component)[0],
        sending_application=values[2].partition(component)[0],
        sending_facility=values[3].partition(component)[0],
        message_time=values[6].partition(component)[0],
    )
    pid = next(
        (segment[:LONGEST_HEADER].split(separator, MOST_FIELDS) for segment in segments if segment.startswith("PID")),
        [],
    )
    pid += [""] * (9 - len(pid))
    parts.add_patient(
        metadata,
        id=pid[3].partition(repetition)[0].partition(component)[0],
        name=pid[5].partition(repetition)[0].replace(component, "^").rstrip("^"),
        birth_date=pid[7].partition(component)[0],
        sex=pid[8].partition(component)[0],
    )
