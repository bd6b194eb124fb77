"""The trail: what is recorded, that it stays for years and nobody can take it away, and who is told of tries."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from aws_cdk import App

from infra.app import FEATURE_FLAGS, placeholder_bundles
from infra.audit.stack import FIELDS, Audit
from infra.config import ConfigError
from infra.stack import SilentScalper
from infra.stages import PROD, STAGING
from tests.unit.infra.template import Template

SIX_YEARS = 6 * 365 + 2
DISTRIBUTION = "arn:aws:cloudfront::123456789012:distribution/E2EXAMPLE"


def stacks_of(config, folder, distribution_arn=None):
    """Return the templates of the core and of the audit beside it."""
    app = App(outdir=str(folder), context=FEATURE_FLAGS, analytics_reporting=False)
    core = SilentScalper(app, config=config, bundles=placeholder_bundles())
    Audit(app, config=config, core=core, distribution_arn=distribution_arn)
    out = app.synth()
    return tuple(Template(out.get_stack_by_name(f"{config.prefix}{name}").template) for name in ("", "-Audit"))


@pytest.fixture(scope="module")
def stacks(tmp_path_factory):
    return stacks_of(PROD, tmp_path_factory.mktemp("audit"), DISTRIBUTION)


@pytest.fixture(scope="module")
def core(stacks):
    return stacks[0]


@pytest.fixture(scope="module")
def audit(stacks):
    return stacks[1]


@pytest.fixture(scope="module")
def staging(tmp_path_factory):
    """Thrown away again, and far from where CloudFront's deliveries are made."""
    config = replace(STAGING, region="eu-central-1", edge=None)
    return stacks_of(config, tmp_path_factory.mktemp("staging"), DISTRIBUTION)[1]


@pytest.fixture(scope="module")
def trail(audit):
    (found,) = audit.properties_of("AWS::CloudTrail::Trail")
    return found


def selectors(trail, category):
    for selector in trail["AdvancedEventSelectors"]:
        fields = {field["Field"]: field for field in selector["FieldSelectors"]}
        if fields["eventCategory"]["Equals"] == [category]:
            yield fields


def bucket_statements(template, name):
    return [
        statement
        for policy in template.properties_of("AWS::S3::BucketPolicy")
        if policy["Bucket"] == {"Ref": template.output(name)}
        for statement in policy["PolicyDocument"]["Statement"]
    ]


def test_the_trail_is_on_in_every_region_and_its_files_can_be_validated(trail):
    assert trail["IsLogging"]
    assert trail["IsMultiRegionTrail"]
    assert trail["IncludeGlobalServiceEvents"]
    assert trail["EnableLogFileValidation"]
    assert "InsightSelectors" not in trail


def test_every_call_to_the_account_is_recorded(trail):
    (management,) = selectors(trail, "Management")
    assert set(management) == {"eventCategory"}, "no call is left out, reads included"


def test_every_touch_of_our_objects_and_items_is_recorded_and_of_nobody_elses(trail, core):
    data = {fields["resources.type"]["Equals"][0]: fields for fields in selectors(trail, "Data")}
    assert set(data) == {"AWS::S3::Object", "AWS::DynamoDB::Table", "AWS::DynamoDB::Stream"}
    objects = data["AWS::S3::Object"]["resources.ARN"]["StartsWith"]
    assert len(objects) == 4
    for name, found in zip(("Incoming", "Accepted", "Quarantine", "Renditions"), objects, strict=True):
        assert core.output(f"{name}Bucket") in json.dumps(found)
        assert found["Fn::Join"][1][-1] == "/", "or a bucket whose name begins alike would be recorded too"
    for kind in ("AWS::DynamoDB::Table", "AWS::DynamoDB::Stream"):
        (tables,) = data[kind]["resources.ARN"]["StartsWith"]
        assert tables["Fn::Join"][1][-1].endswith(":table/SilentScalper-")
    assert set(data["AWS::S3::Object"]) == {"eventCategory", "resources.type", "resources.ARN"}


