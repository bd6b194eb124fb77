"""What was lost comes back: backups, versions, restored tables; and people get at files when the portal is gone."""

import json
from dataclasses import replace

import pytest
from aws_cdk import App, CfnOutput, RemovalPolicy, Stack
from aws_cdk import aws_kms as kms

from infra.app import FEATURE_FLAGS, placeholder_bundles
from infra.config import ConfigError, RestoredTable, Retention
from infra.data.buckets import Storage
from infra.stack import SilentScalper
from infra.stages import PROD
from tests.unit.infra.template import Template, listed, switched

RESTORED = RestoredTable(
    name="SilentScalper-RecordsTable-1-restored",
    stream_arn="arn:aws:dynamodb:us-east-1:123456789012:table/SilentScalper-RecordsTable-1-restored/stream/2026",
)


def role_of(template, service):
    (role,) = [
        body["Properties"]
        for body in template.of_type("AWS::IAM::Role").values()
        if service in json.dumps(body["Properties"]["AssumeRolePolicyDocument"])
    ]
    return role


def statements(template, role):
    (policy,) = [template.resources[arn["Ref"]]["Properties"] for arn in role["ManagedPolicyArns"]]
    return policy["PolicyDocument"]["Statement"]


def test_both_tables_are_backed_up_every_week_and_every_month(prod):
    (plan,) = prod.properties_of("AWS::Backup::BackupPlan")
    rules = {rule["RuleName"]: rule for rule in plan["BackupPlan"]["BackupPlanRule"]}
    assert {name: (rule["ScheduleExpression"], rule["Lifecycle"]) for name, rule in rules.items()} == {
        "weekly": ("cron(0 5 ? * SUN *)", {"DeleteAfterDays": 14}),
        "monthly": ("cron(0 7 1 * ? *)", {"MoveToColdStorageAfterDays": 1, "DeleteAfterDays": 365}),
    }
    (selection,) = prod.properties_of("AWS::Backup::BackupSelection")
    chosen = json.dumps(selection["BackupSelection"]["Resources"])
    assert all(prod.output(table) in chosen for table in ("Table", "AuditTable"))
    assert "ListOfTags" not in selection["BackupSelection"]


def test_the_vault_is_encrypted_locked_and_lets_nobody_delete_a_backup(prod):
    (vault,) = prod.properties_of("AWS::Backup::BackupVault")
    assert "Fn::GetAtt" in vault["EncryptionKeyArn"]
    assert vault["LockConfiguration"] == {"MinRetentionDays": 14}, "without ChangeableForDays the lock is governance"
    (denied,) = vault["AccessPolicy"]["Statement"]
    assert (denied["Effect"], denied["Principal"]) == ("Deny", {"AWS": "*"})
    assert "backup:DeleteRecoveryPoint" in denied["Action"]


def test_the_backups_role_reads_the_tables_and_writes_to_restored_copies_only(prod):
    tables = {prod.output("Table"), prod.output("AuditTable")}
    for statement in statements(prod, role_of(prod, "backup.amazonaws.com")):
        for resource in listed(statement["Resource"]):
            assert "*" not in json.dumps(resource)
            if resource.get("Fn::GetAtt", [""])[0] in tables:
                assert set(statement["Action"]) == {
                    "dynamodb:StartAwsBackupJob", "dynamodb:DescribeTable", "dynamodb:ListTagsOfResource",
                }  # fmt: skip
            elif "dynamodb:BatchWriteItem" in statement["Action"]:
                assert resource["Fn::Join"][1][-1] == "-restored"


def test_people_are_told_of_a_backup_that_failed(prod):
    (rule,) = [one for one in prod.properties_of("AWS::Events::Rule") if one["Name"].endswith("-BackupFailed")]
    assert rule["EventPattern"]["detail"]["state"] == ["ABORTED", "EXPIRED", "FAILED"]
    assert rule["Targets"][0]["Arn"] == {"Ref": prod.output("AlertTopicArn")}


@pytest.mark.parametrize(
    "days",
    [
        {"backup_weekly_days": 6},
        {"backup_weekly_days": 120, "backup_monthly_days": 119},
        {"backup_monthly_days": 90},
        {"backup_cold_after_days": 300},
    ],
)
def test_backups_that_leave_a_gap_or_are_cold_for_less_than_90_days_are_refused(days):
    with pytest.raises(ConfigError, match="backup"):
        replace(PROD, retention=replace(PROD.retention, **days))


def test_point_in_time_recovery_reaches_behind_every_weekly_copy(template):
    """AWS Backup takes whole copies of DynamoDB's tables only: what lies between is the tables' own to recover."""
    for table in template.properties_of("AWS::DynamoDB::Table"):
        assert table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True
        assert (
            table["PointInTimeRecoverySpecification"].get("RecoveryPeriodInDays", 35) > Retention().backup_weekly_days
        )


def test_accepted_files_stay_where_they_are_unless_the_stage_says_otherwise(template):
    for rule in template.named_by("AcceptedBucket")["LifecycleConfiguration"]["Rules"]:
        assert "Transitions" not in rule


@pytest.mark.parametrize(
    ("days", "moves"),
    [
        ((30, 180), [("STANDARD_IA", 30), ("GLACIER_IR", 180)]),
        ((None, 90), [("GLACIER_IR", 90)]),
        ((60, None), [("STANDARD_IA", 60)]),
    ],
)
def test_accepted_files_move_to_storage_that_answers_at_once(tmp_path, days, moves):
    infrequent, glacier = days
    retention = replace(PROD.retention, accepted_infrequent_days=infrequent, accepted_glacier_days=glacier)
    (rule,) = bucket_alone(retention, tmp_path)["LifecycleConfiguration"]["Rules"]
    assert [(one["StorageClass"], one["TransitionInDays"]) for one in rule["Transitions"]] == moves


