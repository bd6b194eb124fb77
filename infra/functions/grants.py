"""Who may do what. Each function's permissions, in one place to read; no role may delete a version of an object.

Objects are opened by their buckets' policies, which name the roles: a role's own policy could name a bucket's objects
by a wildcard only.
"""

from dataclasses import dataclass

from aws_cdk import Aws
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3

from infra.config import StageConfig
from infra.data.buckets import ANSWERS
from infra.data.tables import AUDIT_INDEXES, KEY_ACTIONS, RECORD_INDEXES, Records, list_arns
from infra.edge.origin_secret import secret_name
from infra.iam import allow, let_role
from infra.resources import Resources
from intake.analytics.model import PREFIX as ROWS
from intake.storage.model import RANGES

_CONSUME = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes"]
_PEEK = ["sqs:ReceiveMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes"]
_READ_OBJECT = ["s3:GetObject", "s3:GetObjectVersion"]
_READ_TAGS = ["s3:GetObjectTagging", "s3:GetObjectVersionTagging"]
_WRITE_OBJECT = ["s3:PutObject", "s3:ListMultipartUploadParts", "s3:AbortMultipartUpload"]
_SIGN_PARTS = ["s3:PutObject", "s3:ListMultipartUploadParts"]
_FIND_OBJECTS = ["s3:ListBucket", "s3:ListBucketMultipartUploads"]
_READ_ITEMS = ["dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"]
_WRITE_ITEMS = ["dynamodb:PutItem", "dynamodb:UpdateItem"]
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
        # To take the lead's role back, and nothing else of the portal's.
        "AdminRemoveUserFromGroup",
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
_IN_ANALYTICS = {"StringLike": {"s3:prefix": [f"{ROWS}*", f"{ANSWERS}*"]}}
_USE_KEY = ["kms:Decrypt", "kms:GenerateDataKey"]


