"""Which partition keys of the table and of its indexes are written to for a file, and with how many units.

The real judge's verdicts go through the real adapters; units are computed from each item as it was before and after.
`docs/throughput.md` holds the table that comes of it, and a test compares.

Sources: Amazon DynamoDB Developer Guide, "Best practices for designing and using partition keys effectively" (1,000
write units a second for each partition, of a table or of an index) and "Understanding DynamoDB global secondary index
write throttling and back pressure" (an index that is throttled throttles its table).
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from infra.data.tables import _INDEXES, _SEARCHES, _SUMMARY
from intake.files.model import FileRecord, ObjectVersion
from intake.messaging.events import Arrival
from intake.projections.projections import DynamoProjections
from intake.records.pending import DynamoChildren
from intake.records.records import DynamoRecords
from intake.records.verdicts import DynamoVerdicts
from intake.table.table import Table
from processor.handlers.record_changes import read_changes
from processor.ingest.filing import Buckets
from processor.ingest.process import Processor
from processor.ingest.stored_objects import Scans
from processor.judge import judge
from processor.judge.inspection.findings import Profile
from tests.dicom_files import ct_slice, uid
from tests.fakes import FakeObjects
from tests.metering.units import Index, table_units
from tests.records import IDS, NOON, UPLOAD_ID, a_file, an_upload

PARTITION_UNITS = 1000
"""Write units that DynamoDB takes a second for one partition."""

Place = tuple[str, str]
"""The table, or one of its indexes, and a partition key."""

_AROUND = ("silentscalper-storage", "bucket3f0a7b7c-0123456789ab")
"""Of a bucket's name, which CloudFormation makes: it takes room in each record."""

_LONG_AGO = 10**30
"""Versions that there were before: so their ids are as long as S3's, which take room in each record, too."""

_INCOMING = "-incoming-".join(_AROUND)