def test_looks_into_the_stream_are_recorded_but_for_those_of_lambdas_polling(trail, core):
    """A table's selector takes in its stream, into which Lambda looks some 20 million times a month."""
    data = {fields["resources.type"]["Equals"][0]: fields for fields in selectors(trail, "Data")}
    table = {name: field for name, field in data["AWS::DynamoDB::Table"].items() if "NotStartsWith" in field}
    # DynamoDB guide, "DynamoDB data plane events in CloudTrail": the calls of DynamoDB Streams.
    of_streams = {"DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"}
    assert {name: set(field["NotStartsWith"]) for name, field in table.items()} == {"eventName": of_streams}
    stream = {name: field for name, field in data["AWS::DynamoDB::Stream"].items() if "NotStartsWith" in field}
    assert set(stream) == {"userIdentity.arn"}
    followers = stream["userIdentity.arn"]["NotStartsWith"]
    for function, sessions in zip(("ProjectorFunction", "ExporterFunction"), followers, strict=True):
        role = core.named_by(function)["Role"]["Fn::GetAtt"][0]
        imported, end = sessions["Fn::Join"][1][-2:]
        assert role in imported["Fn::ImportValue"]
        assert end == "/awslambda_", "or whoever stole the function's own credentials would go unseen"


def test_tables_have_the_names_by_which_the_trail_chooses_them(core):
    assert all("TableName" not in table for table in core.properties_of("AWS::DynamoDB::Table"))


def test_the_trail_is_encrypted_with_a_key_of_its_own_that_only_it_may_write_with(audit, trail):
    key = audit.resources[trail["KMSKeyId"]["Fn::GetAtt"][0]]["Properties"]
    assert key["EnableKeyRotation"]
    services = [one for one in key["KeyPolicy"]["Statement"] if "Service" in one["Principal"]]
    (cloudtrail,) = [one["Condition"] for one in services if "cloudtrail" in json.dumps(one["Principal"])]
    (logs,) = [one["Condition"] for one in services if "logs." in json.dumps(one["Principal"])]
    assert len(services) == 2
    assert "trail/SilentScalper-us-east-1-audit" in json.dumps(cloudtrail["StringEquals"]["aws:SourceArn"])
    assert "log-group:SilentScalper-Audit-*" in json.dumps(logs)


def test_people_can_search_the_trail_in_an_encrypted_log_group(audit, trail):
    group = audit.resources[trail["CloudWatchLogsLogGroupArn"]["Fn::GetAtt"][0]]["Properties"]
    assert "Fn::GetAtt" in group["KmsKeyId"]
    assert group["RetentionInDays"] > 365
    assert group["LogGroupClass"] == "INFREQUENT_ACCESS"


def test_the_trail_may_write_to_its_log_group_and_nothing_else(audit, trail):
    role = audit.resources[trail["CloudWatchLogsRoleArn"]["Fn::GetAtt"][0]]["Properties"]
    assert not role.get("Policies")
    (policy,) = [audit.resources[arn["Ref"]]["Properties"] for arn in role["ManagedPolicyArns"]]
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement["Action"] == ["logs:CreateLogStream", "logs:PutLogEvents"]
    assert statement["Resource"] == trail["CloudWatchLogsLogGroupArn"]


def test_production_locks_the_trail_for_more_than_six_years_and_nobody_can_unlock_it(audit):
    bucket = audit.named_by("AuditBucket")
    assert bucket["ObjectLockEnabled"] is True
    retention = bucket["ObjectLockConfiguration"]["Rule"]["DefaultRetention"]
    assert retention["Mode"] == "COMPLIANCE"
    assert retention["Days"] >= SIX_YEARS


def test_a_stage_that_is_thrown_away_can_be_unlocked(staging):
    assert (
        staging.named_by("AuditBucket")["ObjectLockConfiguration"]["Rule"]["DefaultRetention"]["Mode"] == "GOVERNANCE"
    )


def test_the_trail_is_forgotten_after_its_lock_and_never_before(audit):
    bucket = audit.named_by("AuditBucket")
    locked = bucket["ObjectLockConfiguration"]["Rule"]["DefaultRetention"]["Days"]
    (rule,) = bucket["LifecycleConfiguration"]["Rules"]
    assert rule["ExpirationInDays"] > locked


def test_nobody_may_delete_the_trail_or_pass_by_its_lock(audit):
    (denied,) = [
        statement
        for statement in bucket_statements(audit, "AuditBucket")
        if statement["Effect"] == "Deny" and "Bool" not in statement.get("Condition", {})
    ]
    assert denied["Principal"] in ("*", {"AWS": "*"})
    assert set(denied["Action"]) == {"s3:DeleteObject", "s3:DeleteObjectVersion", "s3:BypassGovernanceRetention"}
    assert "Condition" not in denied


def test_only_this_trail_may_write_to_the_bucket(audit):
    allowed = [one for one in bucket_statements(audit, "AuditBucket") if one["Effect"] == "Allow"]
    assert {one["Action"] for one in allowed} == {"s3:GetBucketAcl", "s3:PutObject"}
    for statement in allowed:
        assert statement["Principal"] == {"Service": "cloudtrail.amazonaws.com"}
        assert "trail/SilentScalper-us-east-1-audit" in json.dumps(
            statement["Condition"]["StringEquals"]["aws:SourceArn"]
        )


