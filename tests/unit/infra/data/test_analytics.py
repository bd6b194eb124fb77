"""What Athena knows, what it may cost, and who gets at it."""

import pytest

from intake.analytics.model import COLUMNS
from portal.saved_queries import QUERIES
from tests.unit.infra.conftest import read


@pytest.fixture
def table(template):
    (table,) = template.properties_of("AWS::Glue::Table")
    return table["TableInput"]


@pytest.fixture
def operations(prod_assembly):
    return read(prod_assembly, "SilentScalper-Operations")


def within(value):
    """Return the text of a joined value, without its references."""
    return "".join(part if isinstance(part, str) else "~" for part in value["Fn::Join"][1])


def test_the_table_has_the_columns_that_rows_have(table):
    described = [(column["Name"], column["Type"]) for column in table["StorageDescriptor"]["Columns"]]
    assert described == [(name, kind) for name, (kind, _) in COLUMNS.items()]
    assert table["PartitionKeys"] == [{"Name": "dt", "Type": "string"}]


def test_its_days_are_reckoned_and_not_listed(table, template):
    projection = table["Parameters"]
    days = {"prod": 400, "local": 7}["prod" if "400" in projection["projection.dt.range"] else "local"]
    assert projection["projection.enabled"] == "true"
    assert (projection["projection.dt.type"], projection["projection.dt.format"]) == ("date", "yyyy-MM-dd")
    assert projection["projection.dt.range"] == f"NOW-{days}DAYS,NOW"
    assert within(projection["storage.location.template"]) == "s3://~/analytics/verdicts/dt=${dt}/"
    (forgotten,) = [rule for rule in rules(template) if rule.get("Prefix") == "analytics/verdicts/"]
    assert forgotten["ExpirationInDays"] == days


def rules(template):
    return template.named_by("LogsBucket")["LifecycleConfiguration"]["Rules"]


def test_a_query_costs_a_few_cents_at_the_most_and_its_answer_is_encrypted_and_forgotten(template):
    (group,) = template.properties_of("AWS::Athena::WorkGroup")
    configured = group["WorkGroupConfiguration"]
    assert configured["EnforceWorkGroupConfiguration"] is True
    assert configured["PublishCloudWatchMetricsEnabled"] is True
    assert configured["BytesScannedCutoffPerQuery"] <= 10**10
    answers = configured["ResultConfiguration"]
    assert answers["EncryptionConfiguration"]["EncryptionOption"] == "SSE_KMS"
    assert within(answers["OutputLocation"]) == "s3://~/athena/"
    (kept,) = [rule for rule in rules(template) if rule.get("Prefix") == "athena/"]
    assert kept["ExpirationInDays"] == 30


def test_the_exporter_writes_rows_and_gets_at_nothing_else(template):
    stated = {str(one["Resource"]) for one in template.statements_of("ExporterFunction") if "s3:" in one["Action"]}
    assert {action for action in template.actions("ExporterFunction") if "s3:" in action} == {"s3:PutObject"}
    assert len(stated) == 1
    assert "/analytics/verdicts/*" in stated.pop()
    reads = {"dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"}
    tables = {one for one in template.actions("ExporterFunction") if one.startswith("dynamodb:")}
    assert {one for one in tables if template.may("ExporterFunction", one) != {"*"}} == reads


def test_of_the_bucket_of_logs_the_portal_reads_rows_and_answers_and_no_log(template):
    logs = template.output("LogsBucket")
    opened = [
        (one["Action"], within(one["Resource"]))
        for one in template.statements_of("PortalFunction")
        if isinstance(one["Resource"], dict) and "Fn::Join" in one["Resource"] and logs in str(one["Resource"])
    ]
    assert {path for action, path in opened if action == "s3:GetObject"} == {"~/analytics/verdicts/*", "~/athena/*"}
    assert {path for action, path in opened if action == "s3:PutObject"} == {"~/athena/*"}
    (listing,) = [
        one
        for one in template.statements_of("PortalFunction")
        if one["Action"] == "s3:ListBucket" and logs in str(one["Resource"])
    ]
    assert listing["Condition"] == {"StringLike": {"s3:prefix": ["analytics/verdicts/*", "athena/*"]}}


def test_the_portal_runs_queries_in_the_one_workgroup_on_the_one_table(template):
    statements = template.statements_of("PortalFunction")
    athena = {(one["Action"], within(one["Resource"])) for one in statements if one["Action"].startswith("athena:")}
    assert {action for action, _ in athena} == {
        "athena:StartQueryExecution",
        "athena:GetQueryExecution",
        "athena:GetQueryResults",
    }
    assert len({resource for _, resource in athena}) == 1
    assert all(resource.startswith("arn:~:athena:~:~:workgroup/SilentScalper") for _, resource in athena)
    glue = {within(one["Resource"]).rpartition("~:")[2] for one in statements if one["Action"].startswith("glue:")}
    assert glue == {"catalog", "database/silentscalper", "database/default", "table/silentscalper/verdicts"}


def test_of_the_default_database_it_learns_that_it_is_there_as_athena_does_before_every_query(template):
    of_default = [one for one in template.statements_of("PortalFunction") if "database/default" in str(one["Resource"])]
    assert [one["Action"] for one in of_default] == ["glue:GetDatabase"]


def test_athena_offers_the_texts_that_the_page_runs(operations):
    saved = operations.properties_of("AWS::Athena::NamedQuery")
    assert {one["Name"]: one["QueryString"] for one in saved} == {query.title: query.sql() for query in QUERIES}
    assert {(one["Database"], one["WorkGroup"]) for one in saved} == {("silentscalper", "SilentScalper")}
