"""One clinic's sums over all its uploads: what it holds, and what each stretch of time counted.

Of these no two scans are of one moment: something is counted with every batch of the stream. What stands of a stretch
that is over stays, and its item tells when it does not. What is counted into still, the holdings and the present hour
among it, is kept by file while the uploads are read. Then the change feed tells what was counted meanwhile, and that
alone is read again; where nothing more was told until the items were read, both are of one moment.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice

from intake.files.item_keys import HOLDINGS, file_key
from intake.files.model import now, timestamp
from intake.projections.change_feed import DynamoChangeFeed
from intake.projections.contributions import HOLDING
from intake.projections.ledger import Ledger, Mark, find_mark
from intake.projections.model import Change
from intake.projections.time_buckets import (
    FLEETING,
    DeviceRegister,
    bucket_facts,
    bucket_key,
    device_register_key,
    read_labels,
)
from intake.rebuilds.dry_table import DryRegister
from intake.rebuilds.reader import AT_ONCE, Reader
from intake.recounts.comparison import add_missing, compare_counts
from intake.recounts.model import Difference, Findings, MovedError
from intake.recounts.recount import list_changes
from intake.recounts.scan import Scan, Stretch
from intake.studies.study_items import WRITES
from intake.table.expressions import Write, clinic, update
from intake.table.items import Item, expiry
from intake.table.table import Table

ATTEMPTS = 20
"""How often what was counted meanwhile is read again: that takes some calls, and fits between two batches."""

_ROWS = 1000


class ClinicRebuild:
    """Looks at one clinic. Its uploads come first, so that their marks tell what was counted."""

    def __init__(self, table: Table, reader: Reader, *, mends: bool, clock: Callable[[], datetime] = now) -> None:
        self._table = table
        self._reader = reader
        self._mends = mends
        self._clock = clock
        self._ledger = Ledger(table)
        self._feed = DynamoChangeFeed(table, clock)
        self._devices = DeviceRegister(table) if mends else DryRegister(table)

    def rebuild(self, clinic_id: str, uploads: Iterable[str], since: datetime) -> Findings:
        """Return what stood otherwise than the records of the clinic's uploads make it, of times since then.

        Raises MovedError.
        """
        scan, head = Scan(self._clock(), since), self._feed.read_head(clinic_id)
        before = self._read_writes(clinic_id, scan)
        for upload_id in uploads:
            for records in self._reader.list_records(upload_id):
                self._take(records, scan, again=False)
        found = self._compare_cold(clinic_id, scan, before)
        found.differences += self._compare_registers(clinic_id, scan)
        for _ in range(ATTEMPTS):
            later = self._feed.read_head(clinic_id)
            if later[1] != head[1]:
                # Which they are nothing tells, so all is read again.
                raise MovedError(f"archives keep coming to clinic {clinic_id}, which are counted before they are told")
            self._read_again(clinic_id, head[0], scan)
            head = later
            if (hot := self._compare_hot(clinic_id, scan, head)) is not None:
                found.differences += hot
                return found
        raise MovedError(f"what clinic {clinic_id} holds keeps changing")

    def _take(self, records: Sequence[Item], scan: Scan, *, again: bool) -> None:
        """Note what was counted of some records."""
        blocks = self._ledger.read_blocks([record["file_id"] for record in records])
        for block, marks in blocks.items():
            scan.held[block] = _sum_held(marks.values())
        for record in records:
            mark = find_mark(blocks, record["file_id"])
            changes = list_changes(record) if mark else []
            counted = [self._admit(one) for one in changes if mark and mark.covers(one.revision)]
            scan.note(record["file_id"], counted, again=again)

    def _admit(self, change: Change) -> Change:
        """Return a change with the device that it is counted under; the registers are made whole on the way."""
        device = change.device and self._devices.admit(change.clinic_id, change.at, change.device)
        return replace(change, device=device)

    def _read_again(self, clinic_id: str, head: int, scan: Scan) -> None:
        """Read what was counted since the feed's head stood there."""
        position, changed = str(head), dict[str, None]()
        while True:
            page = self._feed.changes(clinic_id, position, _ROWS)
            changed |= dict.fromkeys(entry.file_id for entry in page.entries)
            position = page.next
            if not page.more:
                break
        files = list(changed)
        for start in range(0, len(files), AT_ONCE):
            found = self._reader.get_many([file_key(file_id) for file_id in files[start : start + AT_ONCE]])
            self._take([record for record in found if record], scan, again=True)

    def _read_writes(self, clinic_id: str, scan: Scan) -> dict[Stretch, int]:
        """Return how often something was counted into each stretch that is over."""
        found: dict[Stretch, int] = {}
        for part in _cut(scan.list_over()):
            items = self._reader.get_many([bucket_key(*stretch, clinic_id) for stretch in part])
            found |= {stretch: item.get(WRITES, 0) for stretch, item in zip(part, items, strict=True) if item}
        return found

    def _compare_cold(self, clinic_id: str, scan: Scan, before: Mapping[Stretch, int]) -> Findings:
        """Mend what is over. Raises MovedError where something was counted into it after all."""
        found = Findings()
        for part in _cut(iter(sorted({*before, *scan.cold}, key=_sort_key))):
            items = self._reader.get_many([bucket_key(*stretch, clinic_id) for stretch in part])
            for stretch, item in zip(part, items, strict=True):
                if (item or {}).get(WRITES, 0) != before.get(stretch, 0):
                    raise MovedError(f"a stretch of clinic {clinic_id} that is over was counted into")
                found.differences += (
                    self._mend_stretch(clinic_id, stretch, item or {}, scan.cold.get(stretch, {})) or []
                )
        return found

    def _compare_registers(self, clinic_id: str, scan: Scan) -> list[Difference]:
        """Have each month's register of devices count those that it names."""
        found: list[Difference] = []
        for start in scan.list_months():
            key = device_register_key(start, clinic_id)
            (item,) = self._reader.get_many([key])
            named, standing = len(read_labels(item or {})), (item or {}).get("devices", 0)
            write = update(
                key,
                clinic(clinic_id),
                sums={"devices": named - standing},
                condition="devices = :standing",
                values={":standing": standing},
            )
            if named != standing and self._write(write):
                found.append(Difference(f"devices of {clinic_id} in {start:%Y-%m}", "devices", standing, named))
        return found

    def _compare_hot(self, clinic_id: str, scan: Scan, head: tuple[int, int]) -> list[Difference] | None:
        """Mend what is counted into still; None where that happened since the head was read."""
        sums = scan.sum_hot()
        stretches = sorted(sums, key=_sort_key)
        keys = [{"pk": HOLDINGS, "sk": clinic_id}, *(bucket_key(*stretch, clinic_id) for stretch in stretches)]
        items = [item or {} for item in self._reader.get_many(keys)]
        if self._feed.read_head(clinic_id) != head:
            return None
        found = compare_counts(f"clinic {clinic_id}", items[0], scan.sum_held())
        if found and not self._write(_write_differences(keys[0], clinic_id, items[0], found)):
            return None
        for stretch, item in zip(stretches, items[1:], strict=True):
            differences = self._mend_stretch(clinic_id, stretch, item, sums[stretch])
            if differences is None:
                return None
            found += differences
        return found

    def _mend_stretch(
        self, clinic_id: str, stretch: Stretch, item: Item, expected: Mapping[str, int]
    ) -> list[Difference] | None:
        """Return what was otherwise; None where something was counted into it meanwhile."""
        grain, start = stretch
        found = compare_counts(f"{grain.name.lower()} {timestamp(start)} of {clinic_id}", item, expected)
        facts = bucket_facts(start, clinic_id) | ({"expires": expiry()} if grain is FLEETING else {})
        key = bucket_key(grain, start, clinic_id)
        is_written = not found or self._write(_write_differences(key, clinic_id, item, found, facts))
        return found if is_written else None

    def _write(self, write: Write) -> bool:
        return not self._mends or self._table.write_if(write)


def _sum_held(marks: Iterable[Mark]) -> Counter[str]:
    """Return what a clinic holds of a block's files, as it was counted."""
    held = Counter[str]()
    for mark in marks:
        held.update(mark.numbers.get(HOLDING, {}))
    return held


def _write_differences(
    key: Item, clinic_id: str, item: Item, differences: list[Difference], facts: Item | None = None
) -> Write:
    """Return the write that mends an item where nothing was counted into it since it was read."""
    return update(
        key,
        clinic(clinic_id),
        sets=facts or {},
        sums={**add_missing(differences), WRITES: 1},
        condition="#writes = :writes" if WRITES in item else "attribute_not_exists(#writes)",
        names={"#writes": WRITES},
        values={":writes": item[WRITES]} if WRITES in item else {},
        new=True,
    )


def _sort_key(stretch: Stretch) -> tuple[str, datetime]:
    return stretch[0].name, stretch[1]


def _cut(stretches: Iterator[Stretch]) -> Iterator[list[Stretch]]:
    while part := list(islice(stretches, AT_ONCE)):
        yield part
