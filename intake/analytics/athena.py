"""The analytics' queries, the runs of those that are saved, and the files that they read, each behind its port.

Sources: Amazon Athena API Reference, StartQueryExecution, GetQueryResults; Amazon S3 API Reference, PutObject.
"""

import base64
import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from intake.analytics.model import Execution, Progress, QueryRun, ResultTable
from intake.aws_errors import read_error_code
from intake.files.model import timestamp
from intake.table.expressions import SYSTEM
from intake.table.items import moment
from intake.table.queries import Query
from intake.table.table import Table

if TYPE_CHECKING:
    from types_boto3_athena import AthenaClient
    from types_boto3_s3 import S3Client

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
    if read_error_code(error) != "InvalidRequestException":
        raise error


class DynamoQueryRuns:
    """Keeps the latest run of each saved query and period in the table, as one small item."""

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


class S3AnalyticsFiles:
    """Puts files into the bucket of logs and analytics.

    That bucket encrypts with S3's own key where nothing is said, as S3's access logs want it; these files are encrypted
    with the key of the records that they come from.
    """

    def __init__(self, client: "S3Client", bucket: str, key_arn: str) -> None:
        self._s3 = client
        self._bucket = bucket
        self._key_arn = key_arn

    def put(self, key: str, body: bytes) -> None:
        self._s3.put_object(
            Bucket=self._bucket,
            Key=key,
            Body=body,
            ContentType="application/gzip",
            ChecksumSHA256=base64.b64encode(hashlib.sha256(body).digest()).decode(),
            ServerSideEncryption="aws:kms",
            SSEKMSKeyId=self._key_arn,
            BucketKeyEnabled=True,
        )
