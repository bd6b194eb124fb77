"""What a DICOMDIR lists: the instances of each series, by its directory records (PS3.3 F.3, PS3.10 8).

Its records form a tree by offsets, in whatever order they stand. Where the offsets lead nowhere, the order in which the
records stand is taken for the tree, as most writers keep it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from intake.dicom.budget import Budget
from intake.dicom.errors import TooCostlyError, UnreadableDataSetError
from intake.dicom.events import Event, Kind
from intake.dicom.reader import scan
from intake.dicom.scanner import Scanner
from intake.dicom.streams import ByteSource
from intake.files.model import Metadata
from intake.studies.media_directory import REFERENCES

MOST_SERIES = 500
LONGEST = 64
STEPS, READ = 600_000, 64 * 1024**2
"""Some 30,000 records, in three seconds."""

FIRST_RECORD, RECORDS = 0x00041200, 0x00041220
NEXT, IN_USE, LOWER, TYPE = 0x00041400, 0x00041410, 0x00041420, 0x00041430
INSTANCE_UID = 0x00041511
STUDY_UID, SERIES_UID, SERIES_NUMBER, MODALITY = 0x0020000D, 0x0020000E, 0x00200011, 0x00080060
KEPT = frozenset({NEXT, IN_USE, LOWER, TYPE, INSTANCE_UID, STUDY_UID, SERIES_UID, SERIES_NUMBER, MODALITY})


@dataclass(slots=True)
class Record:
    """One directory record: the values of KEPT that it has."""

    values: dict[int, bytes] = field(default_factory=dict)
    big: bool = False

    def text(self, tag: int) -> str:
        written = self.values.get(tag, b"").decode("latin-1").strip("\0 ")
        return written if written.isprintable() else ""

    def offset(self, tag: int) -> int:
        return int.from_bytes(self.values.get(tag, b""), "big" if self.big else "little")

    @property
    def active(self) -> bool:
        return self.values.get(IN_USE, b"\xff\xff") != b"\0\0"


@dataclass(slots=True)
class Directory:
    """The records by where they stand in the file, in their order."""

    first: int = 0
    records: dict[int, Record] = field(default_factory=dict)
    whole: bool = True


def read_references(source: ByteSource) -> Metadata:
    """Return what a DICOMDIR lists, as metadata: how many instances, and how many of each series.

    `whole` is False where it could not be read to its end or lists more series than are kept. Raises what `source.read`
    raises.
    """
    directory = _read_directory(source)
    listed: dict[tuple[str, str], set[str]] = {}
    told: dict[tuple[str, str], dict[str, str]] = {}
    for study, series, instance in _list_instances(directory):
        key = study.text(STUDY_UID), series.text(SERIES_UID)
        listed.setdefault(key, set()).add(instance.text(INSTANCE_UID))
        told.setdefault(key, {"number": series.text(SERIES_NUMBER), "modality": series.text(MODALITY)})
    rows = [
        {"study_uid": key[0], "series_uid": key[1], **told[key], "images": len(instances)}
        for key, instances in listed.items()
    ]
    whole = directory.whole and len(rows) <= MOST_SERIES
    images = sum(map(len, listed.values()))
    return {REFERENCES: {"images": images, "whole": whole, "series": rows[:MOST_SERIES]}}


def _read_directory(source: ByteSource) -> Directory:
    directory = Directory()
    try:
        scanner = scan(source, Budget(steps=STEPS, fetched=READ, inflated=READ, taken=READ))
        _collect(scanner, directory)
    except (TooCostlyError, UnreadableDataSetError):
        directory.whole = False
    return directory


def _collect(scanner: Scanner, directory: Directory) -> None:
    depth, record = 0, Record()
    for event in scanner.events():
        match event.kind:
            case Kind.DAMAGED:
                directory.whole = False
                return
            case Kind.END:
                depth -= 1
            case Kind.SEQUENCE | Kind.FRAGMENTS | Kind.ITEM:
                depth += 1
                if depth == 2 and event.kind is Kind.ITEM:
                    # Records are named by where their item's tag begins, 8 bytes before its content.
                    record = directory.records[event.start - 8] = Record()
            case Kind.ELEMENT if depth == 0 and event.tag == FIRST_RECORD:
                directory.first = int.from_bytes(scanner.value(event), "big" if event.encoding.big else "little")
            case Kind.ELEMENT if depth == 2 and event.tag in KEPT and event.length <= LONGEST:
                _keep(scanner, event, record)
            case _:
                pass


def _keep(scanner: Scanner, event: Event, record: Record) -> None:
    record.values[event.tag] = scanner.value(event)
    record.big = event.encoding.big


def _list_instances(directory: Directory) -> Iterator[tuple[Record, Record, Record]]:
    """Yield each active instance with its study and its series."""
    linked = list(_arrange(_follow_offsets(directory)))
    standing = list(_arrange(directory.records.values()))
    yield from linked if len(linked) >= len(standing) else standing


def _follow_offsets(directory: Directory) -> Iterator[Record]:
    """Yield records from the top down, each once, whatever circles the offsets make."""
    seen: set[int] = set()
    open_offsets = [directory.first]
    while open_offsets:
        at = open_offsets.pop()
        record = directory.records.get(at)
        if record is None or at in seen:
            continue
        seen.add(at)
        yield record
        open_offsets += [record.offset(NEXT), record.offset(LOWER)]


def _arrange(records: Iterable[Record]) -> Iterator[tuple[Record, Record, Record]]:
    study = series = Record()
    for record in records:
        match record.text(TYPE):
            case "PATIENT":
                study = series = Record()
            case "STUDY":
                study, series = record, Record()
            case "SERIES":
                series = record
            case _ if record.active and record.text(INSTANCE_UID) and series.text(SERIES_UID):
                yield study, series, record
