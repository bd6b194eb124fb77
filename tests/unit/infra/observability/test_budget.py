"""The budget, and who is told by e-mail."""

import pytest
from aws_cdk import App, Stack
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sqs as sqs
from aws_cdk.assertions import Template as Assertions

from infra.messaging import Alerts
from infra.stages import PROD
from tests.unit.infra.conftest import read
from tests.unit.infra.template import Template

ADDRESSES = ("on-call@hospital.example", "security@hospital.example")


def test_the_alert_topic_hears_of_eighty_and_of_a_hundred_per_cent_of_the_months_budget(prod_assembly, prod):
    (budget,) = read(prod_assembly, "SilentScalper-Operations").properties_of("AWS::Budgets::Budget")
    assert budget["Budget"]["BudgetLimit"] == {"Amount": PROD.monthly_budget_usd, "Unit": "USD"}
    assert budget["Budget"]["TimeUnit"] == "MONTHLY"
    told = budget["NotificationsWithSubscribers"]
    assert [row["Notification"]["Threshold"] for row in told] == [80, 100]
    exports = {row["Export"]["Name"]: row["Value"] for row in prod.content["Outputs"].values() if "Export" in row}
    for row in told:
        (subscriber,) = row["Subscribers"]
        assert subscriber["SubscriptionType"] == "SNS"
        assert exports[subscriber["Address"]["Fn::ImportValue"]] == {"Ref": prod.output("AlertTopicArn")}


@pytest.mark.parametrize("service", ["cloudwatch", "budgets"])
def test_whoever_tells_the_topic_may_publish_and_use_its_key(template, service):
    principal = {"Service": f"{service}.amazonaws.com"}
    statements = [row for document in template.resource_policies() for row in document["Statement"]]
    assert any(row["Action"] == "sns:Publish" and row["Principal"] == principal for row in statements)
    keys = [row for key in template.properties_of("AWS::KMS::Key") for row in key["KeyPolicy"]["Statement"]]
    (grant,) = [row for row in keys if row["Principal"] == principal]
    assert set(grant["Action"]) == {"kms:Decrypt", "kms:GenerateDataKey*"}
    assert "aws:SourceAccount" in grant["Condition"]["StringEquals"]


def test_each_address_of_the_stage_gets_every_alert():
    stack = Stack(App(analytics_reporting=False), "Stack")
    letters, key = sqs.Queue(stack, "Letters"), kms.Key(stack, "Key")
    Alerts(stack, "Alerts", key=key, undelivered=letters, failed=letters, emails=ADDRESSES)
    subscriptions = Template(Assertions.from_stack(stack).to_json()).properties_of("AWS::SNS::Subscription")
    mails = [row for row in subscriptions if row["Protocol"] == "email"]
    assert {row["Endpoint"] for row in mails} == set(ADDRESSES)
    assert all("FilterPolicy" not in row for row in mails)


def test_a_stage_without_a_budget_has_none(local_assembly):
    operations = read(local_assembly, "SilentScalper-Operations")
    assert "AWS::Budgets::Budget" not in {body["Type"] for body in operations.resources.values()}
