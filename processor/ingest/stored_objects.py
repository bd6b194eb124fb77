"""A stored object as the judge gets to see it: what the malware scan says of it, and its bytes.

A result that is clean lets the judge look. One about the file itself (a threat, or nothing that can be scanned)
rejects it unread. One about the scan is trouble of the infrastructure, and never a verdict.
"""

from dataclasses import dataclass, field

from intake.dicom.streams import FIRST_READ, ByteSource
from intake.errors import ObjectMissingError
from intake.files import keys
from intake.files.model import FileRecord, ObjectVersion
from intake.files.scan import TAG, Scan
from intake.files.states import State
from intake.storage.model import ObjectRange
from intake.storage.ports import Objects
from processor.judge import Facts, Judgement
from processor.judge.inspection import carriers
from processor.judge.inspection.envelope import UNKNOWN
from processor.judge.rules.catalogue import RULES

CODES = {Scan.THREAT: "malware-found", Scan.UNSUPPORTED: "scan-unsupported"}
"""What a result finds in a file."""
FINAL = frozenset({Scan.CLEAN, *CODES})
"""Results that another delivery of the same event cannot change."""
USABLE = FINAL | {None}
"""What there can be a verdict on: a final result, or that none is asked for."""
UNKNOWN_SENDER = "clinic-unknown"
"""What is found in a file of a clinic that is in no directory, or inactive."""


@dataclass(frozen=True, slots=True)
class Scans:
    """Looks up the result to go by. `required`: nothing is judged without a clean one."""

    objects: Objects
    required: bool

    def find_result(self, version: ObjectVersion, told: Scan | None = None) -> Scan | None:
        """Return the result for an object version of which `told` is known; None where none is asked for.

        Without a final result, the object's tag is asked: by now it may have been scanned, or scanned again. The answer
        is ACCESS_DENIED or FAILED as long as there is nothing to go by. Raises ObjectMissingError.
        """
        if told in FINAL or (told is None and not self.required):
            return told
        tagged = self.objects.tag(version, TAG)
        return Scan.from_status(tagged) if tagged else told or Scan.FAILED

    def find_latest_result(self, record: FileRecord, version: ObjectVersion) -> Scan | None:
        """Return the result for a file that is judged again, of which `version` is kept. Raises ObjectMissingError.

        It is that of what arrived, as it is tagged now, or else as it was when it was judged. What was once found in a
        file stays found.
        """
        if record.scan in CODES:
            return record.scan
        from_quarantine = record.state is State.REJECTED
        try:
            scan = self.find_result(record.incoming if from_quarantine else version)
        except ObjectMissingError:
            if not from_quarantine:
                raise
            scan = Scan.FAILED
        return scan if scan in FINAL else record.scan or scan


@dataclass(frozen=True, slots=True)
class Refusing:
    """A judge that goes by what is known beside the bytes, the codes of rules, and reads nothing."""

    codes: tuple[str, ...]

    def __call__(self, source: ByteSource, facts: Facts) -> Judgement:  # noqa: ARG002  # As the judge is called.
        return Judgement(UNKNOWN, tuple(RULES[code].finding() for code in self.codes), {}, None)


def list_refusals(scan: Scan | None, *, is_nobodys: bool) -> tuple[str, ...]:
    """Return the codes that refuse a file unread: of its scan, and of who sent it."""
    scanned = (CODES[scan],) if scan in CODES else ()
    return (*scanned, UNKNOWN_SENDER) if is_nobodys else scanned


@dataclass(slots=True)
class ObjectBytes:
    """An object as the judge reads it: what the first read brought costs nothing more."""

    objects: Objects
    source: ObjectVersion
    first: ObjectRange
    bytes_read: int = field(init=False)

    def __post_init__(self) -> None:
        self.bytes_read = len(self.first.data)

    @property
    def size(self) -> int:
        return self.first.total

    def read(self, start: int, length: int) -> bytes:
        end = min(start + length, self.size)
        if end <= len(self.first.data):
            return self.first.data[start:end]
        part = self.objects.read(self.source, start, end - start).data
        self.bytes_read += len(part)
        return part


def is_left_out(key: str, first: ObjectRange) -> bool:
    """Say whether an object is a carrier file that was dropped into S3, by its key and its first bytes.

    What was announced is judged, whatever it is: somebody wanted it sent.
    """
    path = key.partition("/")[2] or key
    return keys.reservation(key) is None and carriers.is_left_out(path, first.data[: carriers.LOOK], first.total)


def open_object(objects: Objects, version: ObjectVersion, *, unread: bool = False) -> ObjectBytes:
    """Open an object at its first bytes, or with none of them where nobody is to read it. Raises ObjectMissingError."""
    first = objects.describe(version) if unread else objects.read(version, 0, FIRST_READ)
    return ObjectBytes(objects, version, first)
