"""The bucket that keeps CloudTrail's files, and its key: written once, read by few, deleted by nobody."""

from aws_cdk import ArnFormat, Aws, Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.data.keys import let_logs_encrypt
from infra.iam import let_service

_ACCESS_LOGS = "audit/"


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


_CLOUDTRAIL = iam.ServicePrincipal("cloudtrail.amazonaws.com")


def _expire_after(days: int) -> s3.LifecycleRule:
    """Expire what its lock has let go of: a day later a marker, and another day later the object itself."""
    return s3.LifecycleRule(
        id="forget",
        expiration=Duration.days(days + 1),
        noncurrent_version_expiration=Duration.days(1),
        abort_incomplete_multipart_upload_after=Duration.days(7),
    )
