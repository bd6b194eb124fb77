"""Customer keys, one for the data at rest and one for what carries messages about it; and the portal's secret."""

from aws_cdk import Aws, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from infra.iam import let_service


class Keys(Construct):
    """`data` encrypts buckets and table; `messages` encrypts queues, the topic and the logs.

    They are two because AWS services must use the second one (S3 writes to an encrypted queue, CloudWatch to an
    encrypted topic), and none of them has any business with patients' files.
    """

    def __init__(self, scope: Construct, construct_id: str, *, removal_policy: RemovalPolicy) -> None:
        super().__init__(scope, construct_id)
        self.data = add_key(self, "Data", "files and records", removal_policy)
        self.messages = add_key(self, "Messages", "queues, alerts and logs", removal_policy)
        for service in ("sns", "cloudwatch", "budgets"):
            self.admit(service)
        for service in ("s3", "scheduler"):
            self.admit_unconditionally(service)
        self.messages.add_to_resource_policy(let_logs_encrypt())

    def admit(self, service: str) -> None:
        """Let another AWS service of this account put messages into encrypted queues and topics."""
        # SQS guide, "Key management". In a key's own policy, `*` means the key.
        self.messages.add_to_resource_policy(let_service(service, _USE, "*"))

    def admit_unconditionally(self, service: str) -> None:
        """Let a service at it that tells the key nothing of whom it works for: under a condition it would be refused.

        S3 (its guide, "Granting permissions to publish event notification messages to a destination", key policy),
        EventBridge (SNS guide, "Encryption at rest: key management": conditions on the source are "not supported for
        EventBridge-to-encrypted topics") and its Scheduler (its guide, "Troubleshooting"). What they may send where,
        the queues' and topics' own policies narrow.
        """
        principal = iam.ServicePrincipal(f"{service}.amazonaws.com")
        self.messages.add_to_resource_policy(iam.PolicyStatement(principals=[principal], actions=_USE, resources=["*"]))


_USE = ["kms:Decrypt", "kms:GenerateDataKey*"]


def add_key(
    scope: Construct, construct_id: str, what: str, removal_policy: RemovalPolicy, *may: iam.PolicyStatement
) -> kms.Key:
    """Add a key for `what`, rotated every year, that others but the account's roles use as `may` says."""
    description = f"Silent Scalper: {what}"
    key = kms.Key(scope, construct_id, description=description, enable_key_rotation=True, removal_policy=removal_policy)
    for statement in may:
        key.add_to_resource_policy(statement)
    return key


def let_logs_encrypt(groups: str = "*") -> iam.PolicyStatement:
    """Let CloudWatch Logs use the key for log groups of this account (Logs guide, "Encrypt log data")."""
    log_groups = f"arn:{Aws.PARTITION}:logs:{Aws.REGION}:{Aws.ACCOUNT_ID}:log-group:{groups}"
    return iam.PolicyStatement(
        principals=[iam.ServicePrincipal(f"logs.{Aws.REGION}.amazonaws.com")],
        actions=["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"],
        resources=["*"],
        conditions={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": log_groups}},
    )


_LENGTH = 64
"""Letters and digits: 381 bits."""


class PortalSecret(Construct):
    """Encrypted with the data key. It has no name of its own, so that two stacks never share one."""

    def __init__(self, scope: Construct, construct_id: str, *, key: kms.IKey) -> None:
        super().__init__(scope, construct_id)
        secret = secretsmanager.CfnSecret(
            self,
            "Secret",
            description="Of this the portal makes the keys of what browsers and partners keep for it.",
            generate_secret_string=secretsmanager.CfnSecret.GenerateSecretStringProperty(
                exclude_punctuation=True, password_length=_LENGTH
            ),
            kms_key_id=key.key_arn,
        )
        # It can be made anew at any time, at the price of a sign-in: what it guards lasts for hours.
        secret.apply_removal_policy(RemovalPolicy.DESTROY)
        self.arn = secret.attr_id

    def rotate(self, function: lambda_.IFunction) -> None:
        """Have a function put another value in its place every quarter; what it replaced is known until the next."""
        permission = lambda_.CfnPermission(
            self,
            "Rotates",
            action="lambda:InvokeFunction",
            function_name=function.function_arn,
            principal="secretsmanager.amazonaws.com",
            source_account=Aws.ACCOUNT_ID,
            source_arn=self.arn,
        )
        schedule = secretsmanager.CfnRotationSchedule(
            self,
            "Rotation",
            secret_id=self.arn,
            rotation_lambda_arn=function.function_arn,
            rotate_immediately_on_update=False,
            rotation_rules=secretsmanager.CfnRotationSchedule.RotationRulesProperty(automatically_after_days=90),
        )
        schedule.node.add_dependency(permission)
