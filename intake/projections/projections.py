"""What follows from the records, in the same table, behind the `Projections` port.

What was counted for a file is marked in the transaction that adds a change to its sums and appends it to its clinic's
change feed: so a change counts once, however often, in whatever order and by however many workers it is delivered.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from intake.expectations.matches import ExamMatches
from intake.files.item_keys import (
    COUNTS,
    HOLDINGS,
    META,
    alert_key,
    build_created_key,
    list_in_uploads,
    series_key,
    study_key,
    study_of_upload_key,
    upload_key,
)
from intake.files.keys import KeyedIds
from intake.files.model import Source, now, timestamp
from intake.files.states import State
from intake.projections import change_feed
from intake.projections.contributions import compare_images, find_new_instance, list_studies
from intake.projections.counting import HeldElsewhere
from intake.projections.ledger import Ledger, name_block
from intake.projections.model import Bucket, Change, Grain, Holding, Snapshot
from intake.projections.tally import Tally, UploadTally, add, add_up, tally
from intake.projections.time_buckets import FLEETING, DeviceRegister, bucket, bucket_facts, bucket_key, bucket_queries
from intake.records.pending import AnnouncedFiles
from intake.renditions.previews import SeriesPreviews
from intake.studies.exams import Exam
from intake.studies.marks import StudyMarks
from intake.studies.model import Previews, StudyFile
from intake.studies.standings import StudyStandings
from intake.studies.study_items import WRITES
from intake.table.expressions import Write, addition, clinic
from intake.table.items import expiry
from intake.table.queries import Query
from intake.table.table import Table, TableSecret
from intake.table.transactions import write_anew

ITEMS_PER_TRANSACTION = 100
"""DynamoDB takes no more. A change shares with others its block's marks, and the items of up to twelve sums."""

AWAITED = Snapshot(State.AWAITING_UPLOAD)


class DynamoProjections:
    """Adds changes to sums, and reads the sums."""

    def __init__(
        self,
        table: Table,
        ids: KeyedIds | None = None,
        clock: Callable[[], datetime] = now,
        previews: Previews | None = None,
    ) -> None:
        """Without `ids`, these are made with the table's own secret; without `previews`, nothing is drawn ahead."""
        self._table = table
        keyed = ids or KeyedIds(TableSecret(table).read)
        self._marks = StudyMarks(table, keyed, previews or SeriesPreviews(table))
        self._matches = ExamMatches(table, keyed)
        self._standings = StudyStandings(table)
        self._devices = DeviceRegister(table)
        self._feed = change_feed.DynamoChangeFeed(table, clock)
        self._held = HeldElsewhere(table)
        self._ledger = Ledger(table)
        self._announced = AnnouncedFiles(table)

    def apply(self, changes: Sequence[Change]) -> None:
        counted = [change for change in changes if change.after is not State.AWAITING_UPLOAD]
        admitted = [
            replace(change, device=change.device and self._devices.admit(change.clinic_id, change.at, change.device))
            for change in counted
        ]
        touched: set[str] = set()
        for together in _cut_transactions(self._held.admit(admitted)):
            self._count(together, touched)
        # Sets and bounds may be written again, so they need no mark, and follow when every change was counted.
        self._marks.add(file for change in counted if (file := _describe_study_file(change)))
        studies = [study for change in counted for study in list_studies(compare_images(change).numbers)]
        self._standings.settle(self._matches.tell_images(dict.fromkeys([*studies, *sorted(touched)])))

    def buckets(
        self, grain: Grain, since: datetime, until: datetime, clinic_id: str | None = None
    ) -> tuple[Bucket, ...]:
        rows = (row for query in bucket_queries(grain, since, until) for row in self._table.items(query))
        return tuple(bucket(row) for row in rows if clinic_id in {None, row["clinic_id"]})

    def device_labels(self, since: datetime, until: datetime) -> dict[str, str]:
        days = (until.date() - since.date()).days + 1
        return self._devices.labels(list(dict.fromkeys(f"{since + timedelta(days=n):%Y-%m}" for n in range(days))))

    def holdings(self) -> tuple[Holding, ...]:
        rows = self._table.items(Query(HOLDINGS))
        return tuple(Holding(row["sk"], row.get("files", 0), row.get("bytes", 0)) for row in rows)

    def _count(self, changes: Sequence[Change], touched: set[str]) -> None:
        """Count what was not counted yet, and add to `touched` the studies whose sums change."""
        try:
            write_anew(self._table, partial(self._transaction, changes, touched), "sums")
        except _TooManyItemsError:
            middle = len(changes) // 2
            self._count(changes[:middle], touched)
            self._count(changes[middle:], touched)

    def _transaction(self, changes: Sequence[Change], touched: set[str]) -> list[Write]:
        """Return the writes that count what was not counted yet; none where all was."""
        counted, marks = self._ledger.weigh(changes)
        if not counted:
            return []
        sums = add_up(counted)
        touched.update(sums.studies)
        # The feed tells each verdict once, and an archive's when its entries have theirs.
        told = [
            replace(change, old=AWAITED) if change.old and change.old.unsettled else change
            for change, _ in counted
            if not change.new.unsettled
        ]
        writes = [
            *marks,
            *self._announced.decrement_items(sums.announced),
            *_write_sums(sums),
            *self._feed.append_changes(told, sums.clinics),
        ]
        if len(writes) > ITEMS_PER_TRANSACTION:
            raise _TooManyItemsError
        return writes


