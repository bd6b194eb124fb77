"""The audit stack: who did what to the account and to patients' data, where nobody can take it away again."""

from aws_cdk import CfnOutput, Environment, RemovalPolicy, Stack
from constructs import Construct

from infra.audit_bucket import AuditBucket
from infra.config import StageConfig
from infra.edge_logs import EdgeLogs
from infra.stack import SilentScalper
from infra.tampering import add_tamper_alerts
from infra.trail import Trail


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
            termination_protection=config.retain_data,
        )
        removal = RemovalPolicy.RETAIN if config.retain_data else RemovalPolicy.DESTROY
        name = f"{config.prefix}-audit"
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
            buckets=[core.parts.storage.incoming, core.parts.storage.accepted, core.parts.storage.quarantine],
            tables_of=core.stack_name,
            log_days=config.retention.logs_days,
            removal_policy=removal,
        )
        add_tamper_alerts(self, config, topic=core.parts.alerts.topic, break_glass=core.parts.recovery.break_glass.role)
        if distribution_arn and config.region == EdgeLogs.REGION:
            EdgeLogs(
                self, "EdgeLogs", prefix=config.prefix, distribution_arn=distribution_arn, logs=core.parts.storage.logs
            )
        self._publish_outputs()

    def _publish_outputs(self) -> None:
        for name, value in {
            "AuditBucket": self.archive.bucket.bucket_name,
            "TrailArn": self.trail.trail.attr_arn,
            "TrailLogGroup": self.trail.log_group.log_group_name,
        }.items():
            CfnOutput(self, f"{name}Output", value=value).override_logical_id(name)
