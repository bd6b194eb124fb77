"""What follows from the records, in the same table, behind the `Projections` port.

Each file's revision is noted in the transaction that adds a change to its sums and appends it to its clinic's change
feed: so a change counts once, however often, in whatever order and by however many workers the stream delivers it.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from intake.files.item_keys import (
    COUNTS,
    HOLDINGS,
    META,
    alert_key,
    series_key,
    study_key,
    study_of_upload_key,
    upload_key,
)
from intake.files.model import Source, timestamp
from intake.files.states import State
from intake.projections import change_feed
from intake.projections.devices import DeviceRegister
from intake.projections.ledger import Ledger, blocks
from intake.projections.model import Bucket, Change, Grain, Holding
from intake.projections.study_sets import StudyMarks
from intake.projections.tally import AlertTally, FiledTally, Tally, UploadTally, add, tally
from intake.projections.time_buckets import FLEETING, bucket, bucket_facts, bucket_key, bucket_queries
from intake.records.pending import AnnouncedFiles
from intake.records.upload_items import direct_upload_facts
from intake.table.expressions import Write, addition, clinic
from intake.table.items import expiry
from intake.table.queries import Query
from intake.table.table import Table
from intake.table.transactions import write_anew

ITEMS_PER_TRANSACTION = 100
"""DynamoDB takes no more. A change shares with others its block's note, and the items of up to twelve sums."""


class DynamoProjections:
    """Adds changes to sums, and reads the sums."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._marks = StudyMarks(table)
        self._devices = DeviceRegister(table)
        self._feed = change_feed.FeedWriter(table)
        self._ledger = Ledger(table)
        self._announced = AnnouncedFiles(table)

    def apply(self, changes: Sequence[Change]) -> None:
        # One transaction takes no item twice, so what a batch brings twice is told apart before.
        once = {(change.file_id, change.revision): change for change in changes}
        counted = [change for change in once.values() if change.after is not State.AWAITING_UPLOAD]
        for together in _cut_transactions(list(map(self._admit_device, counted))):
            write_anew(self._table, partial(self._transaction, together), "sums")
        # Sets and bounds may be written again, so they need no note, and follow when every change was counted.
        self._marks.add(counted)

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

    def _admit_device(self, change: Change) -> Change:
        if change.device is None:
            return change
        return replace(change, device=self._devices.admit(change.clinic_id, change.at, change.device))

    def _transaction(self, changes: Sequence[Change]) -> list[Write]:
        """Return the writes that apply what was not applied yet; none where all was."""
        new, notes = self._ledger.split_new(changes)
        if not new:
            return []
        sums = tally(new)
        updates = self._announced.decrement_items(sums.announced)
        updates += [update for upload_id, row in sums.uploads.items() for update in _add_upload(upload_id, row)]
        updates += [_add_bucket(*names, counts) for names, counts in sums.buckets.items()]
        updates += [
            addition({"pk": HOLDINGS, "sk": clinic_id}, counts, clinic(clinic_id))
            for clinic_id, counts in sums.holdings.items()
        ]
        updates += [_add_alert(kind, upload_id, row) for (kind, upload_id), row in sums.alerts.items()]
        updates += [_add_study(*names, counts) for names, counts in sums.studies.items()]
        updates += [_add_series(*names, counts) for names, counts in sums.series.items()]
        updates += [_add_filed(upload_id, row) for (upload_id, _), row in sums.filed.items()]
        # The feed tells each verdict once, and an archive's when its entries have theirs.
        told = [
            replace(change, before=State.AWAITING_UPLOAD) if change.unsettled_before else change
            for change in new
            if not change.unsettled_after
        ]
        return [*notes, *updates, *self._feed.append_changes(told)]


def _add_upload(upload_id: str, row: UploadTally) -> list[Write]:
    """Count an upload's files, and declare those that nobody announced: no upload looks complete too early.

    The first verdict on what a clinic drops into S3 in a day creates its receipt.
    """
    owner, is_direct = clinic(row.clinic_id), row.source == Source.DIRECT
    counts = addition(upload_key(upload_id, COUNTS), row.counts, owner, sets={"updated_at": timestamp(row.at)})
    if not is_direct and not row.declared:
        return [counts]
    facts = direct_upload_facts(row.clinic_id, upload_id, row.at) if is_direct else None
    return [counts, addition(upload_key(upload_id, META), Counter(declared=row.declared), owner, initial=facts)]


def _add_bucket(grain: Grain, start: datetime, clinic_id: str, counts: Counter[str]) -> Write:
    facts = bucket_facts(start, clinic_id) | ({"expires": expiry()} if grain is FLEETING else {})
    return addition(bucket_key(grain, start, clinic_id), counts, clinic(clinic_id), sets=facts)


def _add_alert(kind: str, upload_id: str, row: AlertTally) -> Write:
    sums = Counter({"pending": row.pending, **{f"code_{code}": n for code, n in row.codes.items()}})
    first, kept = {"first_file_id": row.first_file_id}, {"expires": expiry()}
    return addition(alert_key(kind, upload_id), sums, clinic(row.clinic_id), initial=first, sets=kept)


def _add_study(clinic_id: str, study_id: str, study_uid: str, counts: Counter[str]) -> Write:
    facts = {"clinic_id": clinic_id, "study_uid": study_uid}
    return addition(study_key(study_id), counts, clinic(clinic_id), sets=facts)


def _add_series(clinic_id: str, study_id: str, series_id: str, series_uid: str, counts: Counter[str]) -> Write:
    facts = {"series_uid": series_uid}
    return addition(series_key(study_id, series_id), counts, clinic(clinic_id), sets=facts)


def _add_filed(upload_id: str, row: FiledTally) -> Write:
    filed = row.filed
    told = {"modality": filed.modality or None, "study_date": filed.study_date or None}
    facts = {"study_id": filed.study_id, **{name: value for name, value in told.items() if value}}
    key = study_of_upload_key(upload_id, filed.study_id)
    return addition(key, row.counts, clinic(row.clinic_id), initial=facts)


def _cut_transactions(changes: list[Change]) -> Iterator[list[Change]]:
    """Cut a batch into as few transactions as its notes and sums fit into."""
    together: list[Change] = []
    sums = Tally()
    for change in changes:
        add(sums, change)
        if blocks([*together, change]) + sums.items + change_feed.ITEMS * len(sums.clinics) > ITEMS_PER_TRANSACTION:
            yield together
            together, sums = [], tally([change])
        together.append(change)
    if together:
        yield together
