"""Alarms, dashboard, metrics and logs, and that all of them speak of the same things."""

import json
import re
from pathlib import Path

import jsonschema_rs
import pytest

from infra.stages import PROD
from tests.unit.infra.conftest import read
from tests.unit.infra.observability.emitted import FUNCTIONS, ROOT, documents_of, lines_of, metrics_of

SCHEMA = json.loads((Path(__file__).parent / "emf_schema.json").read_text())
"""As the CloudWatch User Guide publishes it, on its page "Specification: Embedded metric format"."""

PAGE = (ROOT / "docs" / "metrics.md").read_text()

OF_AWS = {
    # SQS Developer Guide, "Available CloudWatch metrics for Amazon SQS".
    "AWS/SQS": (
        {"QueueName"},
        {
            "ApproximateNumberOfMessagesVisible",
            "ApproximateNumberOfMessagesNotVisible",
            "ApproximateAgeOfOldestMessage",
        },
    ),
    # EventBridge User Guide, "Monitoring Amazon EventBridge".
    "AWS/Events": ({"RuleName"}, {"FailedInvocations"}),
    # Lambda Developer Guide, "Types of metrics for Lambda functions".
    "AWS/Lambda": (
        {"FunctionName"},
        {"Errors", "Duration", "Throttles", "ConcurrentExecutions", "Invocations", "IteratorAge"},
    ),
    # API Gateway Developer Guide, "Monitor CloudWatch metrics for HTTP APIs in API Gateway".
    "AWS/ApiGateway": ({"ApiId", "Stage"}, {"Count", "4xx", "5xx", "Latency", "IntegrationLatency"}),
    # DynamoDB Developer Guide, "DynamoDB metrics and dimensions".
    "AWS/DynamoDB": (
        {"TableName"},
        {"ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits", "ThrottledRequests", "WriteThrottleEvents"},
    ),
}
"""The metrics of AWS's that we look at, and the dimensions under which AWS documents them."""


ALSO_BY = {
    "ThrottledRequests": [{"TableName", "Operation"}],
    "WriteThrottleEvents": [{"TableName"}, {"TableName", "GlobalSecondaryIndexName"}],
}
"""Metrics of DynamoDB's that have other dimensions than the rest."""


@pytest.fixture(scope="module")
def lines(prod):
    return {service: lines_of(prod, service) for service in FUNCTIONS}


@pytest.fixture(scope="module")
def emitted(lines):
    return {
        metric for written in lines.values() for document in documents_of(written) for metric in metrics_of(document)
    }


@pytest.mark.parametrize("service", FUNCTIONS)
def test_what_a_function_writes_is_embedded_metric_format_as_it_is_published(lines, service):
    validator = jsonschema_rs.Draft7Validator(SCHEMA)
    documents = documents_of(lines[service])
    assert bool(documents) == (service != "rebuild"), "a job tells itself what came of it"
    for document in documents:
        assert not list(validator.iter_errors(document))
        for directive in document["_aws"]["CloudWatchMetrics"]:
            assert len(directive["Metrics"]) <= 100
            names = [metric["Name"] for metric in directive["Metrics"]]
            # The schema leaves out what the text of the page demands: the members that are referred to are there.
            assert all(isinstance(document[name], (int, float, list)) for name in names)
            assert all(isinstance(document[name], str) for some in directive["Dimensions"] for name in some)


def test_what_fails_in_a_sweep_keeps_nothing_else_from_being_swept(template):
    lines = lines_of(template, "sweep", "broken_sweep")
    assert [line["done"] for line in lines if "done" in line] == [
        "awaited", "reconciled", "sampled", "expected", "quiet", "given back", "failed",
    ]  # fmt: skip


@pytest.mark.parametrize(("service", "work"), [("projector", "lost_projection"), ("exporter", "lost_export")])
def test_a_letter_whose_records_are_lost_is_answered_as_one_that_failed_and_comes_at_once(prod, service, work):
    lines = [line for line in lines_of(prod, service, work) if "_aws" not in line]
    assert [line["waits"] for line in lines if "waits" in line] == [[0]]
    (told,) = [line for line in lines if line.get("message") == "not processed"]
    assert (told["error"], told["code"]) == ("StreamRecordsLostError", "TrimmedDataAccessException")
    assert "only a rebuild" in told["told"]


