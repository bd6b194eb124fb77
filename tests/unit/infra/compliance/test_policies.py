"""Policies are held against what IAM knows: what no request could meet is told."""

import pytest

from infra.compliance.physical_names import Deployed, Place
from infra.compliance.policies import Statement, list_statements

TABLE = "arn:aws:dynamodb:us-east-1:111122223333:table/Records"
RULE = "arn:aws:events:us-east-1:111122223333:rule/"


def faults(action, resource, condition=None, *, on_roles=True):
    content = {"Effect": "Allow", "Action": action, "Resource": resource, "Condition": condition or {}}
    return list(Statement("Stack", "Policy", content, on_roles).list_faults())


@pytest.mark.parametrize("stage", ["prod", "staging", "example"])
def test_every_statement_of_every_stage_can_be_met(assemblies, stage):
    statements = list(list_statements(Deployed.read(assemblies[stage], Place("us-east-1"))))
    assert len(statements) > 100
    assert [(one.resource, fault) for one in statements for fault in one.list_faults()] == []


@pytest.mark.parametrize("action", ["dynamodb:ReadItem", "dynamo:GetItem", "s3:GetObjects", "kms:Decipher*"])
def test_an_action_that_does_not_exist_is_told(action):
    assert f"{action} is no action" in faults(action, TABLE)


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("dynamodb:GetRecords", TABLE),  # Of a stream.
        ("s3:ListBucket", "arn:aws:s3:::files/*"),
        ("s3:GetObject", "arn:aws:s3:::files"),
        ("sqs:SendMessage", "arn:aws:sns:us-east-1:111122223333:topic"),
        ("xray:PutTraceSegments", TABLE),  # Of nothing that has a name.
        ("glue:GetDatabase", "arn:aws:glue:us-east-1:111122223333:databases/default"),
        ("logs:PutLogEvents", "arn:aws:logs:us-east-1:111122223333:log-group:group"),  # Of streams in it.
        ("backup:CopyIntoBackupVault", "arn:aws:backup:us-east-1:111122223333:recovery-point:1"),
    ],
)
def test_an_action_that_is_never_about_its_resource_is_told(action, resource):
    told = faults(action, resource)
    assert any("is never about" in one for one in told) or any("is about" in one for one in told)


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("s3:GetObject", "arn:aws:s3:::files/verdicts/*"),
        ("dynamodb:Query", f"{TABLE}/index/by_clinic"),
        ("events:PutRule", f"{RULE}DO-NOT-DELETE*"),
        ("logs:PutLogEvents", "arn:aws:logs:us-east-1:111122223333:log-group:group:*"),
        ("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:us-east-1:111122223333:secret:a/b/c-??????"),
        ("xray:PutTraceSegments", "*"),
    ],
)
def test_what_can_be_met_is_not_told(action, resource):
    assert faults(action, resource) == []


def test_a_resource_that_none_of_the_actions_is_about_is_told():
    (told,) = faults(["dynamodb:GetItem"], [TABLE, "arn:aws:sqs:us-east-1:111122223333:queue"])
    assert told == "nothing of dynamodb:GetItem is about arn:aws:sqs:us-east-1:111122223333:queue"


def test_a_condition_on_what_is_never_told_is_told():
    assert faults("dynamodb:GetItem", TABLE, {"StringEquals": {"s3:prefix": "x"}})
    assert faults("dynamodb:GetItem", TABLE, {"StringEquals": {"aws:SourceAcount": "x"}})
    known = {"aws:PrincipalTag/part": "x", "dynamodb:LeadingKeys": "y"}
    assert faults("dynamodb:GetItem", TABLE, {"StringEquals": known}) == []
    assert (
        faults("kms:Decrypt", "*", {"ArnLike": {"kms:EncryptionContext:aws:sns:topicArn": "x"}}, on_roles=False) == []
    )


def test_a_resources_own_policy_may_call_it_by_an_asterisk():
    assert faults("kms:Decrypt", "*", on_roles=False) == []
