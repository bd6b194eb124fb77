"""The buckets: where files arrive and are kept, their pictures, and where access is logged and verdicts analysed."""

from typing import Any

from aws_cdk import CfnResource, Duration, RemovalPolicy
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.config import Retention
from infra.iam import forbid
from intake.analytics.model import PREFIX as ROWS
from intake.renditions.model import ACCEPTED, QUARANTINE
from intake.storage.model import RANGES

LOG_PREFIXES = ("incoming/", "accepted/", "quarantine/", "renditions/", "audit/", "edge/")
"""Where the logs' bucket keeps who asked for what: S3's own notes by bucket, and CloudFront's."""
ANSWERS = "athena/"
"""Where it keeps Athena's answers, beside the rows of the analytics."""
_ANSWERS_KEPT = 30
"""Days; a query that is wanted again is run again."""

_RANGES_KEPT = 1
"""Days; a range that is wanted again is copied again."""

_PICTURES_KEPT, _REJECTED_PICTURES_KEPT = 365, 7
"""Days; a picture that is wanted again is made anew. What shows a rejected file is gone soon after the file."""


def add_bucket(scope: Construct, construct_id: str, *, key: kms.IKey | None, **properties: Any) -> s3.Bucket:  # noqa: ANN401  # CDK's own.
    """Add a bucket: versioned, private, reached over TLS only, and encrypted with our own key or else with S3's."""
    return s3.Bucket(
        scope,
        construct_id,
        encryption=s3.BucketEncryption.KMS if key else s3.BucketEncryption.S3_MANAGED,
        encryption_key=key,
        bucket_key_enabled=True if key else None,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
        enforce_ssl=True,
        versioned=True,
        **properties,
    )