def test_the_bucket_is_private_versioned_encrypted_reached_over_tls_and_kept(audit):
    bucket = audit.named_by("AuditBucket")
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    assert audit.denied_without_tls(audit.output("AuditBucket"))
    assert audit.resources[audit.output("AuditBucket")]["DeletionPolicy"] == "RetainExceptOnCreate"


def test_who_reads_the_trail_is_noted_in_the_logs_bucket(audit, core):
    assert audit.named_by("AuditBucket")["LoggingConfiguration"]["LogFilePrefix"] == "audit/"
    (admitted,) = [
        one
        for one in bucket_statements(core, "LogsBucket")
        if one["Effect"] == "Allow" and "audit/*" in json.dumps(one["Resource"])
    ]
    assert admitted["Principal"] == {"Service": "logging.s3.amazonaws.com"}
    assert "aws:SourceAccount" in admitted["Condition"]["StringEquals"]


def test_retention_below_six_years_is_refused_where_data_is_kept():
    short = replace(PROD.retention, audit_days=SIX_YEARS - 1)
    with pytest.raises(ConfigError, match="six years"):
        replace(PROD, retention=short)


ROOT = {"type": "Root"}
SESSION = "arn:aws:sts::1:assumed-role/break-glass/ada"


@pytest.mark.parametrize(
    ("event", "told"),
    [
        ({"userIdentity": ROOT, "eventName": "CreateUser", "readOnly": False}, "RootUse"),
        ({"userIdentity": ROOT, "eventName": "ConsoleLogin"}, "RootUse"),
        ({"userIdentity": ROOT, "eventName": "GetObject", "readOnly": True, "managementEvent": False}, "RootUse"),
        ({"eventSource": "cloudtrail.amazonaws.com", "eventName": "StopLogging"}, "Tampering"),
        ({"eventSource": "dynamodb.amazonaws.com", "eventName": "DeleteResourcePolicy"}, "Tampering"),
        ({"eventSource": "kms.amazonaws.com", "eventName": "ScheduleKeyDeletion"}, "Tampering"),
        ({"eventSource": "backup.amazonaws.com", "eventName": "DeleteRecoveryPoint"}, "Tampering"),
        ({"eventSource": "events.amazonaws.com", "eventName": "DisableRule"}, "Tampering"),
        ({"eventSource": "monitoring.amazonaws.com", "eventName": "DeleteAlarms"}, "Tampering"),
        (
            {
                "eventSource": "sts.amazonaws.com",
                "eventName": "AssumeRole",
                "readOnly": True,
                "requestParameters": {"roleArn": "break-glass"},
            },
            "BreakGlassUse",
        ),
        # As the console notes it: no request, and the session that it made.
        (
            {
                "eventSource": "signin.amazonaws.com",
                "eventName": "SwitchRole",
                "userIdentity": {"type": "AssumedRole", "arn": SESSION},
                "requestParameters": None,
            },
            "BreakGlassUse",
        ),
        (
            {
                "eventSource": "iam.amazonaws.com",
                "eventName": "UpdateAssumeRolePolicy",
                "readOnly": False,
                "requestParameters": {"roleName": "break-glass"},
            },
            "BreakGlassUse",
        ),
    ],
)
def test_people_are_told_of_what_no_honest_day_brings(audit, event, told):
    rules = {rule["Name"]: rule for rule in audit.properties_of("AWS::Events::Rule")}
    rule = rules[f"SilentScalper-{told}"]
    kinds = {"AWS API Call via CloudTrail", "AWS Console Sign In via CloudTrail"}
    assert kinds & set(rule["EventPattern"]["detail-type"])
    assert fits(filled(rule["EventPattern"]["detail"]), event)
    (target,) = rule["Targets"]
    assert "Alerts" in json.dumps(target["Arn"])
    assert "RoleArn" not in target


