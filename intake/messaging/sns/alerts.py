"""The alert topic: publishing to it, and who it delivers to (source: Amazon SNS API Reference)."""

import json
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from intake.aws_errors import code_of
from intake.errors import ConflictError, LimitError
from intake.messaging.filter_policies import NOBODYS
from intake.messaging.model import Alert, FilterPolicy, Standing

if TYPE_CHECKING:
    from types_boto3_sns import SNSClient

_GONE = frozenset({"NotFound", "NotFoundException"})
_FULL = frozenset({"FilterPolicyLimitExceeded", "SubscriptionLimitExceeded"})
_REFUSED = frozenset({"InvalidParameter", "InvalidParameterException"})


class SnsAlerts:
    """Publishes alerts with the attributes that subscriptions filter by."""

    def __init__(self, client: "SNSClient", topic_arn: str) -> None:
        self._sns = client
        self._topic_arn = topic_arn

    def publish(self, alert: Alert) -> None:
        attributes = {"kind": alert.kind, "clinic_id": alert.clinic_id, "severity": alert.severity}
        self._sns.publish(
            TopicArn=self._topic_arn,
            Subject=alert.subject,
            Message=alert.body,
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
            },
        )


class SnsSubscribers:
    """Subscribes addresses to the topic, and says which messages each gets."""

    def __init__(self, client: "SNSClient", topic_arn: str) -> None:
        self._sns = client
        self._topic_arn = topic_arn

    def subscribe(self, protocol: str, endpoint: str, policy: FilterPolicy) -> str:
        try:
            answer = self._sns.subscribe(
                TopicArn=self._topic_arn,
                Protocol=protocol,
                Endpoint=endpoint,
                Attributes={"FilterPolicy": json.dumps(policy)} if policy else {},
                # Else SNS would not say which one it is before it is confirmed.
                ReturnSubscriptionArn=True,
            )
        except ClientError as error:
            if code_of(error) in _FULL:
                raise LimitError("the topic takes no more subscriptions") from error
            if code_of(error) in _REFUSED:
                raise ConflictError("SNS refuses the address, or holds it with another policy") from error
            raise
        return answer["SubscriptionArn"]

    def find_standing(self, arn: str) -> Standing:
        try:
            answer = self._sns.get_subscription_attributes(SubscriptionArn=arn)
        except ClientError as error:
            if code_of(error) in _GONE:
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
            if code_of(error) in _GONE:
                return False
            raise
        return True

    def unsubscribe(self, arn: str) -> None:
        # SNS keeps what is pending until it lapses, and would deliver once it is confirmed: it is to get nothing.
        if self.set_policy(arn, NOBODYS) and self.find_standing(arn) is Standing.CONFIRMED:
            self._sns.unsubscribe(SubscriptionArn=arn)