class Storage(Construct):
    """Incoming, accepted, quarantine, renditions and logs."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        key: kms.IKey,
        removal_policy: RemovalPolicy,
        portal_origin: str,
        opens_to_websites: bool = False,
        retention: Retention,
    ) -> None:
        super().__init__(scope, construct_id)
        self._key, self._removal_policy, self._retention = key, removal_policy, retention
        self.logs = self._add_logs_bucket()
        browser_uploads = s3.CorsRule(
            allowed_methods=[s3.HttpMethods.PUT],
            allowed_origins=[portal_origin],
            allowed_headers=["content-type", "if-none-match", "x-amz-*"],
            exposed_headers=["ETag", "x-amz-checksum-sha256"],
            max_age=3000,
        )
        self.incoming = self._add_bucket(
            "Incoming", expire_days=retention.incoming_days, cors=[browser_uploads], unfinished_days=7
        )
        # S3 gives nothing of such objects before somebody restores them, so that no judge could ever look at them.
        archived = {"StringEquals": {"s3:x-amz-storage-class": ["GLACIER", "DEEP_ARCHIVE"]}}
        keep_readable = forbid(["s3:PutObject"], self.incoming.arn_for_objects("*"), conditions=archived)
        self.incoming.add_to_resource_policy(keep_readable)
        browser_downloads = s3.CorsRule(
            allowed_methods=[s3.HttpMethods.GET],
            # A browser that another website's script had led here by a redirect says that it comes from `null`
            # (Fetch, "HTTP-redirect fetch", "tainted origin"). Who has an address has what it leads to, whoever asks.
            allowed_origins=["*" if opens_to_websites else portal_origin],
            allowed_headers=["range"],
            exposed_headers=["Content-Range"],
            max_age=3000,
        )
        self.accepted = self._add_bucket("Accepted", move=_list_transitions(retention), cors=[browser_downloads])
        self.quarantine = self._add_bucket("Quarantine", expire_days=retention.quarantine_days)
        self.renditions = self._add_renditions_bucket([browser_downloads] if opens_to_websites else None)

    def publish(self) -> None:
        """Tell EventBridge of each object that arrives, where GuardDuty listens, and nobody else."""
        self._incoming_resource.notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
            event_bridge_configuration=s3.CfnBucket.EventBridgeConfigurationProperty(event_bridge_enabled=True)
        )

    def notify(self, queue: sqs.IQueue, *, after: CfnResource) -> None:
        """Send an event for each object that arrives, once the queue's policy `after` allows it.

        Set on the low-level bucket: the high-level call would bring a function of its own with wide permissions.
        """
        bucket = self._incoming_resource
        bucket.notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
            queue_configurations=[
                s3.CfnBucket.QueueConfigurationProperty(event="s3:ObjectCreated:*", queue=queue.queue_arn)
            ]
        )
        bucket.add_resource_dependency(after)

    @property
    def _incoming_resource(self) -> s3.CfnBucket:
        bucket = self.incoming.node.default_child
        if not isinstance(bucket, s3.CfnBucket):
            raise TypeError("The incoming bucket has no resource.")
        return bucket

    def _add_bucket(
        self,
        construct_id: str,
        *,
        expire_days: int | None = None,
        cors: list[s3.CorsRule] | None = None,
        move: list[s3.Transition] | None = None,
        unfinished_days: int = 1,
    ) -> s3.Bucket:
        """Add a bucket of files. What only the judge writes is complete within hours, or was given up."""
        return add_bucket(
            self,
            construct_id,
            key=self._key,
            server_access_logs_bucket=self.logs,
            server_access_logs_prefix=f"{construct_id.lower()}/",
            lifecycle_rules=[self._expire_versions(expire_days, move, unfinished_days)],
            cors=cors,
            removal_policy=self._removal_policy,
        )

    def _add_renditions_bucket(self, cors: list[s3.CorsRule] | None) -> s3.Bucket:
        """Add the bucket of pictures and ranges. They are made anew at will: a version that was replaced is gone."""
        return add_bucket(
            self,
            "Renditions",
            key=self._key,
            server_access_logs_bucket=self.logs,
            server_access_logs_prefix="renditions/",
            lifecycle_rules=[
                s3.LifecycleRule(
                    id="housekeeping",
                    noncurrent_version_expiration=Duration.days(1),
                    abort_incomplete_multipart_upload_after=Duration.days(1),
                ),
                self._expire_prefix(RANGES, _RANGES_KEPT),
                self._expire_prefix(ACCEPTED, _PICTURES_KEPT),
                self._expire_prefix(QUARANTINE, min(_REJECTED_PICTURES_KEPT, self._retention.quarantine_days)),
            ],
            cors=cors,
            removal_policy=self._removal_policy,
        )

    def _add_logs_bucket(self) -> s3.Bucket:
        # S3 delivers its access logs only to buckets encrypted with its own keys (S3 guide, "Server access logging").
        return add_bucket(
            self,
            "Logs",
            key=None,
            # A rule for each prefix: the shortest one that fits an object wins, and other prefixes have other lives.
            lifecycle_rules=[
                self._expire_versions(None),
                *(self._expire_prefix(prefix, self._retention.logs_days) for prefix in (*LOG_PREFIXES, ROWS)),
                self._expire_prefix(ANSWERS, _ANSWERS_KEPT),
            ],
            removal_policy=self._removal_policy,
        )

    def _expire_versions(
        self, expire_days: int | None, move: list[s3.Transition] | None = None, unfinished_days: int = 7
    ) -> s3.LifecycleRule:
        return s3.LifecycleRule(
            id="housekeeping",
            expiration=Duration.days(expire_days) if expire_days else None,
            transitions=move,
            noncurrent_version_expiration=Duration.days(self._retention.noncurrent_days),
            abort_incomplete_multipart_upload_after=Duration.days(unfinished_days),
        )

    def _expire_prefix(self, prefix: str, days: int) -> s3.LifecycleRule:
        name = prefix.rstrip("/").replace("/", "-")
        return s3.LifecycleRule(id=f"forget-{name}", prefix=prefix, expiration=Duration.days(days))


def _list_transitions(retention: Retention) -> list[s3.Transition] | None:
    """Return when accepted files move to cheaper storage: classes that answer at once, as everything here expects."""
    classes = {
        s3.StorageClass.INFREQUENT_ACCESS: retention.accepted_infrequent_days,
        s3.StorageClass.GLACIER_INSTANT_RETRIEVAL: retention.accepted_glacier_days,
    }
    moves = [
        s3.Transition(storage_class=kind, transition_after=Duration.days(days))
        for kind, days in classes.items()
        if days is not None
    ]
    return moves or None