def test_the_schema_refuses_what_is_no_metric():
    validator = jsonschema_rs.Draft7Validator(SCHEMA)
    assert not validator.is_valid({"_aws": {"CloudWatchMetrics": [{"Namespace": "", "Dimensions": [], "Metrics": []}]}})


def test_every_alarm_and_graph_names_a_metric_that_our_code_or_aws_emits(template, emitted):
    for what, metric in (*alarmed(template), *shown(template)):
        assert complaint(metric, emitted) is None, f"{what}: {complaint(metric, emitted)}"


@pytest.mark.parametrize(
    "wrong",
    [
        ("SilentScalper", "UploadToVerdicts", {"service": "judge"}),
        ("SilentScalper", "UploadToVerdict", {"service": "projector"}),
        ("SilentScalper", "UploadToVerdict", {"Service": "judge"}),
        ("SilentScalper", "UploadToVerdict", {}),
        ("AWS/ApiGateway", "5XXError", {"ApiId": "x", "Stage": "$default"}),
        ("AWS/ApiGateway", "5xx", {"ApiName": "x"}),
        ("AWS/Nothing", "Errors", {}),
        ("AWS/DynamoDB", "ThrottledRequests", {"TableName": "x"}),
    ],
)
def test_a_typing_error_in_a_metric_is_found(emitted, wrong):
    assert complaint(wrong, emitted)


def test_the_page_names_each_of_our_metrics_with_its_unit_and_service(emitted):
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| (\w+) \|", PAGE, re.MULTILINE)
    assert sorted(rows) == sorted({(one.name, one.unit, dict(one.dimensions)["service"]) for one in emitted})


def test_each_metric_has_the_dimensions_that_the_page_tells(emitted):
    for metric in emitted:
        cold_start = {"function_name"} if metric.name == "ColdStart" else set()
        assert set(dict(metric.dimensions)) == {"service"} | cold_start
        assert metric.namespace == PROD.prefix


def test_the_page_names_each_log_line_and_what_it_carries(lines):
    rows = re.findall(r"^\| `([a-z ]+)` \| (\w+) \| (`.*`.*) \|$", PAGE, re.MULTILINE)
    told = {(message, service): set(re.findall(r"`(\w+)`", names)) for message, service, names in rows}
    for service, written in lines.items():
        logged = [line for line in written if "_aws" not in line]
        for line in logged:
            own = set(line) - POWERTOOLS
            assert told[line["message"], service] <= own, line["message"]
            assert line["service"] == service
    assert {message for message, _ in told} == {
        *(line["message"] for written in lines.values() for line in written if "_aws" not in line),
        "found",
        "not processed",
    }


POWERTOOLS = {
    "level", "location", "message", "timestamp", "service", "cold_start", "function_name", "function_memory_size",
    "function_arn", "function_request_id", "xray_trace_id",
}  # fmt: skip


def test_no_line_carries_what_only_a_record_may_hold(lines):
    for written in lines.values():
        for line in written:
            assert not {"key", "name", "patient", "metadata"} & set(line)
            assert "slice-0.dcm" not in json.dumps(line)
            assert "northside/2026" not in json.dumps(line)


def test_the_page_names_each_alarm(prod, prod_assembly):
    section = PAGE.partition("## Alarms")[2].partition("## Incidents")[0]
    named = {
        name for row in re.findall(r"^\| (`.*?) \|", section, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)
    }
    beside = read(prod_assembly, "SilentScalper-Audit").of_type("AWS::CloudWatch::Alarm")
    assert named == {
        re.fullmatch(r"(?:Alarms)?(\w+)[0-9A-F]{8}", name)[1]
        for name in (*prod.of_type("AWS::CloudWatch::Alarm"), *beside)
    } | {"ScanResultsUntold"}


def test_there_are_few_alarms_each_tells_the_alert_topic_and_none_is_dear(template):
    alarms = template.properties_of("AWS::CloudWatch::Alarm")
    assert len(alarms) <= 20
    for alarm in alarms:
        assert alarm["AlarmActions"] == [{"Ref": template.output("AlertTopicArn")}]
        assert "Metrics" not in alarm, "one over several metrics costs as much as one for each"
        assert alarm["Period"] >= 60, "shorter periods are dearer"


