"""One upload's sums, held against its records, and mended: its counts, how many are declared, its share of studies, and
the batches that it awaits.

Each counting transaction writes to the upload's counts. So where these are as they were before the records were read,
nothing was counted meanwhile: what stands and what the records make of it are of one moment.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from intake.files.item_keys import COUNTS, file_key
from intake.files.model import now
from intake.projections.contributions import contribute
from intake.projections.counting import HeldElsewhere
from intake.projections.ledger import Ledger, Mark, add_run, to_milliseconds
from intake.projections.model import Change
from intake.rebuilds.evidence import FeedEvidence
from intake.rebuilds.reader import Reader
from intake.rebuilds.upload_items import compare_upload
from intake.recounts.model import UNDER_WAY, Findings, MovedError
from intake.recounts.recount import UploadRecount, add_numbers, list_changes
from intake.studies.study_items import WRITES
from intake.table.items import Item
from intake.table.table import Table

ATTEMPTS = 6


class UploadRebuild:
    """Looks at one upload at a time. `count` is how the projector counts changes, whichever of them are new."""

    def __init__(
        self,
        table: Table,
        reader: Reader,
        count: Callable[[Sequence[Change]], object] | None,
        clock: Callable[[], datetime] = now,
    ) -> None:
        """Without `count` nothing is mended, and `table` should let nothing be written."""
        self._table = table
        self._reader = reader
        self._count = count
        self._clock = clock
        self._ledger = Ledger(table)
        self._held = HeldElsewhere(table)

    def rebuild(self, upload_id: str, evidence: FeedEvidence) -> Findings:
        """Return what stood otherwise than the records make it. Raises MovedError."""
        mended = Findings()
        for _ in range(ATTEMPTS):
            found, is_done = self._try(upload_id, evidence)
            if self._count is None and is_done:
                return found
            mended.add(found)
            if is_done:
                return mended
        raise MovedError(f"upload {upload_id} keeps changing")

    def _try(self, upload_id: str, evidence: FeedEvidence) -> tuple[Findings, bool]:
        """Return what was found, and whether nothing came in between and nothing is left to be written."""
        standing, recount, found = self._reader.read_upload(upload_id), UploadRecount(upload_id), Findings()
        is_still = True
        for records in self._reader.list_records(upload_id):
            for record in records:
                recount.note(record)
            is_still = self._take(records, evidence, recount, found) and is_still
        if not (is_still and recount.first):
            return found, is_still
        items = compare_upload(standing, recount)
        if self._count is None:
            found.differences += [difference for item in items for difference in item.differences]
            return found, _read_writes(self._reader.read_upload(upload_id)) == _read_writes(standing)
        if not any(item.differences for item in items):
            return found, True
        # The first of them is the item that every transaction of the upload writes to.
        together = [items[0], *[item for item in items[1:] if item.differences][:TOGETHER]]
        if not self._table.transact([item.write for item in together]):
            found.differences += [difference for item in together for difference in item.differences]
        return found, False

    def _take(self, records: Sequence[Item], evidence: FeedEvidence, recount: UploadRecount, found: Findings) -> bool:
        """Add up what records contribute, and say whether all of it is what was counted of them.

        What was not is counted now, and what the marks do not know is told to them.
        """
        lives = {record["file_id"]: changes for record in records if (changes := list_changes(record))}
        ends = {change.file_id: change for change in self._held.admit([changes[-1] for changes in lives.values()])}
        known = self._ledger.read(list(lives))
        lost, wanted = list[Change](), dict[str, Mark]()
        for file_id, changes in lives.items():
            contribution, mark = contribute(ends[file_id].new), known.get(file_id)
            add_numbers(recount.sums, contribution.numbers)
            recount.facts |= contribution.facts
            counted = [one for one in changes if _is_counted(one, changes, mark, evidence)]
            lost += [change for change in changes if change not in counted]
            if counted and (mark is None or len(counted) == len(changes)):
                restated = _restate(mark, counted, contribution.numbers)
                wanted |= {file_id: restated} if restated != mark else {}
        if wanted and not self._stand_still([record for record in records if record["file_id"] in wanted]):
            return False
        found.uncounted += len(lost)
        found.adopted += len(wanted)
        if self._count is None:
            return all(change.at < self._clock() - UNDER_WAY for change in lost)
        if wanted and not self._ledger.restate(records[0]["clinic_id"], known, wanted):
            return False
        if lost:
            self._count(lost)
        return not lost

    def _stand_still(self, records: Sequence[Item]) -> bool:
        """Say whether records are as they were read: marks that were read behind them may know of later revisions."""
        found = self._reader.get_many([file_key(record["file_id"]) for record in records])
        return [_version(one or {}) for one in found] == [_version(one) for one in records]


TOGETHER = 90
"""Items that are mended in one transaction, of the 100 that DynamoDB takes."""


def _is_counted(change: Change, changes: Sequence[Change], mark: Mark | None, evidence: FeedEvidence) -> bool:
    if mark is not None and (mark.has(change.revision) or change.revision >= mark.first):
        # What was written later than what was counted is what became of a record that was restored.
        return mark.has(change.revision) and to_milliseconds(change.at) <= mark.at
    # The feed does not tell of an archive that waits, but of what followed.
    told = [change] if not change.new.unsettled else [one for one in changes if one.revision > change.revision]
    return any(map(evidence.has_counted, told))


def _version(record: Item) -> tuple[object, object]:
    return record.get("revision"), record.get("updated_at")


def _restate(mark: Mark | None, counted: Sequence[Change], numbers: Mapping[str, Mapping[str, int]]) -> Mark:
    """Return a mark that tells of all that was counted of a file."""
    runs = mark.runs if mark else ()
    for change in counted:
        runs = add_run(runs, change.revision)
    at = mark.at if mark else max(to_milliseconds(change.at) for change in counted)
    return Mark(at, runs[0][0], runs, {name: dict(counts) for name, counts in numbers.items()})


def _read_writes(standing: Mapping[str, Item]) -> int:
    """Return how often something was counted for an upload."""
    return int(standing.get(COUNTS, {}).get(WRITES, 0))