@pytest.mark.parametrize(
    ("event", "untold"),
    [
        # AWS's services act for root, and a console looks at a hundred things for each of its pages.
        ({"userIdentity": {**ROOT, "invokedBy": "backup.amazonaws.com"}, "readOnly": False}, "RootUse"),
        ({"userIdentity": ROOT, "eventName": "ListUsers", "readOnly": True, "managementEvent": True}, "RootUse"),
        (
            {
                "eventSource": "sts.amazonaws.com",
                "eventName": "AssumeRole",
                "requestParameters": {"roleArn": "another"},
            },
            "BreakGlassUse",
        ),
        (
            {
                "eventSource": "signin.amazonaws.com",
                "eventName": "SwitchRole",
                "userIdentity": {"arn": "arn:aws:sts::1:assumed-role/break-glass-not/ada"},
            },
            "BreakGlassUse",
        ),
        (
            {
                "eventSource": "iam.amazonaws.com",
                "eventName": "GetRole",
                "readOnly": True,
                "requestParameters": {"roleName": "break-glass"},
            },
            "BreakGlassUse",
        ),
    ],
)
def test_people_are_not_told_of_what_every_day_brings(audit, event, untold):
    (rule,) = [one for one in audit.properties_of("AWS::Events::Rule") if one["Name"].endswith(f"-{untold}")]
    assert not fits(filled(rule["EventPattern"]["detail"]), event)


def fits(pattern, event):
    """Say whether an event holds what a pattern asks for, of what EventBridge's patterns know and ours use."""
    return all(
        any(fits(one, event) for one in wanted)
        if name == "$or"
        else fits(wanted, event.get(name) or {})
        if isinstance(wanted, dict)
        else any(_meets(one, event, name) for one in wanted)
        for name, wanted in pattern.items()
    )


def _meets(wanted, event, name):
    if wanted == {"exists": False}:
        return name not in event
    if isinstance(wanted, dict):
        return str(event.get(name, "")).startswith(wanted["prefix"])
    return name in event and event[name] == wanted


def filled(value):
    """Return a part of a template with what CloudFormation puts in: all that is imported here is break-glass."""
    if isinstance(value, dict):
        given = {"Ref": lambda name: {"AWS::Partition": "aws", "AWS::AccountId": "1"}[name],
                 "Fn::ImportValue": lambda _: "break-glass",
                 "Fn::Join": lambda join: "".join(filled(part) for part in join[1])}  # fmt: skip
        (only,) = value.items() if len(value) == 1 else [("", None)]
        return given[only[0]](only[1]) if only[0] in given else {name: filled(one) for name, one in value.items()}
    return [filled(one) for one in value] if isinstance(value, list) else value


def test_rules_of_this_stage_alone_leave_letters(core):
    """Who may publish to the topic cannot be narrowed (test_telling.py); what becomes of what fails can."""
    (admitted,) = [
        statement
        for policy in core.properties_of("AWS::SQS::QueuePolicy")
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Principal"] == {"Service": "events.amazonaws.com"}
    ]
    assert "rule/SilentScalper-*" in json.dumps(admitted["Condition"]["ArnLike"]["aws:SourceArn"])


def test_the_edges_logs_name_no_address_query_cookie_or_referrer(audit):
    (delivery,) = audit.properties_of("AWS::Logs::Delivery")
    assert delivery["RecordFields"] == list(FIELDS)
    forbidden = {"cs-uri-stem", "cs-uri-query", "cs(Cookie)", "cs(Referer)"}
    assert not forbidden & set(delivery["RecordFields"])
    (source,) = audit.properties_of("AWS::Logs::DeliverySource")
    assert (source["ResourceArn"], source["LogType"]) == (DISTRIBUTION, "ACCESS_LOGS")


def test_only_this_delivery_may_write_the_edges_logs(core, audit):
    (source,) = audit.properties_of("AWS::Logs::DeliverySource")
    (admitted,) = [
        one
        for one in bucket_statements(core, "LogsBucket")
        if one["Principal"] == {"Service": "delivery.logs.amazonaws.com"}
    ]
    assert "/edge/*" in json.dumps(admitted["Resource"])
    assert f"delivery-source:{source['Name']}" in json.dumps(admitted["Condition"]["ArnEquals"])


def test_in_another_region_there_is_no_delivery(staging):
    assert not any(body["Type"].startswith("AWS::Logs::Delivery") for body in staging.resources.values())


def test_the_runbook_explains_every_alarm_and_every_rule_that_tells_people(core, audit):
    runbook = (Path(__file__).parents[4] / "docs" / "runbook.md").read_text()
    alarms = {
        re.sub(r"^Al(erts|arms)|[0-9A-F]{8}$", "", name)
        for stack in (core, audit)
        for name in stack.of_type("AWS::CloudWatch::Alarm")
    }
    rules = {rule["Name"].partition("-")[2] for stack in (core, audit) for rule in told_by_rules(stack)}
    assert {"BackupFailed", "RootUse"} <= rules
    assert {name for name in alarms | rules if f"`{name}" not in runbook} == set()


def told_by_rules(stack):
    return [rule for rule in stack.properties_of("AWS::Events::Rule") if "Alerts" in json.dumps(rule["Targets"])]
