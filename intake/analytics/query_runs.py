"""Runs of saved queries in the table, behind the `QueryRuns` port: one small item for each query and period."""

from collections.abc import Mapping

from intake.analytics.model import QueryRun
from intake.files.model import timestamp
from intake.table.expressions import SYSTEM
from intake.table.items import moment
from intake.table.queries import Query
from intake.table.table import Table


class DynamoQueryRuns:
    """Keeps the latest run of each."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def note(self, run: QueryRun) -> None:
        item = {
            "pk": _partition(run.query),
            "sk": f"DAYS#{run.days:04d}",
            "days": run.days,
            "execution_id": run.execution_id,
            "started_at": timestamp(run.started_at),
        }
        self._table.put(item, SYSTEM)

    def latest(self, query: str) -> Mapping[int, QueryRun]:
        rows = self._table.query(Query(_partition(query), consistent=True)).rows
        return {
            row["days"]: QueryRun(query, row["days"], row["execution_id"], moment(row["started_at"])) for row in rows
        }


def _partition(query: str) -> str:
    return f"QUERY#{query}"
