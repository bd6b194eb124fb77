"""Who may do what. Each function's permissions, in one place to read; no role may delete a version of an object."""

from dataclasses import dataclass

from aws_cdk import aws_iam as iam

from infra.alerts import Alerts
from infra.api import Api
from infra.audit_log import AuditLog
from infra.identity import Identity
from infra.keys import Keys
from infra.queueing import Queueing
from infra.records import Records
from infra.storage import Storage
from infra.webhooks import Webhooks

_CONSUME = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes"]
_PEEK = ["sqs:ReceiveMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes"]
_READ_OBJECT = ["s3:GetObject", "s3:GetObjectVersion"]
_WRITE_OBJECT = ["s3:PutObject", "s3:ListMultipartUploadParts", "s3:AbortMultipartUpload"]
_READ_ITEMS = ["dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"]
_WRITE_ITEMS = ["dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:ConditionCheckItem"]
_FOLLOW_STREAM = ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"]
_TEND_PEOPLE = [
    f"cognito-idp:{action}"
    for action in (
        "AdminAddUserToGroup",
        "AdminCreateUser",
        "AdminDisableUser",
        "AdminEnableUser",
        "AdminGetUser",
        "AdminListGroupsForUser",
        "AdminResetUserPassword",
        "AdminSetUserMFAPreference",
        "AdminUserGlobalSignOut",
        "CreateGroup",
        "ListUsers",
        "ListUsersInGroup",
    )
]
_TEND_PARTNERS = ["cognito-idp:CreateUserPoolClient", "cognito-idp:DeleteUserPoolClient"]
_TELL_GATEWAY = ["apigateway:GET", "apigateway:PATCH"]
_USE_KEY = ["kms:Decrypt", "kms:GenerateDataKey"]
_USE_TABLE_KEY = ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*", "kms:DescribeKey"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grants:
    """The statements of each function's policy, over the resources of one stack."""

    keys: Keys
    storage: Storage
    queueing: Queueing
    records: Records
    audit_log: AuditLog
    alerts: Alerts
    identity: Identity
    api: Api
    webhooks: Webhooks

    def judge(self) -> list[iam.PolicyStatement]:
        """Read what arrived, file a copy, record the verdict; take a duplicate's copy back (its versions stay).

        Put an archive's entries where files arrive, and ask itself to go on with it. Judge again what quarantine
        holds, and delete of it what people order, where its versions stay too.
        """
        storage = self.storage
        filed = [storage.accepted.arn_for_objects("*"), storage.quarantine.arn_for_objects("*")]
        return [
            _allow([*_READ_OBJECT, *_WRITE_OBJECT, "s3:GetObjectTagging"], storage.incoming.arn_for_objects("*")),
            _allow([*_READ_OBJECT, *_WRITE_OBJECT, "s3:PutObjectTagging"], *filed),
            _allow(["s3:DeleteObject"], *filed),
            # Without it a missing object answers 403, which looks like trouble and not like an absence.
            _allow(["s3:ListBucket"], storage.incoming.bucket_arn, storage.accepted.bucket_arn),
            _allow(["s3:ListBucket"], storage.quarantine.bucket_arn),
            _allow([*_CONSUME, "sqs:SendMessage"], self.queueing.main.queue_arn),
            *self._table(),
            self._use_messages(),
        ]

    def projector(self) -> list[iam.PolicyStatement]:
        """Follow the table's stream, write what follows from it, tell people."""
        return [
            _allow(_FOLLOW_STREAM, _stream(self.records)),
            # The action knows no narrower resource (Service Authorization Reference, "Amazon DynamoDB").
            _allow(["dynamodb:ListStreams"], "*"),
            _allow(["sqs:SendMessage"], self.queueing.projection_failures.queue_arn),
            _allow(_CONSUME, self.queueing.projection_redrives.queue_arn),
            _allow(["sns:Publish"], self.alerts.topic.topic_arn, self.webhooks.topic.topic_arn),
            *self._table(),
            self._use_messages(),
        ]

    def sweep(self) -> list[iam.PolicyStatement]:
        """Compare reservations with objects, enqueue what was missed, tell of dead letters; have partners let in."""
        incoming = self.storage.incoming
        return [
            _allow(_READ_OBJECT, incoming.arn_for_objects("*")),
            _allow(["s3:ListBucket", "s3:ListBucketVersions"], incoming.bucket_arn),
            _allow(["sqs:SendMessage", "sqs:GetQueueAttributes"], self.queueing.main.queue_arn),
            _allow(_PEEK, self.queueing.dead_letters.queue_arn),
            _allow(["sns:Publish"], self.alerts.topic.topic_arn, self.webhooks.topic.topic_arn),
            _allow(_TELL_GATEWAY, self.api.tokens_arn),
            *self._table(),
            self._use_messages(),
        ]

    def portal(self) -> list[iam.PolicyStatement]:
        """Sign uploads into the incoming bucket and downloads out of the accepted one; show the pipeline to admins.

        What people ask to be done with files is asked of the judge: the portal itself moves and removes none.
        """
        return [
            _allow(_WRITE_OBJECT, self.storage.incoming.arn_for_objects("*")),
            _allow(_READ_OBJECT, self.storage.accepted.arn_for_objects("*")),
            _allow(["sqs:GetQueueAttributes", "sqs:SendMessage"], self.queueing.main.queue_arn),
            _allow(_PEEK, self.alerts.mailbox.queue_arn),
            # Redriving is to take a letter out and send it where it is tried again.
            _allow(_CONSUME, self.queueing.dead_letters.queue_arn, self.queueing.projection_failures.queue_arn),
            _allow(["sqs:SendMessage"], self.queueing.projection_redrives.queue_arn),
            _allow([*_TEND_PEOPLE, *_TEND_PARTNERS], self.identity.pool.user_pool_arn),
            _allow(_TELL_GATEWAY, self.api.tokens_arn),
            _allow(["sqs:GetQueueAttributes"], self.webhooks.dead_letters.queue_arn),
            _allow(["sns:Subscribe", "sns:ConfirmSubscription", "sns:Publish"], self.webhooks.topic.topic_arn),
            # The actions know no narrower resource (Service Authorization Reference, "Amazon SNS").
            _allow(["sns:GetSubscriptionAttributes", "sns:SetSubscriptionAttributes", "sns:Unsubscribe"], "*"),
            # Entries are added and read: no role may change or remove one.
            _allow(["dynamodb:PutItem"], self.audit_log.table.table_arn),
            _allow(["dynamodb:Query"], self.audit_log.table.table_arn, f"{self.audit_log.table.table_arn}/index/*"),
            _allow(["sns:Subscribe"], self.alerts.topic.topic_arn),
            # The action knows no narrower resource (Service Authorization Reference, "Amazon CloudWatch").
            _allow(["cloudwatch:GetMetricData"], "*"),
            *self._table(),
            self._use_messages(),
        ]

    def _table(self) -> list[iam.PolicyStatement]:
        table = self.records.table.table_arn
        return [
            _allow([*_READ_ITEMS, *_WRITE_ITEMS], table, f"{table}/index/*"),
            _allow(_USE_TABLE_KEY, self.keys.data.key_arn),
        ]

    def _use_messages(self) -> iam.PolicyStatement:
        return _allow(_USE_KEY, self.keys.messages.key_arn)


def _allow(actions: list[str], *resources: str) -> iam.PolicyStatement:
    return iam.PolicyStatement(actions=actions, resources=list(resources))


def _stream(records: Records) -> str:
    arn = records.table.table_stream_arn
    if arn is None:
        raise ValueError("The table has no stream.")
    return arn