class _TooManyItemsError(Exception):
    """Raised when changes take more items than a transaction, as the marks of records that were restored may."""


def _describe_study_file(change: Change) -> StudyFile | None:
    """Return what a change brought to a study; None where it brought nothing."""
    new, trouble = find_new_instance(change), change.new.trouble
    if new is not None:
        exam = change.exam or Exam(patient_key=new.patient_key, modality=new.modality, study_date=new.study_date)
        about = change.clinic_id, change.upload_id, change.at
        return StudyFile(*about, new.study_id, exam, new, change.file_id)
    if trouble is None or (change.old and trouble == change.old.trouble):
        return None
    exam = change.exam or Exam()
    return StudyFile(change.clinic_id, change.upload_id, change.at, trouble.study_id, exam, None, change.file_id)


def _write_sums(sums: Tally) -> Iterator[Write]:
    """Yield the writes that add to each item what changes brought it."""
    for upload_id, row in sums.uploads.items():
        yield from _add_upload(upload_id, row)
    for (grain, start, clinic_id), counts in sums.buckets.items():
        facts = bucket_facts(start, clinic_id) | ({"expires": expiry()} if grain is FLEETING else {})
        summed = Counter({**counts, WRITES: 1})
        yield addition(bucket_key(grain, start, clinic_id), summed, clinic(clinic_id), sets=facts)
    for clinic_id, counts in sums.holdings.items():
        yield addition({"pk": HOLDINGS, "sk": clinic_id}, Counter({**counts, WRITES: 1}), clinic(clinic_id))
    for (kind, upload_id), alert in sums.alerts.items():
        told = Counter({"pending": alert.pending, **{f"code_{code}": n for code, n in alert.codes.items()}})
        first, kept = {"first_file_id": alert.first_file_id}, {"expires": expiry()}
        yield addition(alert_key(kind, upload_id), told, clinic(alert.clinic_id), initial=first, sets=kept)
    for study_id, study in sums.studies.items():
        yield addition(
            study_key(study_id), Counter({**study.counts, WRITES: 1}), clinic(study.clinic_id), sets={**study.facts}
        )
    for (study_id, series_id), series in sums.series.items():
        yield addition(series_key(study_id, series_id), series.counts, clinic(series.clinic_id), sets={**series.facts})
    for (upload_id, study_id), part in sums.filed.items():
        facts = {"study_id": study_id, **part.facts}
        yield addition(study_of_upload_key(upload_id, study_id), part.counts, clinic(part.clinic_id), initial=facts)


def _add_upload(upload_id: str, row: UploadTally) -> Iterator[Write]:
    """Count an upload's files, and declare those that nobody announced: no upload looks complete too early.

    The first verdict on what a clinic drops into S3 in a day creates its receipt.
    """
    owner, is_direct = clinic(row.clinic_id), row.source == Source.DIRECT
    counts = Counter({**row.counts, WRITES: 1})
    yield addition(upload_key(upload_id, COUNTS), counts, owner, sets={"updated_at": timestamp(row.at)})
    if is_direct or row.declared:
        facts = {
            **list_in_uploads(row.clinic_id, upload_id),
            "created_key": build_created_key(row.at, upload_id),
            "upload_id": upload_id,
            "clinic_id": row.clinic_id,
            "created_at": timestamp(row.at),
            "created_by": "s3",
            "source": Source.DIRECT.value,
        }
        initial = facts if is_direct else None
        yield addition(upload_key(upload_id, META), Counter(declared=row.declared), owner, initial=initial)


def _cut_transactions(changes: list[Change]) -> Iterator[list[Change]]:
    """Cut a batch into as few transactions as its marks and sums fit into."""
    together: list[Change] = []
    sums = Tally()
    for change in changes:
        add(sums, change, compare_images(change))
        marks = len({name_block(one) for one in (*together, change)})
        if marks + sums.items + change_feed.ITEMS * len(sums.clinics) > ITEMS_PER_TRANSACTION:
            yield together
            together, sums = [], tally([change])
        together.append(change)
    if together:
        yield together