_IDS = (
    (re.compile(r"sop:[\d.]+"), "sop:{uid}"),
    (re.compile(r"[0-9a-f]{40}"), "{digest}"),
    (re.compile(r"[0-9a-hjkmnp-tv-z]{26}(-[0-9a-z]+)?"), "{id}"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d"), "{hour}"),
    (re.compile(r"\d{4}-\d\d-\d\d"), "{day}"),
    (re.compile(r"\d{4}-\d\d\b"), "{month}"),
    (re.compile(r"northside"), "{clinic}"),
    (re.compile(r"(?<=#)\d\d?\b"), "{n}"),
)


def name_pattern(key: str) -> str:
    """Return a partition key with what differs between clinics, uploads and days left open."""
    for ids, name in _IDS:
        key = ids.sub(name, key)
    return key


def list_indexes() -> list[Index]:
    """Return the indexes as the stack makes them."""
    base = {"pk", "sk"}
    lists = [Index(name, keys, frozenset({*keys, *base, *_SUMMARY})) for name, keys in _INDEXES.items()]
    return lists + [Index(name, keys, frozenset({*keys, *base})) for name, keys in _SEARCHES.items()]


@dataclass
class Recorder:
    """A client of DynamoDB that notes the units of each write, and the images that the table's stream would have."""

    client: Any
    name: str
    units: Counter[Place] = field(default_factory=Counter)
    changes: list[dict[str, Any]] = field(default_factory=list)
    indexes: list[Index] = field(default_factory=list_indexes)

    def __getattr__(self, call: str) -> Any:
        if call not in {"put_item", "update_item", "transact_write_items"}:
            return getattr(self.client, call)

        def write(**request: Any) -> Any:
            keys = list(_list_keys(request))
            before = [self._get(key) for key in keys]
            answer = getattr(self.client, call)(**request)
            for key, old in zip(keys, before, strict=True):
                self._note(key, old, self._get(key), transactional=call == "transact_write_items")
            return answer

        return write

    def _note(self, key: Any, old: Any, new: Any, *, transactional: bool) -> None:
        self.units["table", key["pk"]["S"]] += table_units(old, new, transactional=transactional)
        for index in self.indexes:
            was, becomes = index.entry(old), index.entry(new)
            if was == becomes:
                continue
            partitions = {entry[index.keys[0]]["S"] for entry in (was, becomes) if entry}
            # What moves from one partition to another is a deletion at the one, and a put at the other.
            for partition in partitions:
                self.units[index.name, partition] += index.units(old, new) // len(partitions)
        image = {"Keys": key, "NewImage": new, **({"OldImage": old} if old else {})}
        self.changes.append({"dynamodb": image})

    def _get(self, key: Any) -> Any:
        return self.client.get_item(TableName=self.name, Key=key, ConsistentRead=True).get("Item")


def _list_keys(request: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    writes = request.get("TransactItems", [{"Put" if "Item" in request else "Update": request}])
    for (body,) in (write.values() for write in writes):
        item = body.get("Item") or body["Key"]
        yield {name: item[name] for name in ("pk", "sk")}


class Scenario:
    """Some files of one upload, study, patient and clinic on their way: what is hottest is hot here."""

    def __init__(self, client: Any, name: str) -> None:
        self.recorder = Recorder(client, name)
        table = Table(self.recorder, name)  # type: ignore[arg-type]
        self.records, self.children = DynamoRecords(table), DynamoChildren(table)
        self.projections, self.objects = DynamoProjections(table, IDS), FakeObjects(_written=_LONG_AGO)
        self.processor = Processor(
            self.objects,
            DynamoVerdicts(table, IDS),
            Buckets("-accepted-".join(_AROUND), "-quarantine-".join(_AROUND)),
            judge,
            ids=IDS,
            profile_of=lambda _: Profile(),
            takes_part=lambda _: True,
            expand=lambda *_: 0,
            scans=Scans(self.objects, required=False),
            clock=lambda: NOON + timedelta(milliseconds=80),
        )

    def announced(self, count: int) -> dict[str, Counter[Place]]:
        """Files that a sender announces together."""
        files = [_name(a_file(number), number) for number in range(count)]
        self.records.create_upload(an_upload())
        return self._run(files, lambda: self.records.add_files(an_upload(), files))

    def of_an_archive(self, count: int) -> dict[str, Counter[Place]]:
        """Entries that the judge unpacks."""
        entries = [_name(a_file(number, parent=f"{UPLOAD_ID}-00099"), number) for number in range(count)]
        return self._run(entries, lambda: self.children.reserve(entries))

    def dropped(self, count: int) -> dict[str, Counter[Place]]:
        """Files that nobody announced."""
        files = [
            a_file(number, incoming=ObjectVersion(_INCOMING, f"northside/{uid('hot', 1, number)}.dcm"))
            for number in range(count)
        ]
        return self._run(files, lambda: None)

    def _run(self, files: list[FileRecord], reserve: Any) -> dict[str, Counter[Place]]:
        steps = {
            "reservation": reserve,
            "verdict": lambda: [self._judge(file, number) for number, file in enumerate(files)],
            "projection": lambda: self.projections.apply(list(read_changes(verdicts))),
        }
        told: dict[str, Counter[Place]] = {}
        for name, step in steps.items():
            verdicts = [one for one in self.recorder.changes if one["dynamodb"]["Keys"]["sk"]["S"].startswith("FILE#")]
            self.recorder.units = told[name] = Counter()
            self.recorder.changes = []
            step()
        return told

    def _judge(self, file: FileRecord, number: int) -> None:
        data = ct_slice(study=uid("hot"), series=uid("hot", 1), instance=number + 1, rows=8, columns=8)
        self.processor.process(Arrival(self.objects.put(file.incoming.bucket, file.incoming.key, data), NOON))


def _name(file: FileRecord, number: int) -> FileRecord:
    """Scanners name files by UIDs, and a name takes room in the record."""
    incoming = replace(file.incoming, bucket=_INCOMING)
    return replace(file, name=f"{uid('hot', 1, number)}.dcm", sha256="ab" * 32, incoming=incoming)


SCENARIOS = {
    "announced by the hundred": Scenario.announced,
    "entries of an archive": Scenario.of_an_archive,
    "dropped into S3": Scenario.dropped,
}
FEW, MORE = 4, 8
"""Files: what grows with them is a file's, and the rest is a batch's, whether of four files or of a hundred."""

A_BATCH = 100
"""Files that are announced together, and changes that are projected together."""


COOLEST = 50_000
"""Files a second of keys that are told."""


@dataclass(frozen=True, slots=True)
class Heat:
    """What the hottest key of a pattern takes, in write units."""

    a_file: float
    a_batch: float

    @property
    def files_a_second(self) -> float:
        """How many files a second such a key bears, where batches are full."""
        return PARTITION_UNITS / (self.a_file + self.a_batch / A_BATCH)


def measure(run: Any, open_table: Callable[[str], Any]) -> dict[Place, Heat]:
    """Return how hot each pattern's hottest key is, over all steps of a scenario. `open_table` makes an empty table."""
    few, more = (_measure(run, open_table, count) for count in (FEW, MORE))
    heats = {}
    for place in few.keys() | more.keys():
        slope = (more.get(place, 0) - few.get(place, 0)) / (MORE - FEW)
        heats[place] = Heat(slope, few.get(place, 0) - FEW * slope)
    return heats


def _measure(run: Any, open_table: Callable[[str], Any], count: int) -> dict[Place, int]:
    name = f"{run.__name__}-{count}"
    keys: Counter[Place] = Counter()
    for units in run(Scenario(open_table(name), name), count).values():
        keys.update(units)
    hottest: dict[Place, int] = {}
    for (index, key), amount in keys.items():
        place = (index, name_pattern(key))
        hottest[place] = max(amount, hottest.get(place, 0))
    return hottest


def write_table(heats: Mapping[str, Mapping[Place, Heat]]) -> str:
    """Write what each scenario's partition keys take as a table, hottest first, without the coolest."""
    rows = ["| files | index | partition key | units a file | units a batch | files a second |"]
    rows += ["| --- | --- | --- | ---: | ---: | ---: |"]
    for name, places in heats.items():
        told = sorted(places.items(), key=lambda row: (row[1].files_a_second, row[0]))
        rows += [
            f"| {name} | {index} | `{key}` | {heat.a_file:g} | {heat.a_batch:g} | {heat.files_a_second:,.0f} |"
            for (index, key), heat in told
            if heat.files_a_second <= COOLEST
        ]
    return "\n".join(rows) + "\n"
