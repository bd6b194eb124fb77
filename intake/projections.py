"""What follows from the records, in the same table, behind the `Projections` port.

A marker per file and revision is written in the transaction that adds a change to its sums: so a change counts once,
however often, in whatever order and by however many workers the stream delivers it.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from intake.expressions import addition
from intake.items import (
    COUNTS,
    META,
    Item,
    alert_key,
    expiry,
    moment,
    plain,
    prefixed,
    series_key,
    study_key,
    timestamp,
    upload_key,
    wire,
)
from intake.ports import Change, HourBucket
from intake.record import Source
from intake.states import State
from intake.studies import StudyMarks
from intake.tally import AlertTally, Tally, UploadTally, add, tally
from intake.transactions import write_each_once
from intake.upload_items import direct_upload_facts

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

ITEMS_PER_TRANSACTION = 100
"""DynamoDB takes no more. A change writes its marker, and shares with others the items of up to seven sums."""


class DynamoProjections:
    """Adds changes to sums, and reads the sums."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._dynamodb = client
        self._table = table
        self._marks = StudyMarks(client, table)

    def apply(self, changes: Sequence[Change]) -> None:
        # One transaction takes no item twice, so what a batch brings twice is told apart before.
        once = {(change.file_id, change.revision): change for change in changes}
        counted = [change for change in once.values() if change.after is not State.AWAITING_UPLOAD]
        for together in _transactions(counted):
            write_each_once(self._dynamodb, together, self._transaction, "sums")
        # Sets and bounds may be written again, so they need no marker, and follow when every change was counted.
        self._marks.add(counted)

    def hours(self, since: datetime, until: datetime, clinic_id: str | None = None) -> tuple[HourBucket, ...]:
        days = (until.date() - since.date()).days + 1
        rows = [row for day in range(days) for row in self._day(since + timedelta(days=day))]
        buckets = (_hour_bucket(row) for row in rows if clinic_id in {None, row["clinic_id"]})
        return tuple(bucket for bucket in buckets if since < bucket.hour + timedelta(hours=1) and bucket.hour <= until)

    def _transaction(self, changes: list[Change]) -> list[Any]:
        sums = tally(changes)
        markers = [
            {
                "Put": {
                    "TableName": self._table,
                    "Item": wire(
                        {"pk": f"APPLIED#{change.file_id}#{change.revision}", "sk": "#APPLIED", "expires": expiry()}
                    ),
                    "ConditionExpression": "attribute_not_exists(pk)",
                }
            }
            for change in changes
        ]
        updates = [update for upload_id, row in sums.uploads.items() for update in self._upload(upload_id, row)]
        updates += [self._hour(hour, clinic_id, counts) for (hour, clinic_id), counts in sums.hours.items()]
        updates += [self._alert(kind, upload_id, row) for (kind, upload_id), row in sums.alerts.items()]
        updates += [self._study(*names, counts) for names, counts in sums.studies.items()]
        updates += [self._series(*names, counts) for names, counts in sums.series.items()]
        return [*markers, *({"Update": update} for update in updates)]

    def _upload(self, upload_id: str, row: UploadTally) -> list[dict[str, Any]]:
        counts = addition(
            self._table, upload_key(upload_id, COUNTS), row.counts, sets={"updated_at": timestamp(row.at)}
        )
        return [counts, *self._declaration(upload_id, row)]

    def _declaration(self, upload_id: str, row: UploadTally) -> list[dict[str, Any]]:
        """Declare what nobody announced, in the transaction that counts it: no upload looks complete too early.

        The first verdict on what a clinic drops into S3 in a day creates its receipt.
        """
        is_direct = row.source == Source.DIRECT
        if not is_direct and not row.declared:
            return []
        facts = direct_upload_facts(row.clinic_id, upload_id, row.at) if is_direct else None
        declared = Counter({"declared": row.declared})
        return [addition(self._table, upload_key(upload_id, META), declared, initial=facts)]

    def _hour(self, hour: datetime, clinic_id: str, counts: Counter[str]) -> dict[str, Any]:
        facts = {"clinic_id": clinic_id, "hour": timestamp(hour)}
        return addition(self._table, _hour_key(hour, clinic_id), counts, sets=facts)

    def _alert(self, kind: str, upload_id: str, row: AlertTally) -> dict[str, Any]:
        sums = Counter({"pending": row.pending, **{f"code_{code}": n for code, n in row.codes.items()}})
        facts = {"clinic_id": row.clinic_id, "first_file_id": row.first_file_id}
        return addition(self._table, alert_key(kind, upload_id), sums, initial=facts, sets={"expires": expiry()})

    def _study(self, clinic_id: str, study_uid: str, counts: Counter[str]) -> dict[str, Any]:
        facts = {"clinic_id": clinic_id, "study_uid": study_uid}
        return addition(self._table, study_key(clinic_id, study_uid), counts, sets=facts)

    def _series(self, clinic_id: str, study_uid: str, series_uid: str, counts: Counter[str]) -> dict[str, Any]:
        facts = {"series_uid": series_uid}
        return addition(self._table, series_key(clinic_id, study_uid, series_uid), counts, sets=facts)

    def _day(self, day: datetime) -> list[Item]:
        pages = self._dynamodb.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :day",
            ExpressionAttributeValues=wire({":day": f"HOURS#{day:%Y-%m-%d}"}),
        )
        return [plain(item) for page in pages for item in page["Items"]]


def _transactions(changes: list[Change]) -> Iterator[list[Change]]:
    """Cut a batch into as few transactions as its markers and sums fit into."""
    together: list[Change] = []
    sums = Tally()
    for change in changes:
        add(sums, change)
        if len(together) + 1 + sums.items > ITEMS_PER_TRANSACTION:
            yield together
            together, sums = [], tally([change])
        together.append(change)
    if together:
        yield together


def _hour_key(hour: datetime, clinic_id: str) -> Item:
    return {"pk": f"HOURS#{hour:%Y-%m-%d}", "sk": f"{hour:%H}#{clinic_id}"}


def _hour_bucket(row: Item) -> HourBucket:
    return HourBucket(
        clinic_id=row["clinic_id"],
        hour=moment(row["hour"]),
        counts={State(name): amount for name, amount in prefixed(row, "n_").items()},
        bytes=row.get("bytes", 0),
        latency={int(bound): amount for bound, amount in prefixed(row, "ms_").items()},
        codes=prefixed(row, "code_"),
        shadow=prefixed(row, "shadow_"),
    )
