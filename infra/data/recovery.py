"""What is kept for the day when something is lost: backups, and a way in beside the portal."""

from collections.abc import Iterable
from typing import Any

from aws_cdk import Aws, Duration, RemovalPolicy
from aws_cdk import aws_backup as backup
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.config import Retention, StageConfig
from infra.data.buckets import Storage
from infra.data.keys import Keys
from infra.data.tables import AUDIT_INDEXES, KEY_ACTIONS, RECORD_INDEXES, AuditLog, Records, list_arns
from infra.iam import add_role, allow, let_role
from infra.messaging import Alerts, EventAlert
from infra.retention import name_once


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
                alerts=alerts,
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

    Whoever the account's own policies let assume it needs a second factor shown within the hour, and comes by STS of
    the stack's region: elsewhere no rule would see it. Each use is told to the alert topic (infra/audit/stack.py), and
    CloudTrail notes every object and item that it reads.
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
        may = [allow(_READ_ITEMS, *tables), allow(["kms:Decrypt", "kms:DescribeKey"], key.key_arn)]
        root = iam.AccountRootPrincipal().with_conditions(
            {
                "Bool": {"aws:MultiFactorAuthPresent": "true"},
                "NumericLessThan": {"aws:MultiFactorAuthAge": str(_HOUR.to_seconds())},
                # STS's global endpoint counts as us-east-1, and is noted there, wherever it was served (IAM guide,
                # "AWS STS Regions and endpoints").
                "StringEquals": {"aws:RequestedRegion": Aws.REGION},
            }
        )
        self.role = iam.Role(
            self,
            "Role",
            assumed_by=root,
            description="Emergencies only: reads files, records and the audit log (docs/runbook.md)",
            max_session_duration=_HOUR,
            managed_policies=[iam.ManagedPolicy(self, "Policy", statements=may)],
        )
        # By the buckets' own policies: the role's could name objects by a wildcard only.
        for bucket in buckets:
            bucket.add_to_resource_policy(let_role(self.role, _READ_OBJECTS, bucket.arn_for_objects("*")))
            bucket.add_to_resource_policy(let_role(self.role, _LIST_OBJECTS, bucket.bucket_arn))


def _name_recovery_points() -> str:
    """Return the ARN of this account's recovery points: whatever UUID AWS Backup draws, and nothing else of its own."""
    uuid = "-".join("?" * digits for digits in (8, 4, 4, 4, 12))
    return f"arn:{Aws.PARTITION}:backup:{Aws.REGION}:{Aws.ACCOUNT_ID}:recovery-point:{uuid}"


_RESTORING = (
    "RestoreTableFromAwsBackup", "DescribeTable", "Scan", "Query", "GetItem", "PutItem", "UpdateItem", "DeleteItem",
    "BatchWriteItem",
)  # fmt: skip


_NAMED = 41
"""Characters of a vault's name, of fifty, that a stage's prefix may take: its creation takes the others."""


class Backup(Construct):
    """A vault, a plan with a weekly and a monthly copy of each table, and the role that makes and restores them.

    Each copy is a whole one (AWS Backup guide, "Feature availability by resource": no increments and no continuous
    backup of DynamoDB), so it costs what the table is large. Point-in-time recovery takes back whatever is noticed
    within 35 days; these are for the day when that was taken away too (docs/adr/0056).

    The region must use AWS Backup's advanced features for DynamoDB, as accounts younger than November 2021 do by
    themselves (AWS Backup guide, "Advanced DynamoDB backup"): without them, backups are DynamoDB's own, whose names
    only a policy with wildcards could allow.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        tables: list[dynamodb.ITable],
        key: kms.Key,
        alerts: Alerts,
        config: StageConfig,
        removal_policy: RemovalPolicy,
    ) -> None:
        super().__init__(scope, construct_id)
        kept, locked = config.retention, config.retain_data
        # In governance mode: without `changeable_for`, whoever may change the vault's lock can take it off. Compliance
        # mode would keep what a clinic may demand to be deleted, and a mistake for a year.
        lock = backup.LockConfiguration(min_retention=Duration.days(kept.backup_weekly_days))
        self.vault = backup.BackupVault(
            self,
            "Vault",
            backup_vault_name=name_once(config.prefix[:_NAMED]),
            encryption_key=key,
            # Nobody deletes a recovery point by hand; where the vault is locked, nor shortens the life of one.
            block_recovery_point_deletion=locked,
            lock_configuration=lock if locked else None,
            removal_policy=removal_policy,
        )
        self.role = self._add_role(tables, key)
        self._add_plan(kept).add_selection(
            "Tables",
            resources=[backup.BackupResource.from_dynamo_db_table(table) for table in tables],
            role=self.role,
            disable_default_backup_policy=True,
        )
        self.failed = EventAlert(
            self,
            "Failed",
            name=f"{config.prefix}-BackupFailed",
            alerts=alerts,
            pattern={
                "source": ["aws.backup"],
                "detail-type": ["Backup Job State Change"],
                "detail": {"state": ["ABORTED", "EXPIRED", "FAILED"]},
            },
            parts={"table": "$.detail.resourceArn", "state": "$.detail.state", "when": "$.time"},
            message="A backup failed: <table> is <state> at <when>. See docs/runbook.md, BackupFailed.",
        )

    def _add_plan(self, kept: Retention) -> backup.BackupPlan:
        # A copy that is months old is looked into, and nobody works on with it: it may take hours to come back.
        plan: dict[str, dict[str, Any]] = {
            "weekly": {
                "schedule_expression": events.Schedule.cron(week_day="SUN", hour="5", minute="0"),
                "delete_after": Duration.days(kept.backup_weekly_days),
            },
            "monthly": {
                "schedule_expression": events.Schedule.cron(day="1", hour="7", minute="0"),
                "move_to_cold_storage_after": Duration.days(kept.backup_cold_after_days),
                "delete_after": Duration.days(kept.backup_monthly_days),
            },
        }
        rules = [
            backup.BackupPlanRule(
                rule_name=name, start_window=Duration.hours(1), completion_window=Duration.hours(8), **timing
            )
            for name, timing in plan.items()
        ]
        return backup.BackupPlan(self, "Plan", backup_vault=self.vault, backup_plan_rules=rules)

    def _add_role(self, tables: list[dynamodb.ITable], key: kms.Key) -> iam.Role:
        """Add what AWSBackupServiceRolePolicyForBackup and ...ForRestores allow for DynamoDB's advanced backups.

        It backs up these tables only and restores each under one new name: it can write to none that the system uses.
        """
        own = [table.table_arn for table in tables]
        backing_up = ["dynamodb:StartAwsBackupJob", "dynamodb:DescribeTable", "dynamodb:ListTagsOfResource"]
        restoring = [f"dynamodb:{action}" for action in _RESTORING]
        grants_to_services = {"Bool": {"kms:GrantIsForAWSResource": "true"}}
        may = [
            allow(backing_up, *own),
            allow(restoring, *(f"{arn}-restored" for arn in own)),
            allow(["backup:DescribeBackupVault", "backup:CopyIntoBackupVault"], self.vault.backup_vault_arn),
            # A backup gets its table's tags, and since 30 September 2025 fails without leave to.
            allow(["backup:TagResource"], _name_recovery_points()),
            allow(KEY_ACTIONS, key.key_arn),
            allow(["kms:CreateGrant"], key.key_arn, conditions=grants_to_services),
        ]
        return add_role(self, iam.ServicePrincipal("backup.amazonaws.com"), may)
