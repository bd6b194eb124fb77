"""Stages may stand beside each other in one account and region: none has another's names, nor another's metrics."""

import json
from itertools import combinations

import pytest

from infra.app import placeholder_bundles, synthesize
from infra.stages import EXAMPLE, PROD, STAGING
from tests.unit.infra.observability.test_watching import alarmed, shown
from tests.unit.infra.template import Template

STAGES = (PROD, STAGING, EXAMPLE)
PAIRS = pytest.mark.parametrize(("one", "other"), list(combinations([stage.name for stage in STAGES], 2)))

NAMED_BY = ("Name", "Domain", "Identifier", "StatementId", "Namespace", "NAMESPACE")
"""How the properties end that name a thing, wherever in a resource they stand."""

NO_NAMES = {
    # Told apart by their ids; these are what people read.
    "AWS::ApiGatewayV2::Api.Name",
    "AWS::Backup::BackupPlan.BackupPlan.BackupPlanName",
    "AWS::SNS::Topic.DisplayName",
    # Within an API, a pool, a database, a workgroup, a plan, a pipeline, a web ACL, a trail, a policy of one resource.
    "AWS::ApiGatewayV2::Authorizer.Name",
    "AWS::ApiGatewayV2::Stage.StageName",
    "AWS::Athena::NamedQuery.Name",
    "AWS::Backup::BackupPlan.BackupPlan.BackupPlanRule.RuleName",
    "AWS::Backup::BackupSelection.BackupSelection.SelectionName",
    "AWS::CloudTrail::Trail.AdvancedEventSelectors.Name",
    "AWS::Cognito::UserPoolGroup.GroupName",
    "AWS::Cognito::UserPoolResourceServer.Identifier",
    "AWS::Cognito::UserPoolResourceServer.Name",
    "AWS::Cognito::UserPoolResourceServer.Scopes.ScopeName",
    "AWS::Glue::Table.TableInput.Name",
    "AWS::Glue::Table.TableInput.PartitionKeys.Name",
    "AWS::Glue::Table.TableInput.StorageDescriptor.Columns.Name",
    "AWS::WAFv2::WebACL.Rules.Name",
    "AWS::WAFv2::WebACL.Rules.VisibilityConfig.MetricName",
    # Names of AWS's own things, of attributes and of fields.
    "AWS::CloudFront::Distribution.DistributionConfig.Origins.OriginCustomHeaders.HeaderName",
    "AWS::CloudWatch::Alarm.Dimensions.Name",
    "AWS::CloudWatch::Alarm.MetricName",
    "AWS::CloudWatch::Alarm.Namespace",
    "AWS::Cognito::UserPool.AccountRecoverySetting.RecoveryMechanisms.Name",
    "AWS::DynamoDB::Table.AttributeDefinitions.AttributeName",
    "AWS::DynamoDB::Table.GlobalSecondaryIndexes.IndexName",
    "AWS::DynamoDB::Table.GlobalSecondaryIndexes.KeySchema.AttributeName",
    "AWS::DynamoDB::Table.KeySchema.AttributeName",
    "AWS::DynamoDB::Table.TimeToLiveSpecification.AttributeName",
    "AWS::WAFv2::LoggingConfiguration.RedactedFields.SingleHeader.Name",
    "AWS::WAFv2::WebACL.Rules.Statement.ManagedRuleGroupStatement.Name",
    "AWS::WAFv2::WebACL.Rules.Statement.ManagedRuleGroupStatement.RuleActionOverrides.Name",
    "AWS::WAFv2::WebACL.Rules.Statement.ManagedRuleGroupStatement.VendorName",
    "AWS::WAFv2::WebACL.Rules.Statement.RateBasedStatement.CustomKeys.Cookie.Name",
    "AWS::WAFv2::WebACL.Rules.Statement.RateBasedStatement.CustomKeys.Header.Name",
    "AWS::WAFv2::WebACL.Rules.Action.Block.CustomResponse.ResponseHeaders.Name",
}
"""Properties that end alike and name nothing that an account has once: a new one is looked up before it joins."""


@pytest.fixture(scope="module")
def templates(tmp_path_factory):
    """Return the templates of each stage, by its name."""
    found = {}
    for config in STAGES:
        folder = tmp_path_factory.mktemp(config.name)
        synthesize(config=config, bundles=placeholder_bundles(), out=folder)
        found[config.name] = [Template(json.loads(one.read_text())) for one in folder.glob("*.template.json")]
    return found


def names(templates):
    """Return each name with its kind. One that CloudFormation makes, or that refers to another resource, is none."""
    return {
        (f"{body['Type']}{path}", text)
        for template in templates
        for body in template.resources.values()
        for path, text in strings(body.get("Properties", {}))
        if path.endswith(NAMED_BY) and ".EventPattern." not in path
    }


def strings(value, path=""):
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, list):
        for one in value:
            yield from strings(one, path)
    elif isinstance(value, dict) and "Fn::Join" in value:
        yield path, json.dumps(value["Fn::Join"][1])
    elif isinstance(value, dict) and not set(value) & {"Ref", "Fn::GetAtt", "Fn::ImportValue", "Fn::Sub", "Fn::If"}:
        for name, one in value.items():
            yield from strings(one, f"{path}.{name}")


@PAIRS
def test_two_stages_share_no_name(templates, one, other):
    shared = names(templates[one]) & names(templates[other])
    assert {found for found in shared if found[0] not in NO_NAMES} == set()


@PAIRS
def test_two_stages_share_no_metric(templates, one, other):
    """Own metrics are told apart by namespace, AWS's by what they are about, which CloudFormation names."""
    assert not own_metrics(templates[one]) & own_metrics(templates[other])


def own_metrics(templates):
    return {
        (namespace, name, tuple(sorted(dimensions.items())))
        for template in templates
        for look in (alarmed, shown)
        if any(body["Type"] == "AWS::CloudWatch::Dashboard" for body in template.resources.values())
        for _, (namespace, name, dimensions) in look(template)
        if "given-by-aws" not in dimensions.values()
    }


def test_own_metrics_are_looked_at_by_alarms_and_graphs(templates):
    assert {namespace for namespace, _, _ in own_metrics(templates["prod"])} == {PROD.prefix}
