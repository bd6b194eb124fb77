"""One study's sums and its series', held against the records of its files, and mended; and what these say of it.

The files are found by an index, which lags behind: so a study that got one just now is left for later. Each is read
again from the table, and each counting transaction of a study writes to its item, as of an upload to its counts.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from intake.expectations.matches import ExamMatches
from intake.files.item_keys import META, SERIES, series_key, study_key
from intake.files.keys import KeyedIds
from intake.files.model import now
from intake.files.states import State
from intake.projections.contributions import SERIES as IN_SERIES
from intake.projections.contributions import STUDY, contribute
from intake.projections.counting import describe_snapshot
from intake.projections.ledger import Ledger
from intake.rebuilds.reader import Reader
from intake.recounts.comparison import add_missing, compare_counts
from intake.recounts.model import REST, UNDER_WAY, Findings, Mending, MovedError
from intake.recounts.recount import Sums, add_numbers, list_changes
from intake.renditions.previews import SeriesPreviews
from intake.studies.exams import Exam
from intake.studies.marks import StudyMarks
from intake.studies.model import StudyFile
from intake.studies.standings import StudyStandings
from intake.studies.study_items import WRITES
from intake.table.expressions import clinic, update
from intake.table.items import Item, moment
from intake.table.table import Table

ATTEMPTS = 4
TOGETHER = 90
"""Items that are mended in one transaction, of the 100 that DynamoDB takes."""

_SUMS = ("instances", "bytes", "numbered", "rejected")


@dataclass(slots=True)
class _Recount:
    """What a study's records come to."""

    study_id: str
    clinic_id: str = ""
    sums: Sums = field(default_factory=dict)
    facts: dict[str, dict[str, str]] = field(default_factory=dict)


class StudyRebuild:
    """Looks at one study at a time. Its files' uploads come first: what is not counted is not of one moment."""

    def __init__(
        self,
        table: Table,
        reader: Reader,
        ids: KeyedIds,
        *,
        mends: bool,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self._table = table
        self._reader = reader
        self._mends = mends
        self._clock = clock
        self._ledger = Ledger(table)
        self._marks = StudyMarks(table, ids, SeriesPreviews(table) if mends else None)
        self._matches = ExamMatches(table, ids)
        self._standings = StudyStandings(table)

    def rebuild(self, study_id: str) -> Findings:
        """Return what stood otherwise than the records make it. Raises MovedError."""
        mended = Findings()
        for _ in range(ATTEMPTS):
            found, is_done = self._try(study_id)
            mended.add(found)
            if is_done:
                if self._mends:
                    self._standings.settle(self._matches.tell_images([study_id]))
                return mended
        raise MovedError(f"study {study_id} keeps changing")

    def _try(self, study_id: str) -> tuple[Findings, bool]:
        standing, recount, found = self._reader.read_study(study_id), _Recount(study_id), Findings()
        self._check_rest(standing.get(META, {}).get("seen_at", ""), study_id)
        for records in self._reader.list_study_records(study_id):
            self._take(records, recount)
        if not recount.clinic_id:
            return found, True
        self._marks.list_again(recount.clinic_id, study_id, standing.get(META, {}))
        items = list(_compare_study(standing, recount))
        if not any(item.differences for item in items):
            return found, True
        together = [items[0], *[item for item in items[1:] if item.differences][:TOGETHER]]
        if self._mends and self._table.transact([item.write for item in together]):
            return found, False
        found.differences += [difference for item in together for difference in item.differences]
        return found, not self._mends

    def _take(self, records: Sequence[Item], recount: _Recount) -> None:
        known = self._ledger.read([record["file_id"] for record in records])
        for record in records:
            self._check_rest(record["updated_at"], recount.study_id)
            recount.clinic_id = record["clinic_id"]
            contribution, mark = contribute(describe_snapshot(record)), known.get(record["file_id"])
            own = _select(contribution.numbers, recount.study_id)
            is_counted = mark is not None and _select(mark.numbers, recount.study_id) == own
            may_be_under_way = self._mends or moment(record["updated_at"]) > self._clock() - UNDER_WAY
            if not is_counted and may_be_under_way:
                raise MovedError(f"a file of study {recount.study_id} is not counted yet")
            add_numbers(recount.sums, own)
            recount.facts |= contribution.facts
        # What may be written twice is: where it stands already, that costs no write.
        self._marks.add((file for record in records for file in _list_study_files(record)), self._clock())

    def _check_rest(self, last_at: str, study_id: str) -> None:
        if last_at and moment(last_at) > self._clock() - REST:
            raise MovedError(f"study {study_id} got a file just now")


def _select(numbers: Mapping[str, dict[str, int]], study_id: str) -> dict[str, dict[str, int]]:
    """Return what a file contributes to one study and its series."""
    study, series = f"{STUDY}#{study_id}", f"{IN_SERIES}#{study_id}#"
    return {name: counts for name, counts in numbers.items() if name == study or name.startswith(series)}


def _compare_study(standing: Mapping[str, Item], recount: _Recount) -> Iterator[Mending]:
    """Yield the items of a study; first its own, which each counting transaction of it writes to."""
    study_id, owner = recount.study_id, clinic(recount.clinic_id)
    name, item = f"{STUDY}#{study_id}", standing.get(META, {})
    differences = compare_counts(f"study {study_id}", item, recount.sums.get(name, Counter()), _SUMS)
    own = update(
        study_key(study_id),
        owner,
        initial=recount.facts.get(name, {}),
        sums={**add_missing(differences), WRITES: 1},
        condition="#writes = :writes" if WRITES in item else "attribute_not_exists(#writes)",
        names={"#writes": WRITES},
        values={":writes": item[WRITES]} if WRITES in item else {},
        new=True,
    )
    yield Mending(own, differences)
    begins = f"{IN_SERIES}#{study_id}#"
    told = {sums.removeprefix(begins) for sums in recount.sums if sums.startswith(begins)}
    there = {sort.removeprefix(SERIES) for sort in standing if sort.startswith(SERIES)}
    for series_id in sorted(told | there):
        sums, item = recount.sums.get(f"{begins}{series_id}", Counter()), standing.get(f"{SERIES}{series_id}", {})
        found = compare_counts(f"series {series_id} of study {study_id}", item, sums, _SUMS[::2])
        facts = recount.facts.get(f"{begins}{series_id}", {})
        write = update(series_key(study_id, series_id), owner, initial=facts, sums=add_missing(found), new=True)
        yield Mending(write, found)


def _list_study_files(record: Item) -> Iterator[StudyFile]:
    """Yield what a record brought to its study, as the projector told it: in trouble, and accepted as an image."""
    # What was told of a file that another one has superseded stays told of its study.
    instance = describe_snapshot({**record, "superseded_by": None}).instance
    for change in list_changes(record):
        is_image = change.after is State.ACCEPTED and instance is not None
        if change.before is not change.after and (is_image or change.after in {State.REJECTED, State.FAILED}):
            yield StudyFile(
                change.clinic_id,
                change.upload_id,
                change.at,
                record["study_of"],
                change.exam or Exam(),
                instance if is_image else None,
                record["file_id"],
            )
