"""The Lambda functions: Python 3.13 on arm64, each with its own role, policy and log group."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.config import FunctionConfig


class Function(Construct):
    """One function. `grants` is all that its role may do, but for writing its own logs and traces."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        bundle: Path,
        handler: str,
        config: FunctionConfig,
        environment: Mapping[str, str],
        grants: Sequence[iam.PolicyStatement],
        log_key: kms.IKey,
        log_days: int,
        removal_policy: RemovalPolicy,
    ) -> None:
        super().__init__(scope, construct_id)
        self.log_group = logs.LogGroup(
            self,
            "Logs",
            encryption_key=log_key,
            retention=RETENTIONS[log_days],
            removal_policy=removal_policy,
        )
        self.function = lambda_.Function(
            self,
            "Function",
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=lambda_.Architecture.ARM_64,
            code=lambda_.Code.from_asset(str(bundle)),
            handler=handler,
            memory_size=config.memory_mib,
            timeout=Duration.seconds(config.timeout_s),
            reserved_concurrent_executions=config.reserved_concurrency,
            environment=_environment(construct_id, environment),
            role=self._role(grants).without_policy_updates(),
            log_group=self.log_group,
            tracing=lambda_.Tracing.ACTIVE,
        )

    def consume(self, queue: sqs.IQueue, *, maximum_concurrency: int, batch_size: int = 10) -> None:
        """Feed the function from a queue, some messages at a time; it answers which of them failed."""
        lambda_.EventSourceMapping(
            self,
            "Messages",
            target=self.function,
            event_source_arn=queue.queue_arn,
            batch_size=batch_size,
            max_concurrency=maximum_concurrency,
            report_batch_item_failures=True,
        )

    def follow(self, table: dynamodb.Table, *, failures: sqs.IQueue, gather_s: int) -> None:
        """Feed the function from a table's stream: changes of files only, split on error, given up after ten tries.

        Changes are gathered for up to `gather_s` seconds: what a batch writes is much the same for one and a hundred.
        """
        lambda_.EventSourceMapping(
            self,
            "Changes",
            target=self.function,
            event_source_arn=table.table_stream_arn,
            starting_position=lambda_.StartingPosition.TRIM_HORIZON,
            batch_size=100,
            max_batching_window=Duration.seconds(gather_s) if gather_s else None,
            bisect_batch_on_error=True,
            report_batch_item_failures=True,
            retry_attempts=10,
            on_failure=sources.SqsDlq(failures),
            filters=[_FILES_ONLY],
        )

    def _role(self, grants: Sequence[iam.PolicyStatement]) -> iam.Role:
        # The policy hangs on the role and the function on the role, so no event arrives before it may be handled.
        policy = iam.ManagedPolicy(self, "Policy", statements=[*grants, _write(self.log_group), _trace()])
        return iam.Role(
            self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"), managed_policies=[policy]
        )


RETENTIONS = {7: logs.RetentionDays.ONE_WEEK, 400: logs.RetentionDays.THIRTEEN_MONTHS}
"""The retentions that stages may ask for, by days."""

_FILES_ONLY = lambda_.FilterCriteria.filter(
    {"dynamodb": {"Keys": {"sk": {"S": lambda_.FilterRule.begins_with("FILE#")}}}}
)


def _environment(service: str, settings: Mapping[str, str]) -> dict[str, str]:
    return {
        "POWERTOOLS_SERVICE_NAME": service.lower(),
        "POWERTOOLS_METRICS_NAMESPACE": "SilentScalper",
        "POWERTOOLS_LOG_LEVEL": "INFO",
        **settings,
    }


def _write(log_group: logs.ILogGroup) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        actions=["logs:CreateLogStream", "logs:PutLogEvents"], resources=[f"{log_group.log_group_arn}:*"]
    )


def _trace() -> iam.PolicyStatement:
    # X-Ray knows no resources for these two actions (Service Authorization Reference, "AWS X-Ray").
    return iam.PolicyStatement(actions=["xray:PutTraceSegments", "xray:PutTelemetryRecords"], resources=["*"])
