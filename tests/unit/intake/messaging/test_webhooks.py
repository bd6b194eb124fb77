"""Webhooks in the table, and their subscriptions and events at SNS."""

import json
from dataclasses import replace

import pytest

from intake.errors import NotFoundError
from intake.messaging.dynamodb import DynamoWebhooks
from intake.messaging.model import Event, Webhook
from intake.messaging.sns import SnsEvents, SnsHookSubscriptions
from intake.table.table import Table
from tests.records import NOON
from tests.unit.intake.conftest import TABLE

HOOK = Webhook("hook-1", "northside", "https://ris.example.org/in", ("file.failed", "file.rejected"), NOON, "client-1")
DEAD = "arn:aws:sqs:us-east-1:123456789012:dead"


@pytest.fixture
def sns(aws):
    return aws.client("sns")


@pytest.fixture
def topic(sns):
    return sns.create_topic(Name="events")["TopicArn"]


def test_a_clinic_finds_its_own_webhooks_until_they_are_removed(dynamodb):
    webhooks = DynamoWebhooks(Table(dynamodb, TABLE))
    other = replace(HOOK, webhook_id="hook-2", subscription="arn:x")
    webhooks.save(other)
    webhooks.save(HOOK)
    assert webhooks.list_by_clinic("northside") == (HOOK, other)
    assert webhooks.list_by_clinic("lakeview") == ()

    webhooks.remove(HOOK)

    assert webhooks.list_by_clinic("northside") == (other,)
    with pytest.raises(NotFoundError):
        webhooks.find("northside", "hook-1")
    with pytest.raises(NotFoundError):
        webhooks.find("lakeview", "hook-2")


def test_a_subscription_takes_its_clinics_chosen_events_signed_and_keeps_what_nobody_took(sns, topic):
    arn = SnsHookSubscriptions(sns, topic, DEAD).subscribe(HOOK)

    attributes = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]

    assert attributes["Endpoint"] == "https://ris.example.org/in?webhook_id=hook-1"
    assert json.loads(attributes["FilterPolicy"]) == {
        "clinic_id": ["northside"],
        "kind": ["file.failed", "file.rejected", "webhook.test.hook-1"],
    }
    assert attributes["RawMessageDelivery"] == "false"
    assert json.loads(attributes["RedrivePolicy"]) == {"deadLetterTargetArn": DEAD}


def test_an_address_with_a_query_keeps_it(sns, topic):
    arn = SnsHookSubscriptions(sns, topic, DEAD).subscribe(replace(HOOK, url="https://ris.example.org/in?a=1"))
    endpoint = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]["Endpoint"]
    assert endpoint == "https://ris.example.org/in?a=1&webhook_id=hook-1"


def test_a_subscription_that_is_gone_has_lapsed_and_can_be_ended_again(sns, topic):
    subscriptions = SnsHookSubscriptions(sns, topic, DEAD)
    webhook = replace(HOOK, subscription=subscriptions.subscribe(HOOK))
    subscriptions.unsubscribe(webhook)

    assert subscriptions.state(webhook) == "lapsed"
    subscriptions.unsubscribe(webhook)
    assert subscriptions.state(HOOK) == "pending"


def test_events_carry_what_subscriptions_filter_by_and_come_ten_at_a_time(aws, sns, topic):
    sqs = aws.client("sqs")
    queue = sqs.create_queue(QueueName="seen")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint=arn,
        Attributes={"FilterPolicy": json.dumps({"clinic_id": ["northside"], "kind": ["file.failed"]})},
    )
    events = [
        Event(f"f-{n}.1", "file.failed", ("northside", "lakeview")[n % 2], NOON, {"file_id": f"f-{n}"})
        for n in range(24)
    ]

    SnsEvents(sns, topic).publish(events)

    seen = []
    while page := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
        seen += [json.loads(json.loads(message["Body"])["Message"]) for message in page]
        for message in page:
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    assert sorted(event["id"] for event in seen) == sorted(f"f-{n}.1" for n in range(0, 24, 2))
    assert seen[0]["event"] == "file.failed"
    assert seen[0]["at"] == "2026-11-22T12:00:00.000Z"
