"""What is kept for the day when something is lost: backups, and a way in beside the portal."""

from collections.abc import Iterable

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.config import StageConfig
from infra.data.audit_log import INDEXES as AUDIT_INDEXES
from infra.data.audit_log import AuditLog
from infra.data.backup import Backup
from infra.data.buckets import Storage
from infra.data.keys import Keys
from infra.data.records import INDEXES as RECORD_INDEXES
from infra.data.records import Records
from infra.data.tables import list_arns
from infra.messaging.alerts import Alerts


class Recovery(Construct):
    """Break-glass everywhere, AWS Backup where the stage has it: the emulator knows no selections of a plan."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        config: StageConfig,
        keys: Keys,
        storage: Storage,
        records: Records,
        audit_log: AuditLog,
        alerts: Alerts,
        removal_policy: RemovalPolicy,
    ) -> None:
        super().__init__(scope, construct_id)
        self.break_glass = BreakGlass(
            self,
            "BreakGlass",
            tables=[*list_arns(records.table, RECORD_INDEXES), *list_arns(audit_log.table, AUDIT_INDEXES)],
            buckets=[storage.incoming, storage.accepted, storage.quarantine],
            key=keys.data,
        )
        self.backup = (
            Backup(
                self,
                "Backup",
                tables=[records.table, audit_log.table],
                key=keys.data,
                topic=alerts.topic,
                config=config,
                removal_policy=removal_policy,
            )
            if config.backup
            else None
        )

    def names(self) -> dict[str, str]:
        """Return what docs/runbook.md calls things by."""
        names = {"BreakGlassRoleArn": self.break_glass.role.role_arn}
        if self.backup:
            names |= {"BackupVault": self.backup.vault.backup_vault_name, "BackupRoleArn": self.backup.role.role_arn}
        return names


_READ_OBJECTS = ["s3:GetObject", "s3:GetObjectVersion", "s3:GetObjectTagging"]
_LIST_OBJECTS = ["s3:ListBucket", "s3:ListBucketVersions"]
_READ_ITEMS = ["dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"]
_HOUR = Duration.hours(1)


class BreakGlass(Construct):
    """A role that reads files, records and the audit log for an hour, and changes nothing (45 CFR 164.312(a)(2)(ii)).

    Whoever the account's own policies let assume it needs a second factor shown within the hour. Each use is told to
    the alert topic (infra/audit/stack.py), and CloudTrail notes every object and item that it reads.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        tables: Iterable[str],
        buckets: Iterable[s3.Bucket],
        key: kms.IKey,
    ) -> None:
        super().__init__(scope, construct_id)
        policy = iam.ManagedPolicy(
            self,
            "Policy",
            statements=[
                iam.PolicyStatement(actions=_READ_ITEMS, resources=list(tables)),
                iam.PolicyStatement(actions=["kms:Decrypt", "kms:DescribeKey"], resources=[key.key_arn]),
            ],
        )
        self.role = iam.Role(
            self,
            "Role",
            assumed_by=_require_second_factor(),
            description="Emergencies only: reads files, records and the audit log (docs/runbook.md)",
            max_session_duration=_HOUR,
            managed_policies=[policy],
        )
        for bucket in buckets:
            self._open_bucket(bucket)

    def _open_bucket(self, bucket: s3.Bucket) -> None:
        """Let the role read by the bucket's own policy: the role's could name objects by a wildcard only."""
        for actions, resource in (
            (_READ_OBJECTS, bucket.arn_for_objects("*")),
            (_LIST_OBJECTS, bucket.bucket_arn),
        ):
            bucket.add_to_resource_policy(
                iam.PolicyStatement(
                    principals=[iam.ArnPrincipal(self.role.role_arn)], actions=actions, resources=[resource]
                )
            )


def _require_second_factor() -> iam.IPrincipal:
    return iam.AccountRootPrincipal().with_conditions(
        {
            "Bool": {"aws:MultiFactorAuthPresent": "true"},
            "NumericLessThan": {"aws:MultiFactorAuthAge": str(_HOUR.to_seconds())},
        }
    )
