"""The audit stack: who did what to the account and to patients' data, where nobody can take it away again."""

from typing import ClassVar

from aws_cdk import Aws, CfnOutput, Environment, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk.aws_logs import CfnDelivery, CfnDeliveryDestination, CfnDeliverySource
from constructs import Construct

from infra.audit.trail import AuditBucket, Trail
from infra.config import StageConfig
from infra.iam import let_service
from infra.messaging import Alerts, EventAlert
from infra.observability.alarms import watch_rule
from infra.retention import choose_removal
from infra.stack import SilentScalper


class Audit(Stack):
    """CloudTrail into a locked bucket, the edge's access logs, and word of what should never happen.

    Stands beside the core: the emulator's CloudFormation knows neither trails nor log deliveries.
    `distribution_arn` is the CloudFront distribution's, where there is one.
    """

    def __init__(
        self, scope: Construct, *, config: StageConfig, core: SilentScalper, distribution_arn: str | None = None
    ) -> None:
        super().__init__(
            scope,
            f"{config.prefix}-Audit",
            env=Environment(account=config.account, region=config.region),
        )
        removal, storage = choose_removal(config), core.parts.storage
        # With its region: a trail belongs to all of them, and its name is taken in each.
        name = f"{config.prefix}-{config.region}-audit"
        self.archive = AuditBucket(
            self,
            "Archive",
            trail_name=name,
            logs=core.parts.storage.logs,
            days=config.retention.audit_days,
            for_good=config.retain_data,
            removal_policy=removal,
        )
        self.trail = Trail(
            self,
            "Trail",
            name=name,
            archive=self.archive,
            buckets=[storage.incoming, storage.accepted, storage.quarantine, storage.renditions],
            tables_of=core.stack_name,
            followers=[core.projector.role, core.exporter.role],
            log_days=config.retention.logs_days,
            removal_policy=removal,
        )
        alerts, break_glass = core.parts.alerts, core.parts.recovery.break_glass.role
        # The trail begins last: it writes at once, what it writes is locked, and no rollback deletes a bucket of that.
        self.trail.begin_after(*add_tamper_alerts(self, config, alerts=alerts, break_glass=break_glass))
        if distribution_arn and config.region == EdgeLogs.REGION:
            self.trail.begin_after(
                EdgeLogs(
                    self,
                    "EdgeLogs",
                    prefix=config.prefix,
                    distribution_arn=distribution_arn,
                    logs=core.parts.storage.logs,
                )
            )
        for name, value in {
            "AuditBucket": self.archive.bucket.bucket_name,
            "TrailArn": self.trail.trail.attr_arn,
            "TrailLogGroup": self.trail.log_group.log_group_name,
        }.items():
            CfnOutput(self, f"{name}Output", value=value).override_logical_id(name)


_CALLS = "AWS API Call via CloudTrail"
_SIGN_INS = "AWS Console Sign In via CloudTrail"
_PARTS = {"what": "$.detail.eventName", "who": "$.detail.userIdentity.arn", "when": "$.time", "id": "$.detail.eventID"}
_TOLD = "<what> by <who> at <when>, CloudTrail event <id>. See docs/runbook.md"

_MATTERS = [{"readOnly": [False]}, {"readOnly": [{"exists": False}]}, {"managementEvent": [False]}]
"""Sign-ins, whatever changes something, and every touch of a file or record. What a console looks at for each of its
pages is a hundred calls, and no news after the sign-in."""

_EVIDENCE = {
    "cloudtrail.amazonaws.com": ["DeleteTrail", "PutEventSelectors", "StopLogging", "UpdateTrail"],
    "s3.amazonaws.com": ["DeleteBucket", "DeleteBucketPolicy", "PutBucketObjectLockConfiguration", "PutBucketPolicy"],
    "dynamodb.amazonaws.com": [
        "DeleteBackup",
        "DeleteResourcePolicy",
        "DeleteTable",
        "PutResourcePolicy",
        "UpdateContinuousBackups",
        "UpdateTimeToLive",
    ],
    "kms.amazonaws.com": ["DisableKey", "DisableKeyRotation", "PutKeyPolicy", "ScheduleKeyDeletion"],
    "backup.amazonaws.com": [
        "DeleteBackupVault",
        "DeleteBackupVaultAccessPolicy",
        "DeleteBackupVaultLockConfiguration",
        "DeleteRecoveryPoint",
        "PutBackupVaultAccessPolicy",
        "PutBackupVaultLockConfiguration",
        "UpdateRecoveryPointLifecycle",
    ],
    "events.amazonaws.com": ["DeleteRule", "DisableRule", "RemoveTargets"],
    "monitoring.amazonaws.com": ["DeleteAlarms", "DisableAlarmActions"],
    "sns.amazonaws.com": ["DeleteTopic", "SetTopicAttributes"],
}
"""Calls that end or weaken what later shows what happened, tells it, or brings back what was lost. By service."""


