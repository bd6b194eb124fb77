"""Who may do what. Each function's permissions, in one place to read; no role may delete a version of an object.

Objects are opened by their buckets' policies, which name the roles: a role's own policy could name a bucket's objects
by a wildcard only.
"""

from dataclasses import dataclass

from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3

from infra.data.audit_log import INDEXES as AUDIT_INDEXES
from infra.data.buckets import ANSWERS
from infra.data.records import INDEXES as RECORD_INDEXES
from infra.data.records import Records
from infra.data.tables import list_arns
from infra.resources import Resources
from intake.analytics.model import PREFIX as ROWS

_CONSUME = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes"]
_PEEK = ["sqs:ReceiveMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes"]
_READ_OBJECT = ["s3:GetObject", "s3:GetObjectVersion"]
_READ_TAGS = ["s3:GetObjectTagging", "s3:GetObjectVersionTagging"]
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
_ROTATE = [f"secretsmanager:{action}" for action in ("DescribeSecret", "PutSecretValue", "UpdateSecretVersionStage")]
_RUN_QUERIES = ["athena:StartQueryExecution", "athena:GetQueryExecution", "athena:GetQueryResults"]
_READ_CATALOGUE = ["glue:GetDatabase", "glue:GetTable", "glue:GetPartitions"]
_USE_KEY = ["kms:Decrypt", "kms:GenerateDataKey"]
_USE_TABLE_KEY = [
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
]


