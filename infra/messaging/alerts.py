"""How people hear of trouble: the topic, those who get all of it, and the mailbox that keeps a copy of every alert."""

from collections.abc import Sequence

from aws_cdk import Duration
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.iam import let_service


class Alerts(Construct):
    """One encrypted topic. The admin page reads the mailbox, which forgets after 14 days.

    SNS asks each of the `emails` to confirm; until then it sends them nothing.
    """

    def __init__(self, scope: Construct, construct_id: str, *, key: kms.IKey, emails: Sequence[str] = ()) -> None:
        super().__init__(scope, construct_id)
        self.topic = sns.Topic(self, "Topic", display_name="Silent Scalper", master_key=key, enforce_ssl=True)
        for service in ("cloudwatch", "budgets"):
            self.topic.add_to_resource_policy(let_service(service, ["sns:Publish"], self.topic.topic_arn))
        self.mailbox = sqs.Queue(
            self,
            "Mailbox",
            encryption=sqs.QueueEncryption.KMS,
            encryption_master_key=key,
            enforce_ssl=True,
            retention_period=Duration.days(14),
        )
        deliver = let_service("sns", ["sqs:SendMessage"], self.mailbox.queue_arn, source_arn=self.topic.topic_arn)
        self.mailbox.add_to_resource_policy(deliver)
        sns.Subscription(
            self,
            "Delivery",
            topic=self.topic,
            protocol=sns.SubscriptionProtocol.SQS,
            endpoint=self.mailbox.queue_arn,
            raw_message_delivery=False,
        )
        for address in emails:
            sns.Subscription(
                self, f"To{address}", topic=self.topic, protocol=sns.SubscriptionProtocol.EMAIL, endpoint=address
            )
