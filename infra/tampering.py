"""What people are told of at once, since no honest day brings it: root, break-glass, and hands on the evidence."""

from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.config import StageConfig
from infra.event_alerts import EventAlert

_CALLS = "AWS API Call via CloudTrail"
_SIGN_INS = "AWS Console Sign In via CloudTrail"
_PARTS = {"what": "$.detail.eventName", "who": "$.detail.userIdentity.arn", "when": "$.time", "id": "$.detail.eventID"}
_TOLD = "<what> by <who> at <when>, CloudTrail event <id>. See docs/runbook.md"

_EVIDENCE = {
    "cloudtrail.amazonaws.com": ["DeleteTrail", "PutEventSelectors", "StopLogging", "UpdateTrail"],
    "s3.amazonaws.com": ["DeleteBucket", "DeleteBucketPolicy", "PutBucketObjectLockConfiguration"],
    "dynamodb.amazonaws.com": [
        "DeleteBackup",
        "DeleteResourcePolicy",
        "DeleteTable",
        "UpdateContinuousBackups",
        "UpdateTimeToLive",
    ],
    "kms.amazonaws.com": ["DisableKey", "DisableKeyRotation", "ScheduleKeyDeletion"],
    "backup.amazonaws.com": [
        "DeleteBackupVault",
        "DeleteBackupVaultAccessPolicy",
        "DeleteBackupVaultLockConfiguration",
        "DeleteRecoveryPoint",
        "UpdateRecoveryPointLifecycle",
    ],
}
"""Calls that end or weaken what later shows what happened, or brings back what was lost. By service."""


def add_tamper_alerts(
    scope: Construct, config: StageConfig, *, topic: sns.ITopic, break_glass: iam.IRole
) -> list[EventAlert]:
    """Add the rules. They see the calls of the stack's region, where IAM and root's sign-ins are seen in us-east-1."""
    calls = [name for names in _EVIDENCE.values() for name in names]
    patterns = {
        "RootUse": (
            "The root user acted",
            {
                "detail-type": [_CALLS, _SIGN_INS],
                "detail": {"userIdentity": {"type": ["Root"], "invokedBy": [{"exists": False}]}},
            },
        ),
        "BreakGlassUse": (
            "Break-glass was used",
            {
                "detail-type": [_CALLS],
                "detail": {
                    "eventSource": ["sts.amazonaws.com"],
                    "eventName": ["AssumeRole"],
                    "requestParameters": {"roleArn": [break_glass.role_arn]},
                },
            },
        ),
        "Tampering": (
            "Evidence or backups were touched",
            {"detail-type": [_CALLS], "detail": {"eventSource": list(_EVIDENCE), "eventName": calls}},
        ),
    }
    return [
        EventAlert(
            scope,
            name,
            name=f"{config.prefix}-{name}",
            topic=topic,
            pattern=pattern,
            parts=_PARTS,
            message=f"{title}: {_TOLD}, {name}.",
        )
        for name, (title, pattern) in patterns.items()
    ]
