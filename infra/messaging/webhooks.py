"""How other systems hear of events: the topic that their webhooks subscribe to, and what could not be delivered."""

from aws_cdk import Duration
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.iam import let_service


class Webhooks(Construct):
    """An encrypted topic whose messages are signed by SHA-256, and a queue for those that nobody took within an hour.

    The portal makes the subscriptions, one per webhook, each with a filter policy of its own.
    """

    def __init__(self, scope: Construct, construct_id: str, *, key: kms.IKey) -> None:
        super().__init__(scope, construct_id)
        self.topic = sns.Topic(
            self,
            "Events",
            display_name="Silent Scalper events",
            master_key=key,
            enforce_ssl=True,
            signature_version="2",
        )
        self.dead_letters = sqs.Queue(
            self,
            "Undelivered",
            encryption=sqs.QueueEncryption.KMS,
            encryption_master_key=key,
            enforce_ssl=True,
            retention_period=Duration.days(14),
        )
        give_up = let_service("sns", ["sqs:SendMessage"], self.dead_letters.queue_arn, source_arn=self.topic.topic_arn)
        self.dead_letters.add_to_resource_policy(give_up)
