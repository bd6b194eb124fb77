"""Stuck files in the table, behind the `StuckFiles` port: one small item each, in one partition."""

import time
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from intake.expressions import replacement
from intake.items import moment, plain, wire
from intake.ownership import clinic
from intake.ports import StuckFile
from intake.record import timestamp

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

_STUCK = "STUCK"
_KEPT_S = 3600


class DynamoStuckFiles:
    """Notes and lists stuck files."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._dynamodb = client
        self._table = table

    def note(self, files: Sequence[StuckFile]) -> None:
        for file in files:
            item = {
                "pk": _STUCK,
                "sk": file.file_id,
                "clinic_id": file.clinic_id,
                "arrived_at": timestamp(file.arrived_at),
                "seen_at": timestamp(file.seen_at),
                "expires": int(time.time()) + _KEPT_S,
            }
            self._dynamodb.put_item(**replacement(self._table, item, clinic(file.clinic_id)))

    def seen(self, since: datetime, limit: int) -> tuple[StuckFile, ...]:
        pages = self._dynamodb.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :stuck",
            FilterExpression="seen_at >= :since",
            ExpressionAttributeValues=wire({":stuck": _STUCK, ":since": timestamp(since)}),
        )
        rows = (plain(item) for page in pages for item in page["Items"])
        found = (
            StuckFile(row["sk"], row["clinic_id"], moment(row["arrived_at"]), moment(row["seen_at"])) for row in rows
        )
        return tuple(sorted(found, key=lambda file: file.arrived_at)[:limit])
