"""Amazon SNS behind the ports of messaging: the topic of alerts, by e-mail, and that of events, by webhook.

Sources: Amazon SNS API Reference (PublishBatch, Subscribe, ConfirmSubscription), and "Message delivery retries",
"Subscription filter policies" and "Dead-letter queues" in the Amazon SNS Developer Guide.
"""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from intake.aws_errors import read_error_code
from intake.errors import ConflictError, ContentionError, LimitError
from intake.files.model import timestamp
from intake.messaging.model import NOBODYS, TEST, Alert, Delivery, Event, FilterPolicy, Standing, Webhook

if TYPE_CHECKING:
    from types_boto3_sns import SNSClient
    from types_boto3_sns.type_defs import MessageAttributeValueTypeDef, PublishBatchRequestEntryTypeDef

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

_INVALID = frozenset({"InvalidParameter", "InvalidParameterException"})
_GONE = frozenset({"NotFound", "NotFoundException"})
_FULL = frozenset({"FilterPolicyLimitExceeded", "SubscriptionLimitExceeded"})
_REFUSED = _INVALID | _GONE | {"SubscriptionNotFound"}


class SnsEvents:
    """Publishes events to their topic with the attributes that subscriptions filter by."""

    def __init__(self, client: "SNSClient", topic_arn: str) -> None:
        self._sns = client
        self._topic_arn = topic_arn

    def publish(self, events: Sequence[Event]) -> None:
        for start in range(0, len(events), EVENTS_PER_CALL):
            entries: list[PublishBatchRequestEntryTypeDef] = []
            for number, event in enumerate(events[start : start + EVENTS_PER_CALL]):
                kind = TEST if event.kind.startswith(TEST) else event.kind
                message = {"id": event.event_id, "event": kind, "clinic_id": event.clinic_id, "at": timestamp(event.at)}
                text = json.dumps({**message, "data": dict(event.data)})
                attributes = _write_attributes(kind=event.kind, clinic_id=event.clinic_id)
                entries.append({"Id": str(number), "Message": text, "MessageAttributes": attributes})
            answer = self._sns.publish_batch(TopicArn=self._topic_arn, PublishBatchRequestEntries=entries)
            if answer.get("Failed"):
                raise ContentionError(f"{len(answer['Failed'])} events were not taken")


class SnsHookSubscriptions:
    """HTTPS subscriptions of the topic of events, each with a filter policy of its own."""

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
            if read_error_code(error) in _REFUSED:
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
            if read_error_code(error) in _REFUSED:
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
            if read_error_code(error) not in _REFUSED:
                raise


def _endpoint(webhook: Webhook) -> str:
    joint = "&" if urlsplit(webhook.url).query else "?"
    return f"{webhook.url}{joint}{WEBHOOK_PARAMETER}={webhook.webhook_id}"


class SnsAlerts:
    """Publishes alerts to their topic with the attributes that subscriptions filter by."""

    def __init__(self, client: "SNSClient", topic_arn: str) -> None:
        self._sns = client
        self._topic_arn = topic_arn

    def publish(self, alert: Alert) -> None:
        attributes = _write_attributes(kind=alert.kind, clinic_id=alert.clinic_id, severity=alert.severity)
        self._sns.publish(
            TopicArn=self._topic_arn, Subject=alert.subject, Message=alert.body, MessageAttributes=attributes
        )


class SnsSubscribers:
    """Subscribes addresses to the topic of alerts, and says which messages each gets."""

    def __init__(self, client: "SNSClient", topic_arn: str, dead_letter_queue_arn: str) -> None:
        self._sns = client
        self._topic_arn = topic_arn
        self._redrive = {"RedrivePolicy": json.dumps({"deadLetterTargetArn": dead_letter_queue_arn})}

    def subscribe(self, protocol: str, endpoint: str, policy: FilterPolicy) -> str:
        filtered = {"FilterPolicy": json.dumps(policy)} if policy else {}
        try:
            answer = self._sns.subscribe(
                TopicArn=self._topic_arn,
                Protocol=protocol,
                Endpoint=endpoint,
                Attributes={**filtered, **self._redrive},
                # Else SNS would not say which one it is before it is confirmed.
                ReturnSubscriptionArn=True,
            )
        except ClientError as error:
            if read_error_code(error) in _FULL:
                raise LimitError("the topic takes no more subscriptions") from error
            if read_error_code(error) in _INVALID:
                raise ConflictError("SNS refuses the address, or holds it with another policy") from error
            raise
        return answer["SubscriptionArn"]

    def find_standing(self, arn: str) -> Standing:
        try:
            answer = self._sns.get_subscription_attributes(SubscriptionArn=arn)
        except ClientError as error:
            if read_error_code(error) in _GONE:
                return Standing.GONE
            raise
        pending = answer["Attributes"].get("PendingConfirmation") == "true"
        return Standing.PENDING if pending else Standing.CONFIRMED

    def set_policy(self, arn: str, policy: FilterPolicy) -> bool:
        try:
            self._sns.set_subscription_attributes(
                SubscriptionArn=arn, AttributeName="FilterPolicy", AttributeValue=json.dumps(policy)
            )
        except ClientError as error:
            if read_error_code(error) in _GONE:
                return False
            raise
        return True

    def unsubscribe(self, arn: str) -> None:
        # SNS keeps what is pending until it lapses, and would deliver once it is confirmed: it is to get nothing.
        if self.set_policy(arn, NOBODYS) and self.find_standing(arn) is Standing.CONFIRMED:
            self._sns.unsubscribe(SubscriptionArn=arn)


def _write_attributes(**values: str) -> "dict[str, MessageAttributeValueTypeDef]":
    return {name: {"DataType": "String", "StringValue": value} for name, value in values.items()}
