"""Runs of saved queries in the table, behind the `QueryRuns` port: one small item for each query and period."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from intake.expressions import replacement
from intake.items import moment, plain, wire
from intake.ownership import SYSTEM
from intake.ports import QueryRun
from intake.record import timestamp

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient


class DynamoQueryRuns:
    """Keeps the latest run of each."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._dynamodb = client
        self._table = table

    def note(self, run: QueryRun) -> None:
        item = {
            "pk": _partition(run.query),
            "sk": f"DAYS#{run.days:04d}",
            "days": run.days,
            "execution_id": run.execution_id,
            "started_at": timestamp(run.started_at),
        }
        self._dynamodb.put_item(**replacement(self._table, item, SYSTEM))

    def latest(self, query: str) -> Mapping[int, QueryRun]:
        answer = self._dynamodb.query(
            TableName=self._table,
            KeyConditionExpression="pk = :query",
            ExpressionAttributeValues=wire({":query": _partition(query)}),
            ConsistentRead=True,
        )
        rows = map(plain, answer["Items"])
        return {
            row["days"]: QueryRun(query, row["days"], row["execution_id"], moment(row["started_at"])) for row in rows
        }


def _partition(query: str) -> str:
    return f"QUERY#{query}"
