"""The event topic behind the `Events` and `HookSubscriptions` ports.

Sources: Amazon SNS API Reference (PublishBatch, Subscribe, ConfirmSubscription), and "Message delivery retries",
"Subscription filter policies" and "Dead-letter queues" in the Amazon SNS Developer Guide.
"""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from intake.aws_errors import code_of
from intake.errors import ContentionError
from intake.files.model import timestamp
from intake.messaging.model import TEST, Delivery, Event, Webhook

if TYPE_CHECKING:
    from types_boto3_sns import SNSClient

EVENTS_PER_CALL = 10
WEBHOOK_PARAMETER = "webhook_id"
"""Joins each address's query. SNS knows one subscription of an address, and two clinics may share a receiver."""

_RETRIES = {
    "healthyRetryPolicy": {
        "minDelayTarget": 5,
        "maxDelayTarget": 300,
        "numRetries": 20,
        "numNoDelayRetries": 1,
        "numMinDelayRetries": 3,
        "numMaxDelayRetries": 6,
        "backoffFunction": "exponential",
    }
}
"""About an hour, which is the most that SNS allows for HTTPS; then the event goes to the dead-letter queue."""

_REFUSED = {"InvalidParameter", "InvalidParameterException", "NotFound", "NotFoundException", "SubscriptionNotFound"}


class SnsEvents:
    """Publishes events with the attributes that subscriptions filter by."""

    def __init__(self, client: "SNSClient", topic_arn: str) -> None:
        self._sns = client
        self._topic_arn = topic_arn

    def publish(self, events: Sequence[Event]) -> None:
        for start in range(0, len(events), EVENTS_PER_CALL):
            entries = [_write_entry(n, event) for n, event in enumerate(events[start : start + EVENTS_PER_CALL])]
            answer = self._sns.publish_batch(TopicArn=self._topic_arn, PublishBatchRequestEntries=entries)
            if answer.get("Failed"):
                raise ContentionError(f"{len(answer['Failed'])} events were not taken")


class SnsHookSubscriptions:
    """HTTPS subscriptions of the topic, each with a filter policy of its own."""

    def __init__(self, client: "SNSClient", topic_arn: str, dead_letter_queue_arn: str) -> None:
        self._sns = client
        self._topic_arn = topic_arn
        self._dead_letters = dead_letter_queue_arn

    def subscribe(self, webhook: Webhook) -> str | None:
        policy = {"clinic_id": [webhook.clinic_id], "kind": [*webhook.events, webhook.test_kind]}
        answer = self._sns.subscribe(
            TopicArn=self._topic_arn,
            Protocol=urlsplit(webhook.url).scheme,
            Endpoint=_endpoint(webhook),
            Attributes={
                "FilterPolicy": json.dumps(policy),
                # The envelope carries the signature.
                "RawMessageDelivery": "false",
                "DeliveryPolicy": json.dumps(_RETRIES),
                "RedrivePolicy": json.dumps({"deadLetterTargetArn": self._dead_letters}),
            },
            ReturnSubscriptionArn=True,
        )
        arn = answer["SubscriptionArn"]
        return arn if arn.startswith("arn:") else None

    def confirm(self, webhook: Webhook, token: str) -> str | None:
        try:
            answer = self._sns.confirm_subscription(
                TopicArn=self._topic_arn,
                Token=token,
                # Else the link in each message would let anybody who sees one end the subscription.
                AuthenticateOnUnsubscribe="true",
            )
        except ClientError as error:
            if code_of(error) in _REFUSED:
                return None
            raise
        arn = answer["SubscriptionArn"]
        attributes = self._sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
        return arn if attributes["Endpoint"] == _endpoint(webhook) else None

    def state(self, webhook: Webhook) -> Delivery:
        if webhook.subscription is None:
            return Delivery.PENDING
        try:
            answer = self._sns.get_subscription_attributes(SubscriptionArn=webhook.subscription)
        except ClientError as error:
            if code_of(error) in _REFUSED:
                return Delivery.LAPSED
            raise
        return Delivery.PENDING if answer["Attributes"].get("PendingConfirmation") == "true" else Delivery.ACTIVE

    def unsubscribe(self, webhook: Webhook) -> None:
        if webhook.subscription is None:
            return
        try:
            self._sns.unsubscribe(SubscriptionArn=webhook.subscription)
        except ClientError as error:
            # What was never confirmed cannot be ended, and ends by itself.
            if code_of(error) not in _REFUSED:
                raise


def _endpoint(webhook: Webhook) -> str:
    joint = "&" if urlsplit(webhook.url).query else "?"
    return f"{webhook.url}{joint}{WEBHOOK_PARAMETER}={webhook.webhook_id}"


def _write_entry(number: int, event: Event) -> Any:  # noqa: ANN401  # One shape of botocore's.
    kind = TEST if event.kind.startswith(TEST) else event.kind
    message = {"id": event.event_id, "event": kind, "clinic_id": event.clinic_id, "at": timestamp(event.at)}
    attributes = {"kind": event.kind, "clinic_id": event.clinic_id}
    return {
        "Id": str(number),
        "Message": json.dumps({**message, "data": dict(event.data)}),
        "MessageAttributes": {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()},
    }