def test_the_limits_are_the_stages(prod):
    limits, by_metric = PROD.alarms, {}
    for alarm in prod.properties_of("AWS::CloudWatch::Alarm"):
        by_metric.setdefault(alarm["MetricName"], alarm)
    thresholds = {name: alarm["Threshold"] for name, alarm in by_metric.items()}
    assert thresholds["ApproximateAgeOfOldestMessage"] == limits.oldest_message_s
    assert thresholds["IteratorAge"] == 1000 * limits.oldest_change_s
    assert thresholds["UploadToVerdict"] == 1000 * limits.upload_to_verdict_p95_s
    assert thresholds["5xx"] == limits.portal_5xx
    assert thresholds["Latency"] == limits.portal_p99_ms
    assert {name: by_metric[name]["ExtendedStatistic"] for name in ("UploadToVerdict", "Latency")} == {
        "UploadToVerdict": "p95",
        "Latency": "p99",
    }


def test_silence_of_the_sweep_is_the_alarm_and_any_other_silence_is_none(template):
    for alarm in template.properties_of("AWS::CloudWatch::Alarm"):
        heartbeat = alarm["MetricName"] == "Swept"
        assert alarm["TreatMissingData"] == ("breaching" if heartbeat else "notBreaching")
        assert alarm["ComparisonOperator"] == ("LessThanThreshold" if heartbeat else "GreaterThanThreshold")


def test_the_dashboard_stays_within_what_is_free(template):
    assert len(template.of_type("AWS::CloudWatch::Dashboard")) == 1
    metrics = {(namespace, name, *sorted(dimensions.items())) for _, (namespace, name, dimensions) in shown(template)}
    assert len(metrics) <= 50


def test_every_row_of_the_dashboard_has_a_title_and_fills_the_width(template):
    widgets = board(template)["widgets"]
    rows = {}
    for widget in widgets:
        rows.setdefault(widget["y"], []).append(widget)
    titled = [row for row in rows.values() if row[0]["type"] == "text"]
    assert len(titled) * 2 == len(rows)
    assert {sum(widget["width"] for widget in row) for row in rows.values()} == {24}
    assert all(widget["properties"]["title"] for widget in widgets if widget["type"] == "metric")


def test_every_function_and_the_gateway_log_with_encryption_and_a_time_limit(template):
    groups = template.properties_of("AWS::Logs::LogGroup")
    assert len(groups) >= len(template.of_type("AWS::Lambda::Function")) + 1
    for group in groups:
        assert group["RetentionInDays"]
        assert group["KmsKeyId"]
    for function in template.properties_of("AWS::Lambda::Function"):
        assert function["LoggingConfig"]["LogGroup"]["Ref"] in template.resources


def complaint(metric, emitted):
    """Return what is wrong with a metric, given as namespace, name and dimensions, or None."""
    namespace, name, dimensions = metric
    if namespace in OF_AWS:
        expected, names = OF_AWS[namespace]
        if name not in names:
            return f"AWS documents no {name} in {namespace}"
        is_known = set(dimensions) in ALSO_BY.get(name, [expected])
        return None if is_known else f"{namespace} has no {name} by {sorted(dimensions)}"
    known = {(one.namespace, one.name, one.dimensions) for one in emitted}
    return None if (namespace, name, tuple(sorted(dimensions.items()))) in known else f"no function writes {metric}"


def alarmed(template):
    for name, alarm in template.of_type("AWS::CloudWatch::Alarm").items():
        properties = alarm["Properties"]
        dimensions = {row["Name"]: plain(row["Value"]) for row in properties["Dimensions"]}
        yield name, (properties["Namespace"], properties["MetricName"], dimensions)


def shown(template):
    for widget in board(template)["widgets"]:
        for namespace, name, *rest in widget["properties"].get("metrics", ()):
            pairs = [one for one in rest if not isinstance(one, dict)]
            yield widget["properties"]["title"], (namespace, name, dict(zip(pairs[::2], pairs[1::2], strict=True)))


def board(template):
    (dashboard,) = template.properties_of("AWS::CloudWatch::Dashboard")
    return json.loads(plain(dashboard["DashboardBody"]))


def plain(value):
    """Return a text of the template, with a word where AWS puts something in."""
    if isinstance(value, str):
        return value
    parts = value["Fn::Join"][1] if "Fn::Join" in value else [value]
    return "".join(part if isinstance(part, str) else "given-by-aws" for part in parts)