@dataclass(frozen=True, slots=True)
class Grants:
    """The statements of each function's policy, over the resources of one stack."""

    parts: Resources

    def judge(self) -> list[iam.PolicyStatement]:
        """Read what arrived, file a copy, record the verdict; take a duplicate's copy back (its versions stay).

        Put an archive's entries where files arrive, and ask itself to go on with it. Judge again what quarantine
        holds, and delete of it what people order, where its versions stay too.
        """
        storage = self.parts.storage
        return [
            # Without it a missing object answers 403, which looks like trouble and not like an absence.
            _allow(["s3:ListBucket"], storage.incoming.bucket_arn, storage.accepted.bucket_arn),
            _allow(["s3:ListBucket"], storage.quarantine.bucket_arn),
            _allow([*_CONSUME, "sqs:SendMessage"], self.parts.queueing.main.queue_arn),
            *self._allow_table(),
            self._allow_messages_key(),
        ]

    def projector(self) -> list[iam.PolicyStatement]:
        """Follow the table's stream, write what follows from it, tell people."""
        return [
            _allow(_FOLLOW_STREAM, _find_stream(self.parts.records)),
            _allow(["sqs:SendMessage"], self.parts.queueing.projection_failures.queue_arn),
            _allow(_CONSUME, self.parts.queueing.projection_redrives.queue_arn),
            _allow(["sns:Publish"], self.parts.alerts.topic.topic_arn, self.parts.webhooks.topic.topic_arn),
            *self._allow_table(),
            self._allow_messages_key(),
        ]

    def exporter(self) -> list[iam.PolicyStatement]:
        """Follow the table's stream and nothing else of the table; write files of verdicts."""
        return [
            _allow(_FOLLOW_STREAM, _find_stream(self.parts.records)),
            _allow(["sqs:SendMessage"], self.parts.queueing.export_failures.queue_arn),
            _allow(_CONSUME, self.parts.queueing.export_redrives.queue_arn),
            _allow(_USE_KEY, self.parts.keys.data.key_arn),
            self._allow_messages_key(),
        ]

    def sweep(self) -> list[iam.PolicyStatement]:
        """Compare reservations with objects, enqueue what was missed, tell of dead letters; have partners let in.

        Put another secret in place of the portal's.
        """
        return [
            _allow(["s3:ListBucket", "s3:ListBucketVersions"], self.parts.storage.incoming.bucket_arn),
            # To see what stands there, and not to read it.
            _allow(["s3:ListBucket"], self.parts.storage.accepted.bucket_arn, self.parts.storage.quarantine.bucket_arn),
            _allow(["sqs:SendMessage", "sqs:GetQueueAttributes"], self.parts.queueing.main.queue_arn),
            _allow(_PEEK, self.parts.queueing.dead_letters.queue_arn),
            _allow(["sns:Publish"], self.parts.alerts.topic.topic_arn, self.parts.webhooks.topic.topic_arn),
            _allow(_TELL_GATEWAY, self.parts.api.tokens_arn),
            # To rotate it, and not to read it.
            _allow(_ROTATE, self.parts.portal_secret.arn),
            *self._allow_table(),
            self._allow_messages_key(),
        ]

    def portal(self) -> list[iam.PolicyStatement]:
        """Sign uploads into the incoming bucket and downloads out of the accepted one; show the pipeline to admins.

        What people ask to be done with files is asked of the judge: the portal itself moves and removes none.
        """
        return [
            _allow(["sqs:GetQueueAttributes", "sqs:SendMessage"], self.parts.queueing.main.queue_arn),
            _allow(_PEEK, self.parts.alerts.mailbox.queue_arn),
            # Redriving is to take a letter out and send it where it is tried again.
            _allow(
                _CONSUME, self.parts.queueing.dead_letters.queue_arn, self.parts.queueing.projection_failures.queue_arn
            ),
            _allow(["sqs:SendMessage"], self.parts.queueing.projection_redrives.queue_arn),
            _allow(_CONSUME, self.parts.queueing.export_failures.queue_arn),
            _allow(["sqs:SendMessage"], self.parts.queueing.export_redrives.queue_arn),
            *self._allow_queries(),
            _allow([*_TEND_PEOPLE, *_TEND_PARTNERS], self.parts.identity.pool.user_pool_arn),
            _allow(_TELL_GATEWAY, self.parts.api.tokens_arn),
            _allow(["sqs:GetQueueAttributes"], self.parts.webhooks.dead_letters.queue_arn),
            _allow(["sns:Subscribe", "sns:ConfirmSubscription", "sns:Publish"], self.parts.webhooks.topic.topic_arn),
            # Entries are added and read: no role may change or remove one.
            _allow(["dynamodb:PutItem"], self.parts.audit_log.table.table_arn),
            _allow(["dynamodb:Query"], *list_arns(self.parts.audit_log.table, AUDIT_INDEXES)),
            _allow(["sns:Subscribe"], self.parts.alerts.topic.topic_arn),
            _allow(["secretsmanager:GetSecretValue"], self.parts.portal_secret.arn),
            *self._allow_table(),
            self._allow_messages_key(),
        ]

    def open_buckets(self, *, judge: iam.IRole, sweep: iam.IRole, portal: iam.IRole, exporter: iam.IRole) -> None:
        """Let the functions at the objects that their work is about."""
        incoming, filed = self.parts.storage.incoming, (self.parts.storage.accepted, self.parts.storage.quarantine)
        _open_bucket(incoming, judge, [*_READ_OBJECT, *_WRITE_OBJECT, *_READ_TAGS])
        for bucket in filed:
            _open_bucket(bucket, judge, [*_READ_OBJECT, *_WRITE_OBJECT, "s3:PutObjectTagging", "s3:DeleteObject"])
        _open_bucket(incoming, sweep, _READ_OBJECT)
        _open_bucket(incoming, portal, _WRITE_OBJECT)
        _open_bucket(self.parts.storage.accepted, portal, _READ_OBJECT)
        _open_bucket(self.parts.storage.logs, exporter, ["s3:PutObject"], below=ROWS)
        _open_bucket(self.parts.storage.logs, portal, ["s3:GetObject"], below=ROWS)
        _open_bucket(self.parts.storage.logs, portal, ["s3:GetObject", *_WRITE_OBJECT], below=ANSWERS)

    def _allow_queries(self) -> list[iam.PolicyStatement]:
        """Run queries: Athena reads the rows and writes its answer as whoever asks (Athena guide, "Amazon S3")."""
        bucket = self.parts.analytics.bucket.bucket_arn
        return [
            _allow(_RUN_QUERIES, self.parts.analytics.workgroup_arn),
            _allow(_READ_CATALOGUE, *self.parts.analytics.catalogue_arns),
            _allow(["s3:GetBucketLocation", "s3:ListBucketMultipartUploads"], bucket),
            iam.PolicyStatement(
                actions=["s3:ListBucket"],
                resources=[bucket],
                conditions={"StringLike": {"s3:prefix": [f"{ROWS}*", f"{ANSWERS}*"]}},
            ),
        ]

    def _allow_table(self) -> list[iam.PolicyStatement]:
        return [
            _allow(_READ_ITEMS, *list_arns(self.parts.records.table, RECORD_INDEXES)),
            _allow(_WRITE_ITEMS, self.parts.records.table.table_arn),
            _allow(_USE_TABLE_KEY, self.parts.keys.data.key_arn),
        ]

    def _allow_messages_key(self) -> iam.PolicyStatement:
        return _allow(_USE_KEY, self.parts.keys.messages.key_arn)


def _open_bucket(bucket: s3.Bucket, role: iam.IRole, actions: list[str], *, below: str = "") -> None:
    bucket.add_to_resource_policy(
        iam.PolicyStatement(
            principals=[iam.ArnPrincipal(role.role_arn)],
            actions=actions,
            resources=[bucket.arn_for_objects(f"{below}*")],
        )
    )


def _allow(actions: list[str], *resources: str) -> iam.PolicyStatement:
    return iam.PolicyStatement(actions=actions, resources=list(resources))


def _find_stream(records: Records) -> str:
    arn = records.table.table_stream_arn
    if arn is None:
        raise ValueError("The table has no stream.")
    return arn
