"""What a message to store holds (PS3.18 10.5.1): its instances, and which of them belong to the study it names."""

from collections.abc import Sequence
from dataclasses import dataclass

from intake.dicom.budget import Budget
from intake.dicom.errors import TooCostlyError, UnreadableDataSetError
from intake.dicom.events import Kind
from intake.dicom.reader import scan
from intake.dicom.streams import FIRST_READ
from intake.files.model import Metadata
from portal.dicomweb.documented import DICOM, RELATED
from portal.errors import DicomWebQueryError, NotAcceptableError
from portal.http.messages import parse_content_type, read_parts

OTHER_STUDY, UNREADABLE = 0xA900, 0xC000
"""Failure reasons (PS3.4 table B.2-1): the data set does not match, the data set cannot be understood."""

_SOP_CLASS, _SOP_INSTANCE, _STUDY = 0x00080016, 0x00080018, 0x0020000D
_NAMES = {_SOP_CLASS: "sop_class_uid", _SOP_INSTANCE: "sop_instance_uid", _STUDY: "study_instance_uid"}
_LONGEST_UID = 64
_ENTERING = frozenset({Kind.SEQUENCE, Kind.FRAGMENTS, Kind.ITEM})
_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Refused:
    """An instance that is not stored, and was not sent to be judged."""

    metadata: Metadata
    reason: int
    """Failure reason."""


@dataclass(frozen=True, slots=True)
class _Body:
    """An instance's bytes as readers of data sets read them."""

    data: bytes

    @property
    def size(self) -> int:
        return len(self.data)

    def read(self, start: int, length: int) -> bytes:
        return self.data[start : start + length]


def read_instances(content_type: str, body: bytes) -> list[bytes]:
    """Return the instances of a message: its parts, or the one that it is.

    Raises NotAcceptableError and DicomWebQueryError.
    """
    media_type, given = parse_content_type(content_type)
    if media_type == DICOM and body:
        return [body]
    if media_type != RELATED or given.get("type", DICOM).lower() != DICOM:
        raise NotAcceptableError(f'{RELATED}; type="{DICOM}"', DICOM)
    instances = read_parts(body, given.get("boundary", ""))
    if not instances:
        raise DicomWebQueryError("The message has no parts.")
    return instances


def split_by_study(bodies: Sequence[bytes], study_uid: str) -> tuple[list[bytes], list[Refused]]:
    """Return the instances of the study, and those that are not to be stored in it.

    What cannot be read as far as its study is refused: the judge may read more of it, and it would be stored in
    another one.
    """
    # Some two seconds of CPU for all that a message holds; reading on from what is at hand costs no call of S3.
    spent = Budget(steps=400_000, fetched=16 * _MIB, inflated=16 * _MIB, taken=_MIB)
    belonging: list[bytes] = []
    refused: list[Refused] = []
    for body in bodies:
        try:
            metadata = _read_uids(body, spent)
        except (UnreadableDataSetError, TooCostlyError):
            refused.append(Refused({}, UNREADABLE))
            continue
        if metadata.get("study_instance_uid") == study_uid:
            belonging.append(body)
        else:
            refused.append(Refused(metadata, OTHER_STUDY))
    return belonging, refused


def _read_uids(body: bytes, spent: Budget) -> dict[str, str]:
    """Return the UIDs that stand outside of all sequences, up to that of the study. Raises as `scan`."""
    scanner, depth = scan(_Body(body), spent, body[:FIRST_READ]), 0
    metadata: dict[str, str] = {}
    for event in scanner.events():
        if event.kind is Kind.DAMAGED:
            raise UnreadableDataSetError("a sequence before the study's UID is damaged")
        if depth == 0 and event.tag > _STUDY:
            break
        if event.kind in _ENTERING:
            depth += 1
        elif event.kind is Kind.END:
            depth -= 1
        elif depth == 0 and event.tag in _NAMES and event.length <= _LONGEST_UID:
            metadata.setdefault(_NAMES[event.tag], scanner.value(event).decode("ascii", "replace").strip("\0 "))
    return metadata