@dataclass(frozen=True, slots=True)
class Grants:
    """The statements of each function's policy, over the resources of one stack."""

    parts: Resources

    def judge(self) -> list[iam.PolicyStatement]:
        """Read what arrived, file a copy, record the verdict; take a duplicate's copy back (its versions stay).

        Put an archive's entries where files arrive, and ask itself to go on with it. Judge again what quarantine
        holds, and delete of it what people order, where its versions stay too, with its pictures.
        """
        storage = self.parts.storage
        return [
            # Without it a missing object answers 403, which looks like trouble and not like an absence.
            # What is written in parts goes on where an earlier try was cut: S3 lists what is open.
            allow(_FIND_OBJECTS, storage.incoming.bucket_arn, storage.accepted.bucket_arn),
            allow(_FIND_OBJECTS, storage.quarantine.bucket_arn),
            allow([*_CONSUME, "sqs:SendMessage"], self.parts.queueing.main.queue_arn),
            # To tell how an acceptance by review ended: entries are added, and none is read or changed.
            allow(["dynamodb:PutItem"], self.parts.audit_log.table.table_arn),
            *self._allow_table(),
            self._allow_messages_key(),
        ]

    def projector(self) -> list[iam.PolicyStatement]:
        """Follow the table's stream, write what follows from it, tell people, ask for pictures."""
        queueing = self.parts.queueing
        return [
            allow(_FOLLOW_STREAM, _find_stream(self.parts.records)),
            allow(["sqs:SendMessage"], queueing.projection_failures.queue_arn, queueing.renditions.queue_arn),
            allow(_CONSUME, self.parts.queueing.projection_redrives.queue_arn),
            allow(["sns:Publish"], self.parts.alerts.topic.topic_arn, self.parts.webhooks.topic.topic_arn),
            *self._allow_table(),
            self._allow_messages_key(),
        ]

    def exporter(self) -> list[iam.PolicyStatement]:
        """Follow the table's stream and nothing else of the table; write files of verdicts."""
        return [
            allow(_FOLLOW_STREAM, _find_stream(self.parts.records)),
            allow(["sqs:SendMessage"], self.parts.queueing.export_failures.queue_arn),
            allow(_CONSUME, self.parts.queueing.export_redrives.queue_arn),
            allow(_USE_KEY, self.parts.keys.data.key_arn),
            self._allow_messages_key(),
        ]

    def renderer(self) -> list[iam.PolicyStatement]:
        """Take requests from its queue; its buckets say what it may read and write. No table, and nobody to tell."""
        storage = self.parts.storage
        return [
            # Without it an object that was deleted answers 403, which looks like trouble and not like an absence.
            allow(["s3:ListBucket"], storage.accepted.bucket_arn, storage.quarantine.bucket_arn),
            allow(_CONSUME, self.parts.queueing.renditions.queue_arn),
            allow(_USE_KEY, self.parts.keys.data.key_arn),
            self._allow_messages_key(),
        ]

    def rebuild(self) -> list[iam.PolicyStatement]:
        """Read the table, write what follows from its records, and tell people of verdicts that were never told."""
        return [
            allow(["sns:Publish"], self.parts.alerts.topic.topic_arn, self.parts.webhooks.topic.topic_arn),
            *self._allow_table(),
            self._allow_messages_key(),
        ]

    def sweep(self) -> list[iam.PolicyStatement]:
        """Compare reservations with objects, enqueue what was missed, tell of dead letters; have partners let in.

        Put another secret in place of the portal's.
        """
        return [
            allow(["s3:ListBucket", "s3:ListBucketVersions"], self.parts.storage.incoming.bucket_arn),
            # To see what stands there, and not to read it.
            allow(["s3:ListBucket"], self.parts.storage.accepted.bucket_arn, self.parts.storage.quarantine.bucket_arn),
            allow(["sqs:SendMessage", "sqs:GetQueueAttributes"], self.parts.queueing.main.queue_arn),
            allow(_PEEK, self.parts.queueing.dead_letters.queue_arn),
            allow(["sns:Publish"], self.parts.alerts.topic.topic_arn, self.parts.webhooks.topic.topic_arn),
            allow(_TELL_GATEWAY, self.parts.api.tokens_arn),
            # To rotate it, and not to read it.
            allow(_ROTATE, self.parts.portal_secret.arn),
            *self._allow_table(),
            self._allow_messages_key(),
        ]

    def portal(self) -> list[iam.PolicyStatement]:
        """Read and write records, and sign uploads into the incoming bucket and downloads out of the accepted one.

        What people ask to be done with files is asked of the judge: the portal itself moves and removes none.
        """
        return [
            # Entries are added and read: no role may change or remove one.
            allow(["dynamodb:PutItem"], self.parts.audit_log.table.table_arn),
            allow(["dynamodb:Query"], *list_arns(self.parts.audit_log.table, AUDIT_INDEXES)),
            allow(["secretsmanager:GetSecretValue"], self.parts.portal_secret.arn),
            # To see whether a file has arrived that is to be given up, and not to read it; whether a picture is kept.
            allow(["s3:ListBucket"], self.parts.storage.incoming.bucket_arn, self.parts.storage.renditions.bucket_arn),
            *self._allow_table(),
            self._allow_messages_key(),
        ]

    def portal_apart(self) -> dict[str, list[iam.PolicyStatement]]:
        """The rest of what the portal may do, by purpose: one policy would be longer than IAM takes (docs/adr/0053).

        It shows the pipeline to admins, tends people, partners and their webhooks, and asks what the analytics hold.
        """
        people = allow([*_TEND_PEOPLE, *_TEND_PARTNERS], self.parts.identity.pool.user_pool_arn)
        return {
            "Messages": self._allow_messages(),
            "People": [people, allow(_TELL_GATEWAY, self.parts.api.tokens_arn)],
            "Analytics": self._allow_analytics(),
        }

    def _allow_messages(self) -> list[iam.PolicyStatement]:
        queueing, webhooks, alerts = self.parts.queueing, self.parts.webhooks, self.parts.alerts
        return [
            allow(["sqs:GetQueueAttributes", "sqs:SendMessage"], queueing.main.queue_arn),
            allow(_PEEK, alerts.mailbox.queue_arn),
            # Redriving is to take a letter out and send it where it is tried again.
            allow(_CONSUME, queueing.dead_letters.queue_arn, queueing.projection_failures.queue_arn),
            allow(["sqs:SendMessage"], queueing.projection_redrives.queue_arn),
            allow(_CONSUME, queueing.export_failures.queue_arn),
            allow(["sqs:SendMessage"], queueing.export_redrives.queue_arn),
            allow(["sqs:GetQueueAttributes"], webhooks.dead_letters.queue_arn),
            allow(["sns:Subscribe", "sns:ConfirmSubscription", "sns:Publish"], webhooks.topic.topic_arn),
            allow(["sns:Subscribe"], alerts.topic.topic_arn),
        ]

    def _allow_analytics(self) -> list[iam.PolicyStatement]:
        """Athena reads the rows and writes its answer as whoever asks (Athena guide, "Amazon S3")."""
        analytics = self.parts.analytics
        return [
            allow(_RUN_QUERIES, analytics.workgroup_arn),
            allow(_READ_CATALOGUE, *analytics.catalogue_arns),
            # Before anything else it looks for the database of that name, whatever is asked (Athena guide, "Configure
            # AWS Glue access to your catalog and database per AWS Region").
            allow(["glue:GetDatabase"], analytics.default_database_arn),
            allow(["s3:GetBucketLocation", "s3:ListBucketMultipartUploads"], analytics.bucket.bucket_arn),
            allow(["s3:ListBucket"], analytics.bucket.bucket_arn, conditions=_IN_ANALYTICS),
        ]

    @staticmethod
    def origin_secret(config: StageConfig) -> iam.PolicyStatement:
        """Read the edge's secret. Secrets Manager adds six characters of its own to a secret's ARN."""
        secret = f"arn:{Aws.PARTITION}:secretsmanager:{Aws.REGION}:{Aws.ACCOUNT_ID}:secret:{secret_name(config)}"
        return allow(["secretsmanager:GetSecretValue"], f"{secret}-??????")

    def open_buckets(
        self, *, judge: iam.IRole, sweep: iam.IRole, portal: iam.IRole, exporter: iam.IRole, renderer: iam.IRole
    ) -> None:
        """Let the functions at the objects that their work is about."""
        incoming, filed = self.parts.storage.incoming, (self.parts.storage.accepted, self.parts.storage.quarantine)
        renditions = self.parts.storage.renditions
        _open_bucket(incoming, judge, [*_READ_OBJECT, *_WRITE_OBJECT, *_READ_TAGS])
        for bucket in filed:
            _open_bucket(bucket, judge, [*_READ_OBJECT, *_WRITE_OBJECT, "s3:PutObjectTagging", "s3:DeleteObject"])
            _open_bucket(bucket, renderer, _READ_OBJECT)
        # Pictures go with what they show: the one deletes those of a file, the other what it made too late.
        _open_bucket(renditions, renderer, ["s3:PutObject", "s3:DeleteObject"])
        _open_bucket(renditions, judge, ["s3:DeleteObject"])
        _open_bucket(renditions, portal, ["s3:GetObject"])
        # What exceeds an answer of its own is copied out of its file, and fetched from there.
        _open_bucket(renditions, portal, ["s3:PutObject", "s3:AbortMultipartUpload"], below=RANGES)
        _open_bucket(incoming, sweep, _READ_OBJECT)
        _open_bucket(incoming, portal, _SIGN_PARTS)
        _open_bucket(self.parts.storage.accepted, portal, _READ_OBJECT)
        _open_bucket(self.parts.storage.logs, exporter, ["s3:PutObject"], below=ROWS)
        _open_bucket(self.parts.storage.logs, portal, ["s3:GetObject"], below=ROWS)
        _open_bucket(self.parts.storage.logs, portal, ["s3:GetObject", *_WRITE_OBJECT], below=ANSWERS)

    def _allow_table(self) -> list[iam.PolicyStatement]:
        return [
            allow(_READ_ITEMS, *list_arns(self.parts.records.table, RECORD_INDEXES)),
            allow(_WRITE_ITEMS, self.parts.records.table.table_arn),
            allow(KEY_ACTIONS, self.parts.keys.data.key_arn),
        ]

    def _allow_messages_key(self) -> iam.PolicyStatement:
        return allow(_USE_KEY, self.parts.keys.messages.key_arn)


def _open_bucket(bucket: s3.Bucket, role: iam.IRole, actions: list[str], *, below: str = "") -> None:
    bucket.add_to_resource_policy(let_role(role, actions, bucket.arn_for_objects(f"{below}*")))


def _find_stream(records: Records) -> str:
    arn = records.table.table_stream_arn
    if arn is None:
        raise ValueError("The table has no stream.")
    return arn
