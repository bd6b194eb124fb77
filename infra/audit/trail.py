"""CloudTrail: every call to the account and every touch of an object or item of ours, and the bucket that keeps it."""

from collections.abc import Iterable, Mapping

from aws_cdk import ArnFormat, Aws, Duration, RemovalPolicy, Stack
from aws_cdk import aws_cloudtrail as cloudtrail
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.data.buckets import add_bucket
from infra.data.keys import add_key, let_logs_encrypt
from infra.iam import add_role, allow_logging, forbid, let_service
from infra.observability.logs import add_log_group

_ACCESS_LOGS = "audit/"
_Selector = cloudtrail.CfnTrail.AdvancedEventSelectorProperty
_Field = cloudtrail.CfnTrail.AdvancedFieldSelectorProperty


class AuditBucket(Construct):
    """Written once, read by few, deleted by nobody: each object is locked for `days`.

    With `for_good` the lock is in compliance mode, which neither an administrator nor AWS can lift before its time: a
    burglar with an administrator's rights is whom an audit is kept from. A stage that is thrown away again has
    governance mode, or its bucket would have to be paid for until the lock ends.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        trail_name: str,
        logs: s3.Bucket,
        days: int,
        for_good: bool,
        removal_policy: RemovalPolicy,
    ) -> None:
        super().__init__(scope, construct_id)
        self.trail_arn = Stack.of(self).format_arn(
            service="cloudtrail", resource="trail", resource_name=trail_name, arn_format=ArnFormat.SLASH_RESOURCE_NAME
        )
        # CloudTrail guide, "Configure AWS KMS key policies for CloudTrail", "Amazon S3 bucket policy for CloudTrail".
        ours = {"aws:SourceArn": self.trail_arn}
        use_key = ["kms:GenerateDataKey*", "kms:DescribeKey", "kms:Decrypt"]
        self.key = add_key(
            self,
            "Key",
            "the trail",
            removal_policy,
            let_service("cloudtrail", use_key, "*", conditions={"StringEquals": ours}),
            let_logs_encrypt(f"{Stack.of(self).stack_name}-*"),
        )
        # S3 notes who reads the trail. By account, for the reason given where the logs' bucket is named.
        note = let_service("logging.s3", ["s3:PutObject"], logs.arn_for_objects(f"{_ACCESS_LOGS}*"))
        logs.add_to_resource_policy(note)
        self.bucket = self._add_bucket(logs, days, removal_policy, for_good=for_good)
        owned = {"StringEquals": {**ours, "s3:x-amz-acl": "bucket-owner-full-control"}}
        files = self.bucket.arn_for_objects(f"AWSLogs/{Aws.ACCOUNT_ID}/*")
        # What the lock does not keep off: delete markers, and leave to pass by a lock in governance mode.
        past_the_lock = ["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:BypassGovernanceRetention"]
        for statement in (
            let_service("cloudtrail", ["s3:GetBucketAcl"], self.bucket.bucket_arn, conditions={"StringEquals": ours}),
            let_service("cloudtrail", ["s3:PutObject"], files, conditions=owned),
            forbid(past_the_lock, self.bucket.arn_for_objects("*")),
        ):
            self.bucket.add_to_resource_policy(statement)

    def _add_bucket(self, logs: s3.Bucket, days: int, removal_policy: RemovalPolicy, *, for_good: bool) -> s3.Bucket:
        retain = s3.ObjectLockRetention.compliance if for_good else s3.ObjectLockRetention.governance
        # What its lock has let go of expires: a day later a marker, and another day later the object itself.
        forget = s3.LifecycleRule(
            id="forget",
            expiration=Duration.days(days + 1),
            noncurrent_version_expiration=Duration.days(1),
            abort_incomplete_multipart_upload_after=Duration.days(7),
        )
        return add_bucket(
            self,
            "Bucket",
            key=self.key,
            object_lock_enabled=True,
            object_lock_default_retention=retain(Duration.days(days)),
            # By name: a reference to the bucket itself would have the core depend on this stack, and this on the core.
            server_access_logs_bucket=s3.Bucket.from_bucket_name(self, "Logs", logs.bucket_name),
            server_access_logs_prefix=_ACCESS_LOGS,
            lifecycle_rules=[forget],
            removal_policy=removal_policy,
        )


class Trail(Construct):
    """One trail of all regions, with digests that show whether a file was changed or taken away.

    Management events are recorded everywhere, since who breaks in starts where nobody looks; the first copy of them
    costs nothing. Data events are recorded for our buckets' objects and our tables only: they are billed by number
    (docs/cost.md). Tables are chosen by the beginning of their names, which are CloudFormation's: so a restored copy,
    which is as confidential, is watched as well, and nothing ties the stack to one table.

    A stream tells what its table does. Who reads it is recorded, but for Lambda itself, which looks into each part of
    it in the names of the `followers` some eight times a second: that is 20 USD in a month without a file.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        archive: AuditBucket,
        buckets: Iterable[s3.Bucket],
        tables_of: str,
        followers: Iterable[iam.IRole],
        log_days: int,
        removal_policy: RemovalPolicy,
    ) -> None:
        super().__init__(scope, construct_id)
        # What people search in. Half the price of the standard class; metrics and subscriptions need neither.
        self.log_group = add_log_group(
            self,
            "Events",
            key=archive.key,
            days=log_days,
            log_group_class=logs.LogGroupClass.INFREQUENT_ACCESS,
            removal_policy=removal_policy,
        )
        paths = [bucket.arn_for_objects("") for bucket in buckets]
        tables = Stack.of(self).format_arn(
            service="dynamodb",
            resource="table",
            resource_name=f"{tables_of}-",
            arn_format=ArnFormat.SLASH_RESOURCE_NAME,
        )
        service = iam.ServicePrincipal("cloudtrail.amazonaws.com")
        writer = add_role(self, service, [allow_logging(self.log_group)])
        self.trail = cloudtrail.CfnTrail(
            self,
            "Trail",
            trail_name=name,
            is_logging=True,
            is_multi_region_trail=True,
            include_global_service_events=True,
            enable_log_file_validation=True,
            s3_bucket_name=archive.bucket.bucket_name,
            kms_key_id=archive.key.key_arn,
            cloud_watch_logs_log_group_arn=self.log_group.log_group_arn,
            cloud_watch_logs_role_arn=writer.role_arn,
            advanced_event_selectors=[
                _MANAGEMENT,
                _select_data("Every touch of a file", "AWS::S3::Object", paths),
                # A table's selector takes in its stream (DynamoDB guide, "DynamoDB data plane events in CloudTrail").
                _select_data(
                    "Every touch of a record", "AWS::DynamoDB::Table", [tables], but={"eventName": _STREAM_CALLS}
                ),
                _select_data(
                    "Every look into a stream but those of Lambda's polling",
                    "AWS::DynamoDB::Stream",
                    [tables],
                    but={"userIdentity.arn": [_begin_polls(role) for role in followers]},
                ),
            ],
        )
        # CloudTrail tries the bucket when the trail is made, and the policy is what lets it in.
        if archive.bucket.policy is not None:
            self.trail.node.add_dependency(archive.bucket.policy)

    def begin_after(self, *others: Construct) -> None:
        """Make the trail once the others stand."""
        self.trail.node.add_dependency(*others)


_MANAGEMENT = _Selector(
    name="Every call to the account", field_selectors=[_Field(field="eventCategory", equal_to=["Management"])]
)


_STREAM_CALLS = ["DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"]


def _begin_polls(role: iam.IRole) -> str:
    """Return how the ARN of each session begins in which Lambda polls for a function.

    The function's own bear its name, and so do those of whoever stole its credentials: they are recorded.
    """
    return f"arn:{Aws.PARTITION}:sts::{Aws.ACCOUNT_ID}:assumed-role/{role.role_name}/awslambda_"


def _select_data(name: str, kind: str, beginnings: list[str], but: Mapping[str, list[str]] | None = None) -> _Selector:
    """Select data events of resources by how their ARNs begin, `but` those whose fields begin so."""
    return _Selector(
        name=name,
        field_selectors=[
            _Field(field="eventCategory", equal_to=["Data"]),
            _Field(field="resources.type", equal_to=[kind]),
            _Field(field="resources.ARN", starts_with=beginnings),
            *(_Field(field=field, not_starts_with=values) for field, values in (but or {}).items()),
        ],
    )
