"""CloudTrail: every call to the account, and every touch of an object or item of ours."""

from collections.abc import Iterable

from aws_cdk import ArnFormat, Aws, Duration, RemovalPolicy, Stack
from aws_cdk import aws_cloudtrail as cloudtrail
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.data.keys import let_logs_encrypt
from infra.iam import add_role, allow_logging, let_service
from infra.observability.log_retention import RETENTIONS

_Selector = cloudtrail.CfnTrail.AdvancedEventSelectorProperty
_Field = cloudtrail.CfnTrail.AdvancedFieldSelectorProperty


class AuditBucket(Construct):
    """Each object is locked for `days`.

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
        self.key = self._add_key(removal_policy)
        # S3 notes who reads the trail. By account, for the reason given where the logs' bucket is named.
        note = let_service("logging.s3", ["s3:PutObject"], logs.arn_for_objects(f"{_ACCESS_LOGS}*"))
        logs.add_to_resource_policy(note)
        retain = s3.ObjectLockRetention.compliance if for_good else s3.ObjectLockRetention.governance
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            encryption=s3.BucketEncryption.KMS,
            encryption_key=self.key,
            bucket_key_enabled=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            versioned=True,
            object_lock_enabled=True,
            object_lock_default_retention=retain(Duration.days(days)),
            # By name: a reference to the bucket itself would have the core depend on this stack, and this on the core.
            server_access_logs_bucket=s3.Bucket.from_bucket_name(self, "Logs", logs.bucket_name),
            server_access_logs_prefix=_ACCESS_LOGS,
            lifecycle_rules=[_expire_after(days)],
            removal_policy=removal_policy,
        )
        for statement in (*self._let_trail_write(), self._forbid_deletion()):
            self.bucket.add_to_resource_policy(statement)

    def _add_key(self, removal_policy: RemovalPolicy) -> kms.Key:
        key = kms.Key(
            self,
            "Key",
            description="Silent Scalper: the trail",
            enable_key_rotation=True,
            removal_policy=removal_policy,
        )
        for statement in (self._let_trail_encrypt(), let_logs_encrypt(f"{Stack.of(self).stack_name}-*")):
            key.add_to_resource_policy(statement)
        return key

    def _let_trail_encrypt(self) -> iam.PolicyStatement:
        """Let this trail encrypt (CloudTrail guide, "Configure AWS KMS key policies for CloudTrail")."""
        return iam.PolicyStatement(
            principals=[_CLOUDTRAIL],
            actions=["kms:GenerateDataKey*", "kms:DescribeKey", "kms:Decrypt"],
            resources=["*"],
            conditions={"StringEquals": {"aws:SourceArn": self.trail_arn}},
        )

    def _let_trail_write(self) -> tuple[iam.PolicyStatement, ...]:
        """Let this trail write (CloudTrail guide, "Amazon S3 bucket policy for CloudTrail")."""
        ours = {"aws:SourceArn": self.trail_arn}
        return (
            iam.PolicyStatement(
                principals=[_CLOUDTRAIL],
                actions=["s3:GetBucketAcl"],
                resources=[self.bucket.bucket_arn],
                conditions={"StringEquals": ours},
            ),
            iam.PolicyStatement(
                principals=[_CLOUDTRAIL],
                actions=["s3:PutObject"],
                resources=[self.bucket.arn_for_objects(f"AWSLogs/{Aws.ACCOUNT_ID}/*")],
                conditions={"StringEquals": {**ours, "s3:x-amz-acl": "bucket-owner-full-control"}},
            ),
        )

    def _forbid_deletion(self) -> iam.PolicyStatement:
        """Deny what the lock does not: delete markers, and leave to pass by a lock in governance mode."""
        return iam.PolicyStatement(
            effect=iam.Effect.DENY,
            principals=[iam.AnyPrincipal()],
            actions=["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:BypassGovernanceRetention"],
            resources=[self.bucket.arn_for_objects("*")],
        )


class Trail(Construct):
    """One trail of all regions, with digests that show whether a file was changed or taken away.

    Management events are recorded everywhere, since who breaks in starts where nobody looks; the first copy of them
    costs nothing. Data events are recorded for our buckets' objects and our tables only: they are billed by number
    (docs/cost.md). Tables are chosen by the beginning of their names, which are CloudFormation's: so a restored copy,
    which is as confidential, is watched as well, and nothing ties the stack to one table.
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
        log_days: int,
        removal_policy: RemovalPolicy,
    ) -> None:
        super().__init__(scope, construct_id)
        self.log_group = self._add_log_group(archive, log_days, removal_policy)
        paths = [bucket.arn_for_objects("") for bucket in buckets]
        objects = _select_data("Every touch of a file", "AWS::S3::Object", paths)
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
            advanced_event_selectors=[_MANAGEMENT, objects, _select_items(Stack.of(self), tables_of)],
        )
        # CloudTrail tries the bucket when the trail is made, and the policy is what lets it in.
        if archive.bucket.policy is not None:
            self.trail.node.add_dependency(archive.bucket.policy)

    def _add_log_group(self, archive: AuditBucket, days: int, removal_policy: RemovalPolicy) -> logs.LogGroup:
        """Keep what people search in. Half the price of the standard class; metrics and subscriptions need neither."""
        return logs.LogGroup(
            self,
            "Events",
            encryption_key=archive.key,
            retention=RETENTIONS[days],
            log_group_class=logs.LogGroupClass.INFREQUENT_ACCESS,
            removal_policy=removal_policy,
        )


_MANAGEMENT = _Selector(
    name="Every call to the account", field_selectors=[_Field(field="eventCategory", equal_to=["Management"])]
)


def _select_items(stack: Stack, prefix: str) -> _Selector:
    tables = stack.format_arn(
        service="dynamodb",
        resource="table",
        resource_name=f"{prefix}-",
        arn_format=ArnFormat.SLASH_RESOURCE_NAME,
    )
    return _select_data("Every touch of a record", "AWS::DynamoDB::Table", [tables])


def _select_data(name: str, kind: str, beginnings: list[str]) -> _Selector:
    return _Selector(
        name=name,
        field_selectors=[
            _Field(field="eventCategory", equal_to=["Data"]),
            _Field(field="resources.type", equal_to=[kind]),
            _Field(field="resources.ARN", starts_with=beginnings),
        ],
    )


_ACCESS_LOGS = "audit/"


_CLOUDTRAIL = iam.ServicePrincipal("cloudtrail.amazonaws.com")


def _expire_after(days: int) -> s3.LifecycleRule:
    """Expire what its lock has let go of: a day later a marker, and another day later the object itself."""
    return s3.LifecycleRule(
        id="forget",
        expiration=Duration.days(days + 1),
        noncurrent_version_expiration=Duration.days(1),
        abort_incomplete_multipart_upload_after=Duration.days(7),
    )
