"""AWS Backup of the tables: copies apart from their point-in-time recovery, which dies with a table's 35 days."""

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_backup as backup
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.config import StageConfig
from infra.iam import add_role
from infra.messaging.event_alerts import EventAlert

_RESTORING = (
    "RestoreTableFromAwsBackup", "DescribeTable", "Scan", "Query", "GetItem", "PutItem", "UpdateItem", "DeleteItem",
    "BatchWriteItem",
)  # fmt: skip


class Backup(Construct):
    """A vault, a plan with a daily and a monthly copy of each table, and the role that makes and restores them.

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
        topic: sns.ITopic,
        config: StageConfig,
        removal_policy: RemovalPolicy,
    ) -> None:
        super().__init__(scope, construct_id)
        self._retention, locked = config.retention, config.retain_data
        self.vault = backup.BackupVault(
            self,
            "Vault",
            encryption_key=key,
            # Nobody deletes a recovery point by hand; where the vault is locked, nor shortens the life of one.
            block_recovery_point_deletion=locked,
            lock_configuration=self._lock_vault() if locked else None,
            removal_policy=removal_policy,
        )
        self.role = self._add_role(tables, key)
        self.plan = self._add_plan()
        self.plan.add_selection(
            "Tables",
            resources=[backup.BackupResource.from_dynamo_db_table(table) for table in tables],
            role=self.role,
            disable_default_backup_policy=True,
        )
        EventAlert(
            self,
            "Failed",
            name=f"{config.prefix}-BackupFailed",
            topic=topic,
            pattern={
                "source": ["aws.backup"],
                "detail-type": ["Backup Job State Change"],
                "detail": {"state": ["ABORTED", "EXPIRED", "FAILED"]},
            },
            parts={"table": "$.detail.resourceArn", "state": "$.detail.state", "when": "$.time"},
            message="A backup failed: <table> is <state> at <when>. See docs/runbook.md, BackupFailed.",
        )

    def _lock_vault(self) -> backup.LockConfiguration:
        """Lock in governance mode: without `changeable_for`, whoever may change the vault's lock can take it off.

        Compliance mode would keep what a clinic may demand to be deleted, and a mistake for a year.
        """
        return backup.LockConfiguration(min_retention=Duration.days(self._retention.backup_daily_days))

    def _add_plan(self) -> backup.BackupPlan:
        return backup.BackupPlan(
            self,
            "Plan",
            backup_vault=self.vault,
            backup_plan_rules=[
                _schedule_rule("daily", events.Schedule.cron(hour="5", minute="0"), self._retention.backup_daily_days),
                _schedule_rule(
                    "monthly", events.Schedule.cron(day="1", hour="7", minute="0"), self._retention.backup_monthly_days
                ),
            ],
        )

    def _add_role(self, tables: list[dynamodb.ITable], key: kms.Key) -> iam.Role:
        vault = iam.PolicyStatement(
            actions=["backup:DescribeBackupVault", "backup:CopyIntoBackupVault"],
            resources=[self.vault.backup_vault_arn],
        )
        service = iam.ServicePrincipal("backup.amazonaws.com")
        return add_role(self, service, [_allow_backup(tables), _allow_restore(tables), vault, *_allow_key(key)])


def name_restored_copy(table: dynamodb.ITable) -> str:
    """Return the ARN of the one table into which the role may restore a copy of `table`."""
    return f"{table.table_arn}-restored"


def _schedule_rule(name: str, schedule: events.Schedule, days: int) -> backup.BackupPlanRule:
    return backup.BackupPlanRule(
        rule_name=name,
        schedule_expression=schedule,
        delete_after=Duration.days(days),
        start_window=Duration.hours(1),
        completion_window=Duration.hours(8),
    )


def _allow_backup(tables: list[dynamodb.ITable]) -> iam.PolicyStatement:
    """Allow what AWSBackupServiceRolePolicyForBackup allows for DynamoDB's advanced backups, of these tables only."""
    return iam.PolicyStatement(
        actions=["dynamodb:StartAwsBackupJob", "dynamodb:DescribeTable", "dynamodb:ListTagsOfResource"],
        resources=[table.table_arn for table in tables],
    )


def _allow_restore(tables: list[dynamodb.ITable]) -> iam.PolicyStatement:
    """Allow what AWSBackupServiceRolePolicyForRestores allows, under one new name for each table.

    The role can thus write to none of the tables that the system uses.
    """
    return iam.PolicyStatement(
        actions=[f"dynamodb:{action}" for action in _RESTORING],
        resources=[name_restored_copy(table) for table in tables],
    )


def _allow_key(key: kms.Key) -> list[iam.PolicyStatement]:
    """Allow the key that encrypts tables and vault; the grant is for AWS's services and for nobody else."""
    return [
        iam.PolicyStatement(
            actions=[
                "kms:Decrypt",
                "kms:DescribeKey",
                "kms:Encrypt",
                "kms:GenerateDataKey",
                "kms:GenerateDataKeyWithoutPlaintext",
                "kms:ReEncryptFrom",
                "kms:ReEncryptTo",
            ],
            resources=[key.key_arn],
        ),
        iam.PolicyStatement(
            actions=["kms:CreateGrant"],
            resources=[key.key_arn],
            conditions={"Bool": {"kms:GrantIsForAWSResource": "true"}},
        ),
    ]
