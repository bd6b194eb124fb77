"""Athena behind the port of its name (sources: Amazon Athena API Reference, StartQueryExecution, GetQueryResults)."""

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from intake.analytics.model import Execution, Progress, ResultTable
from intake.aws_errors import code_of

if TYPE_CHECKING:
    from types_boto3_athena import AthenaClient

_PROGRESS = {
    "QUEUED": Progress.RUNNING,
    "RUNNING": Progress.RUNNING,
    "SUCCEEDED": Progress.DONE,
    "FAILED": Progress.FAILED,
    "CANCELLED": Progress.FAILED,
}
_MOST_ROWS = 1000
"""Athena gives no more at a time."""


class AthenaWorkGroup:
    """Runs queries in one workgroup, which says where answers go and how much one may scan."""

    def __init__(self, client: "AthenaClient", workgroup: str, database: str) -> None:
        self._athena = client
        self._workgroup = workgroup
        self._database = database

    def start(self, sql: str, token: str) -> str:
        return self._athena.start_query_execution(
            QueryString=sql,
            ClientRequestToken=token,
            QueryExecutionContext={"Database": self._database},
            WorkGroup=self._workgroup,
        )["QueryExecutionId"]

    def execution(self, execution_id: str) -> Execution | None:
        try:
            told = self._athena.get_query_execution(QueryExecutionId=execution_id)["QueryExecution"]
        except ClientError as error:
            _raise_unless_gone(error)
            return None
        statistics = told.get("Statistics", {})
        return Execution(
            _PROGRESS[told["Status"]["State"]],
            statistics.get("DataScannedInBytes", 0),
            statistics.get("TotalExecutionTimeInMillis", 0),
        )

    def table(self, execution_id: str) -> ResultTable | None:
        try:
            answer = self._athena.get_query_results(QueryExecutionId=execution_id, MaxResults=_MOST_ROWS)
        except ClientError as error:
            _raise_unless_gone(error)
            return None
        # The first row repeats the columns' names.
        rows = [tuple(cell.get("VarCharValue") for cell in row["Data"]) for row in answer["ResultSet"]["Rows"]]
        columns = tuple(str(name) for name in rows[0]) if rows else ()
        return ResultTable(columns, tuple(rows[1:]))


def _raise_unless_gone(error: ClientError) -> None:
    """Athena forgets runs after 45 days and the bucket their answers before: both make the request an invalid one."""
    if code_of(error) != "InvalidRequestException":
        raise error
