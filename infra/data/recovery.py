"""What is kept for the day when something is lost: backups, and a way in beside the portal."""

from aws_cdk import RemovalPolicy
from constructs import Construct

from infra.config import StageConfig
from infra.data.audit_log import INDEXES as AUDIT_INDEXES
from infra.data.audit_log import AuditLog
from infra.data.backup import Backup
from infra.data.break_glass import BreakGlass
from infra.data.buckets import Storage
from infra.data.keys import Keys
from infra.data.records import INDEXES as RECORD_INDEXES
from infra.data.records import Records
from infra.data.tables import with_indexes
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
            tables=[*with_indexes(records.table, RECORD_INDEXES), *with_indexes(audit_log.table, AUDIT_INDEXES)],
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