def bucket_alone(retention, folder):
    """Return the accepted bucket of a stack that holds nothing but buckets: it takes a tenth of the time."""
    app = App(outdir=str(folder), context=FEATURE_FLAGS, analytics_reporting=False)
    stack = Stack(app, "Alone")
    storage = Storage(
        stack,
        "Storage",
        key=kms.Key(stack, "Key"),
        removal_policy=RemovalPolicy.RETAIN,
        portal_origin="https://portal.example",
        retention=retention,
    )
    CfnOutput(stack, "AcceptedBucket", value=storage.accepted.bucket_name)
    return Template(app.synth().get_stack_by_name("Alone").template).named_by("AcceptedBucket")


def test_each_kind_of_access_log_is_forgotten_by_itself(prod):
    rules = prod.named_by("LogsBucket")["LifecycleConfiguration"]["Rules"]
    forgotten = {rule["Prefix"]: rule["ExpirationInDays"] for rule in rules if "ExpirationInDays" in rule}
    written = {
        bucket["LoggingConfiguration"]["LogFilePrefix"]
        for bucket in prod.properties_of("AWS::S3::Bucket")
        if "LoggingConfiguration" in bucket
    }
    assert forgotten.pop("athena/") == 30
    assert written | {"audit/", "edge/", "analytics/verdicts/"} == set(forgotten)
    assert set(forgotten.values()) == {400}


def test_nothing_in_the_audit_log_expires_and_it_can_be_restored(template):
    table = template.named_by("AuditTable")
    assert "TimeToLiveSpecification" not in table
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}


def test_nobody_may_change_or_remove_an_entry_of_the_audit_log(template):
    (denied,) = switched(template.named_by("AuditTable"), protected=False)["ResourcePolicy"]["PolicyDocument"][
        "Statement"
    ]
    assert denied["Effect"] == "Deny"
    assert denied["Principal"] in ("*", {"AWS": "*"})
    assert "Condition" not in denied, "administrators are no exception"
    changes = {"DeleteItem", "UpdateItem", "BatchWriteItem", "PartiQLDelete", "PartiQLUpdate", "UpdateTimeToLive"}
    assert {f"dynamodb:{action}" for action in changes} <= set(denied["Action"])
    assert "dynamodb:PutItem" not in denied["Action"]


def test_production_refuses_to_delete_the_audit_log(prod):
    table = switched(prod.named_by("AuditTable"), protected=True)
    assert table["DeletionProtectionEnabled"] is True
    (denied,) = table["ResourcePolicy"]["PolicyDocument"]["Statement"]
    assert "dynamodb:DeleteTable" in denied["Action"]
    assert prod.resources[prod.output("AuditTable")]["DeletionPolicy"] == "RetainExceptOnCreate"


def test_break_glass_asks_for_a_second_factor_and_lasts_an_hour(template):
    role = template.named_by("BreakGlassRoleArn")
    assert role["MaxSessionDuration"] == 3600
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Condition"]["Bool"] == {"aws:MultiFactorAuthPresent": "true"}
    assert trust["Condition"]["NumericLessThan"] == {"aws:MultiFactorAuthAge": "3600"}


def test_break_glass_is_taken_in_the_stages_region_where_its_use_is_told(template):
    (trust,) = template.named_by("BreakGlassRoleArn")["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Condition"]["StringEquals"] == {"aws:RequestedRegion": {"Ref": "AWS::Region"}}


def test_break_glass_reads_and_changes_nothing(template):
    role = template.output("BreakGlassRoleArn")
    own = statements(template, template.named_by("BreakGlassRoleArn"))
    opened = [
        statement
        for document in template.resource_policies()
        for statement in document["Statement"]
        if {"Fn::GetAtt": [role, "Arn"]}
        == (statement["Principal"].get("AWS") if "AWS" in statement["Principal"] else 0)
    ]
    assert len(opened) == 6, "objects and lists of three buckets"
    actions = {action for statement in (*own, *opened) for action in listed(statement["Action"])}
    reading = ("Get", "BatchGet", "List", "Query", "Describe", "Decrypt")
    assert all(action.split(":")[1].startswith(reading) for action in actions)


def test_a_restored_table_takes_the_place_of_the_stacks_own(tmp_path):
    app = App(outdir=str(tmp_path), context=FEATURE_FLAGS, analytics_reporting=False)
    SilentScalper(app, config=replace(PROD, restored_table=RESTORED), bundles=placeholder_bundles())
    template = Template(app.synth().get_stack_by_name("SilentScalper").template)
    assert len(template.of_type("AWS::DynamoDB::Table")) == 1, "the audit log's"
    told = [each["Environment"]["Variables"] for each in template.properties_of("AWS::Lambda::Function")]
    # But for the renderer, which knows no table.
    without = [names for names in told if "SCALPER_TABLE" not in names]
    assert [names["POWERTOOLS_SERVICE_NAME"] for names in without] == ["renderer"]
    assert {names["SCALPER_TABLE"] for names in told if names not in without} == {RESTORED.name}
    sources = template.properties_of("AWS::Lambda::EventSourceMapping")
    assert RESTORED.stream_arn in [source["EventSourceArn"] for source in sources]
    assert f"table/{RESTORED.name}/index/by_clinic" in json.dumps(template.statements_of("PortalFunction"))
    (selection,) = template.properties_of("AWS::Backup::BackupSelection")
    assert RESTORED.name in json.dumps(selection)
