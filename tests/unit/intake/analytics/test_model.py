"""The analytics' adapters: files under the records' key, runs in the table, and Athena as it answers."""

from datetime import timedelta
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from intake.analytics.athena import AthenaWorkGroup, DynamoQueryRuns, S3AnalyticsFiles
from intake.analytics.model import COLUMNS, Execution, Progress, QueryRun, ResultTable
from intake.table.table import Table
from tests.records import NOON
from tests.unit.intake.conftest import TABLE

KEY = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
ASKED = {"QueryExecutionId": "e-1"}


@pytest.fixture
def athena():
    client = boto3.client("athena", "us-east-1", aws_access_key_id="test", aws_secret_access_key="test")
    with Stubber(client) as stubbed:
        yield AthenaWorkGroup(client, "SilentScalper", "silentscalper"), stubbed
        stubbed.assert_no_pending_responses()


def test_a_file_is_encrypted_with_the_records_key_and_written_over_itself(aws):
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="kept-logs")
    files = S3AnalyticsFiles(s3, "kept-logs", KEY)
    for _ in range(2):
        files.put("analytics/verdicts/dt=2026-11-22/a.json.gz", b"rows")
    (found,) = s3.list_objects_v2(Bucket="kept-logs")["Contents"]
    head = s3.head_object(Bucket="kept-logs", Key=found["Key"])
    assert (head["ServerSideEncryption"], head["SSEKMSKeyId"], head["BucketKeyEnabled"]) == ("aws:kms", KEY, True)


def test_the_latest_run_of_each_query_and_period_is_kept(dynamodb):
    runs = DynamoQueryRuns(Table(dynamodb, TABLE))
    assert runs.latest("cost") == {}
    first, second = (QueryRun("cost", 7, f"e-{n}", NOON + timedelta(hours=n)) for n in (1, 2))
    other = QueryRun("cost", 90, "e-3", NOON)
    for run in (first, other, second, QueryRun("throughput", 7, "e-4", NOON)):
        runs.note(run)
    assert runs.latest("cost") == {7: second, 90: other}


def test_a_query_starts_in_the_workgroup_and_database_with_its_token(athena):
    group, stubbed = athena
    asked = {
        "QueryString": "SELECT 1",
        "ClientRequestToken": "t" * 64,
        "QueryExecutionContext": {"Database": "silentscalper"},
        "WorkGroup": "SilentScalper",
    }
    stubbed.add_response("start_query_execution", ASKED, asked)
    assert group.start("SELECT 1", "t" * 64) == "e-1"


@pytest.mark.parametrize(
    ("state", "progress"),
    [
        ("QUEUED", Progress.RUNNING),
        ("RUNNING", Progress.RUNNING),
        ("SUCCEEDED", Progress.DONE),
        ("FAILED", Progress.FAILED),
        ("CANCELLED", Progress.FAILED),
    ],
)
def test_how_far_a_query_has_come(athena, state, progress):
    group, stubbed = athena
    told = {"Status": {"State": state, "StateChangeReason": "row with PROBE^PETRA"}}
    told["Statistics"] = {"DataScannedInBytes": 5, "TotalExecutionTimeInMillis": 7}
    stubbed.add_response("get_query_execution", {"QueryExecution": told}, ASKED)
    assert group.execution("e-1") == Execution(progress, 5, 7)


def test_an_answer_is_its_columns_and_rows(athena):
    group, stubbed = athena
    data = [[{"VarCharValue": "cause"}, {"VarCharValue": "files"}], [{"VarCharValue": "truncated"}, {}]]
    answer = {"ResultSet": {"Rows": [{"Data": row} for row in data]}}
    stubbed.add_response("get_query_results", answer, {**ASKED, "MaxResults": 1000})
    assert group.table("e-1") == ResultTable(("cause", "files"), (("truncated", None),))


def test_what_athena_no_longer_knows_is_none_and_other_trouble_is_trouble(athena):
    group, stubbed = athena
    for operation, ask in (("get_query_execution", group.execution), ("get_query_results", group.table)):
        stubbed.add_client_error(operation, "InvalidRequestException")
        assert ask("e-1") is None
        stubbed.add_client_error(operation, "AccessDeniedException")
        with pytest.raises(ClientError, match="AccessDenied"):
            ask("e-1")


def test_every_column_is_documented_as_it_is_described_to_athena():
    page = Path("docs/analytics.md").read_text(encoding="utf-8")
    for name, (kind, meaning) in COLUMNS.items():
        assert f"| `{name}` | {kind} | {meaning} |" in page
