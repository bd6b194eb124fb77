"""How people hear of trouble: the topic, those who get all of it, and the mailbox that keeps a copy of every alert."""

from collections.abc import Sequence

from aws_cdk import Aws, Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct


class Alerts(Construct):
    """One encrypted topic. The admin page reads the mailbox, which forgets after 14 days.

    SNS asks each of the `emails` to confirm; until then it sends them nothing.
    """

    def __init__(self, scope: Construct, construct_id: str, *, key: kms.IKey, emails: Sequence[str] = ()) -> None:
        super().__init__(scope, construct_id)
        self.topic = sns.Topic(self, "Topic", display_name="Silent Scalper", master_key=key, enforce_ssl=True)
        for service in ("cloudwatch", "budgets"):
            self.topic.add_to_resource_policy(_allow_publishing(service, self.topic))
        self.mailbox = sqs.Queue(
            self,
            "Mailbox",
            encryption=sqs.QueueEncryption.KMS,
            encryption_master_key=key,
            enforce_ssl=True,
            retention_period=Duration.days(14),
        )
        self.mailbox.add_to_resource_policy(_allow_delivery(self.topic, self.mailbox))
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


def _allow_publishing(service: str, topic: sns.Topic) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        principals=[iam.ServicePrincipal(f"{service}.amazonaws.com")],
        actions=["sns:Publish"],
        resources=[topic.topic_arn],
        conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}},
    )


def _allow_delivery(topic: sns.Topic, queue: sqs.Queue) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        principals=[iam.ServicePrincipal("sns.amazonaws.com")],
        actions=["sqs:SendMessage"],
        resources=[queue.queue_arn],
        conditions={"ArnEquals": {"aws:SourceArn": topic.topic_arn}},
    )