def add_tamper_alerts(
    scope: Construct, config: StageConfig, *, alerts: Alerts, break_glass: iam.IRole
) -> list[Construct]:
    """Add the rules. They see the calls of the stack's region, where IAM and root's sign-ins are seen in us-east-1.

    Break-glass can be taken there only, by whatever way (infra/data/recovery.py).
    """
    calls = [name for names in _EVIDENCE.values() for name in names]
    sessions = f"arn:{Aws.PARTITION}:sts::{Aws.ACCOUNT_ID}:assumed-role/{break_glass.role_name}/"
    patterns = {
        "RootUse": (
            "The root user acted",
            {
                "detail-type": [_CALLS, _SIGN_INS],
                "detail": {"userIdentity": {"type": ["Root"], "invokedBy": [{"exists": False}]}, "$or": _MATTERS},
            },
        ),
        "BreakGlassUse": (
            "Break-glass was used or changed",
            {
                "detail-type": [_CALLS, _SIGN_INS],
                "detail": {
                    "$or": [
                        {
                            "eventSource": ["sts.amazonaws.com"],
                            "eventName": ["AssumeRole"],
                            "requestParameters": {"roleArn": [break_glass.role_arn]},
                        },
                        # In the console (CloudTrail guide, "AWS Management Console sign-in events").
                        {
                            "eventSource": ["signin.amazonaws.com"],
                            "eventName": ["SwitchRole"],
                            "userIdentity": {"arn": [{"prefix": sessions}]},
                        },
                        {
                            "eventSource": ["iam.amazonaws.com"],
                            "readOnly": [False],
                            "requestParameters": {"roleName": [break_glass.role_name]},
                        },
                    ]
                },
            },
        ),
        "Tampering": (
            "Evidence or backups were touched",
            {"detail-type": [_CALLS], "detail": {"eventSource": list(_EVIDENCE), "eventName": calls}},
        ),
    }
    made: list[Construct] = []
    for name, (title, pattern) in patterns.items():
        alert = EventAlert(
            scope,
            name,
            name=f"{config.prefix}-{name}",
            alerts=alerts,
            pattern=pattern,
            parts=_PARTS,
            message=f"{title}: {_TOLD}, {name}.",
        )
        made += [alert, watch_rule(scope, f"{name}Untold", rule=alert.rule, topic=alerts.topic)]
    return made


_EDGE_PREFIX = "edge"

FIELDS = (
    "timestamp(ms)", "x-edge-request-id", "x-edge-location", "c-ip", "c-country", "asn", "x-host-header", "cs-method",
    "cache-behavior-path-pattern", "cs-protocol", "cs-protocol-version", "ssl-protocol", "ssl-cipher",
    "cs(User-Agent)", "sc-status", "x-edge-result-type", "x-edge-response-result-type", "x-edge-detailed-result-type",
    "sc-content-type", "cs-bytes", "sc-bytes", "time-taken", "time-to-first-byte", "origin-fbl", "origin-lbl",
)  # fmt: skip
"""Who asked, how it went and how long it took (CloudFront guide, "Standard logging reference").

Left out: `cs-uri-stem`, `cs-uri-query`, `cs(Referer)` and `cs(Cookie)`. DICOMweb puts names of patients and UIDs of
studies into addresses; `x-edge-request-id` leads from a line here to the portal's own log, which knows the operation.
"""


class EdgeLogs(Construct):
    """Delivery of a distribution's access logs to the logs' bucket, as JSON lines under `edge/`, at no charge.

    CloudFront's deliveries are made in us-east-1 only: stages elsewhere have none, and the gateway's log alone.
    """

    REGION: ClassVar[str] = "us-east-1"

    def __init__(
        self, scope: Construct, construct_id: str, *, prefix: str, distribution_arn: str, logs: s3.Bucket
    ) -> None:
        super().__init__(scope, construct_id)
        name = f"{prefix}-edge"
        source = CfnDeliverySource(self, "Source", name=name, resource_arn=distribution_arn, log_type="ACCESS_LOGS")
        destination = CfnDeliveryDestination(
            self,
            "Destination",
            name=name,
            destination_resource_arn=f"{logs.bucket_arn}/{_EDGE_PREFIX}",
            output_format="json",
        )
        # CloudWatch Logs guide, "Logs sent to Amazon S3".
        ours = f"arn:{Aws.PARTITION}:logs:us-east-1:{Aws.ACCOUNT_ID}:delivery-source:{source.name}"
        owned = {"s3:x-amz-acl": "bucket-owner-full-control", "aws:SourceAccount": Aws.ACCOUNT_ID}
        delivered = {"StringEquals": owned, "ArnEquals": {"aws:SourceArn": ours}}
        files = logs.arn_for_objects(f"{_EDGE_PREFIX}/*")
        logs.add_to_resource_policy(let_service("delivery.logs", ["s3:PutObject"], files, conditions=delivered))
        CfnDelivery(
            self,
            "Delivery",
            delivery_source_name=source.name,
            delivery_destination_arn=destination.attr_arn,
            record_fields=list(FIELDS),
            s3_suffix_path="{yyyy}/{MM}/{dd}/{HH}",
        ).add_resource_dependency(source)
