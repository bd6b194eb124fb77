"""The alert topic behind the `Alerts` port (source: Amazon SNS API Reference, Publish)."""

from typing import TYPE_CHECKING

from intake.ports import Alert

if TYPE_CHECKING:
    from types_boto3_sns import SNSClient


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
