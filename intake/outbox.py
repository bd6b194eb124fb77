"""Alerts that wait to be sent, in the table, behind the `Outbox` port.

The projection adds to them in its transactions, or announces them once for each episode, so none is lost; a lease keeps
two workers from sending the same one.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from intake.aws_errors import code_of
from intake.expressions import addition, update
from intake.items import OUTBOX, alert_key, expiry, plain, prefixed, wire
from intake.ownership import SYSTEM, clinic
from intake.ports import DueAlert
from intake.record import timestamp

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

QUIET = timedelta(minutes=15)
"""How long an alert's repetitions are held back and counted."""

_LEASE = timedelta(minutes=1)


class DynamoOutbox:
    """Hands out what is due."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._dynamodb = client
        self._table = table

    def announce(self, kind: str, clinic_id: str, subject: str, episode: str, due_at: datetime) -> None:
        facts = {"clinic_id": clinic_id, "episode": episode, "due_at": timestamp(due_at), "expires": expiry()}
        announced = update(
            self._table,
            alert_key(kind, subject),
            clinic(clinic_id),
            sets=facts,
            sums={"pending": 1},
            condition="attribute_not_exists(episode) OR episode <> :episode",
            values={":episode": episode},
            new=True,
        )
        try:
            self._dynamodb.update_item(**announced)
        except ClientError as error:
            if code_of(error) != "ConditionalCheckFailedException":
                raise

    def take_due_alert(self, kind: str, subject: str, at: datetime) -> DueAlert | None:
        # Whoever sends alerts learns here whose this one is, and so cannot say it beforehand.
        leased = update(
            self._table,
            alert_key(kind, subject),
            SYSTEM,
            sets={"leased_until": timestamp(at + _LEASE)},
            condition=(
                "pending > :none AND (attribute_not_exists(leased_until) OR leased_until < :now)"
                " AND (attribute_not_exists(told_at) OR told_at <= :quiet)"
                " AND (attribute_not_exists(due_at) OR due_at <= :now)"
            ),
            values={":none": 0, ":now": timestamp(at), ":quiet": timestamp(at - QUIET)},
        )
        try:
            answer = self._dynamodb.update_item(**leased, ReturnValues="ALL_NEW")
        except ClientError as error:
            if code_of(error) == "ConditionalCheckFailedException":
                return None
            raise
        row = plain(answer["Attributes"])
        codes, first = prefixed(row, "code_"), row.get("first_file_id", "")
        return DueAlert(kind, row["clinic_id"], subject, row["pending"], codes, first)

    def told(self, alert: DueAlert, at: datetime) -> None:
        sums = Counter({"pending": -alert.count, **{f"code_{code}": -n for code, n in alert.codes.items()}})
        self._dynamodb.update_item(
            **addition(
                self._table,
                alert_key(alert.kind, alert.subject),
                sums,
                clinic(alert.clinic_id),
                sets={"told_at": timestamp(at), "expires": expiry()},
                remove="leased_until",
            )
        )

    def pending_alerts(self) -> Iterable[tuple[str, str]]:
        pages = self._dynamodb.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :outbox",
            FilterExpression="pending > :none",
            ExpressionAttributeValues=wire({":outbox": OUTBOX, ":none": 0}),
        )
        for page in pages:
            for item in page["Items"]:
                kind, _, subject = plain(item)["sk"].partition("#")
                yield kind, subject
