"""What SNS answers, and what it means (errors as the Amazon SNS API Reference names them)."""

import json

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from intake.errors import ConflictError, LimitError
from intake.messaging.model import NOBODYS, Standing
from intake.messaging.sns import SnsSubscribers

TOPIC = "arn:aws:sns:us-east-1:1:alerts"
ARN = f"{TOPIC}:0001"
MAIL = "ada@example.org"
LETTERS = "arn:aws:sqs:us-east-1:1:letters"


@pytest.fixture
def sns():
    client = boto3.client("sns", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")
    with Stubber(client) as stubber:
        yield client, stubber
        stubber.assert_no_pending_responses()


@pytest.mark.parametrize(
    ("policy", "attributes"),
    [({"kind": ["x"]}, {"FilterPolicy": '{"kind": ["x"]}'}), ({}, {})],
)
def test_a_recipient_is_asked_the_subscription_is_known_at_once_and_what_is_not_taken_is_kept(sns, policy, attributes):
    client, stubber = sns
    kept = {"RedrivePolicy": json.dumps({"deadLetterTargetArn": LETTERS})}
    wanted = {
        "TopicArn": TOPIC, "Protocol": "email", "Endpoint": MAIL, "Attributes": {**attributes, **kept},
        "ReturnSubscriptionArn": True,
    }  # fmt: skip
    stubber.add_response("subscribe", {"SubscriptionArn": ARN}, wanted)

    assert SnsSubscribers(client, TOPIC, LETTERS).subscribe("email", MAIL, policy) == ARN


@pytest.mark.parametrize(
    ("code", "raised"),
    [
        ("FilterPolicyLimitExceeded", LimitError),
        ("SubscriptionLimitExceeded", LimitError),
        ("InvalidParameter", ConflictError),
        ("InternalError", ClientError),
    ],
)
def test_a_refusal_is_told_apart_from_trouble(sns, code, raised):
    client, stubber = sns
    stubber.add_client_error("subscribe", code)

    with pytest.raises(raised):
        SnsSubscribers(client, TOPIC, LETTERS).subscribe("email", MAIL, {})


@pytest.mark.parametrize(("pending", "standing"), [("true", Standing.PENDING), ("false", Standing.CONFIRMED)])
def test_sns_knows_whether_a_recipient_has_confirmed(sns, pending, standing):
    client, stubber = sns
    stubber.add_response("get_subscription_attributes", {"Attributes": {"PendingConfirmation": pending}})

    assert SnsSubscribers(client, TOPIC, LETTERS).find_standing(ARN) is standing


def test_what_is_gone_is_no_trouble(sns):
    client, stubber = sns
    subscribers = SnsSubscribers(client, TOPIC, LETTERS)
    stubber.add_client_error("get_subscription_attributes", "NotFound")
    assert subscribers.find_standing(ARN) is Standing.GONE

    stubber.add_client_error("set_subscription_attributes", "NotFound")
    assert subscribers.set_policy(ARN, {}) is False

    stubber.add_client_error("set_subscription_attributes", "NotFound")
    subscribers.unsubscribe(ARN)


def test_what_is_not_confirmed_cannot_be_ended_and_is_told_nothing_instead(sns):
    client, stubber = sns
    silenced = {"SubscriptionArn": ARN, "AttributeName": "FilterPolicy", "AttributeValue": json.dumps(NOBODYS)}
    stubber.add_response("set_subscription_attributes", {}, silenced)
    stubber.add_response("get_subscription_attributes", {"Attributes": {"PendingConfirmation": "true"}})

    SnsSubscribers(client, TOPIC, LETTERS).unsubscribe(ARN)
