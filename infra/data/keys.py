"""Customer keys: one for the data at rest, one for what carries messages about it."""

from aws_cdk import Aws, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.iam import let_service


class Keys(Construct):
    """`data` encrypts buckets and table; `messages` encrypts queues, the topic and the logs.

    They are two because AWS services must use the second one (S3 writes to an encrypted queue, CloudWatch to an
    encrypted topic), and none of them has any business with patients' files.
    """

    def __init__(self, scope: Construct, construct_id: str, *, removal_policy: RemovalPolicy) -> None:
        super().__init__(scope, construct_id)
        self.data = self._add_key("Data", "Silent Scalper: files and records", removal_policy)
        self.messages = self._add_key("Messages", "Silent Scalper: queues, alerts and logs", removal_policy)
        for service in ("s3", "sns", "cloudwatch", "budgets"):
            self.admit(service)
        self.messages.add_to_resource_policy(let_logs_encrypt())

    def admit(self, service: str) -> None:
        """Let another AWS service of this account put messages into encrypted queues and topics."""
        # SQS guide, "Key management". In a key's own policy, `*` means the key.
        self.messages.add_to_resource_policy(let_service(service, ["kms:Decrypt", "kms:GenerateDataKey*"], "*"))

    def _add_key(self, construct_id: str, description: str, removal_policy: RemovalPolicy) -> kms.Key:
        return kms.Key(
            self, construct_id, description=description, enable_key_rotation=True, removal_policy=removal_policy
        )


def let_logs_encrypt(groups: str = "*") -> iam.PolicyStatement:
    """Let CloudWatch Logs use the key for log groups of this account (Logs guide, "Encrypt log data")."""
    log_groups = f"arn:{Aws.PARTITION}:logs:{Aws.REGION}:{Aws.ACCOUNT_ID}:log-group:{groups}"
    return iam.PolicyStatement(
        principals=[iam.ServicePrincipal(f"logs.{Aws.REGION}.amazonaws.com")],
        actions=["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"],
        resources=["*"],
        conditions={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": log_groups}},
    )
