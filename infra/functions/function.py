"""The Lambda functions: `infra.build.runtime.RUNTIME` on arm64, each with its own role, policy and log group."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.build.runtime import RUNTIME
from infra.config import FunctionConfig, StageConfig
from infra.edge.origin_secret import secret_name
from infra.functions.unscoped import Unscoped
from infra.iam import add_role, allow, allow_logging
from infra.observability.logs import add_log_group
from infra.resources import Resources

RECORD_AGE = Duration.hours(6)
"""How old a change may become that fails again and again, before it is a letter and those behind it go on: people have
that long to mend the cause, and then 18 hours to redrive the letter, for the stream keeps 24 (docs/adr/0064)."""


class Function(Construct):
    """One function. `grants` is what its role may do, and `apart` what it may besides, a policy for each purpose.

    Nothing else but writing its own logs, and what `unscoped` and buckets say.

    `dead_letters` gets what an asynchronous invocation could not do after Lambda's retries.
    """

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
        apart: Mapping[str, Sequence[iam.PolicyStatement]],
        unscoped: Unscoped,
        dead_letters: sqs.IQueue,
        log_key: kms.IKey,
        log_days: int,
        traced: bool,
        removal_policy: RemovalPolicy,
    ) -> None:
        super().__init__(scope, construct_id)
        self.log_group = add_log_group(self, "Logs", key=log_key, days=log_days, removal_policy=removal_policy)
        may = [*grants, allow_logging(self.log_group), allow(["sqs:SendMessage"], dead_letters.queue_arn)]
        more = [
            iam.ManagedPolicy(self, f"{purpose}Policy", statements=list(statements))
            for purpose, statements in apart.items()
        ]
        self.role = add_role(self, iam.ServicePrincipal("lambda.amazonaws.com"), may, unscoped.policy, *more)
        unscoped.admit(self.role, construct_id)
        self.function = lambda_.Function(
            self,
            "Function",
            runtime=lambda_.Runtime(f"python{RUNTIME}", lambda_.RuntimeFamily.PYTHON),
            architecture=lambda_.Architecture.ARM_64,
            code=lambda_.Code.from_asset(str(bundle)),
            handler=handler,
            memory_size=config.memory_mib,
            timeout=Duration.seconds(config.timeout_s),
            reserved_concurrent_executions=config.reserved_concurrency,
            environment={
                "POWERTOOLS_SERVICE_NAME": construct_id.lower(),
                "POWERTOOLS_LOG_LEVEL": "INFO",
                **environment,
            },
            environment_encryption=log_key,
            dead_letter_queue=dead_letters,
            role=self.role.without_policy_updates(),
            log_group=self.log_group,
            # Passed through, a trace is one that somebody before us began; without leave to record it, nobody can make
            # us pay for theirs.
            tracing=lambda_.Tracing.ACTIVE if traced else lambda_.Tracing.PASS_THROUGH,
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

    def follow(
        self,
        table: dynamodb.ITable,
        *,
        failures: sqs.IQueue,
        batch_size: int = 100,
        gather_s: int = 0,
        states: Sequence[str] = (),
    ) -> None:
        """Feed the function from a table's stream: changes of files only, split on error, tried for six hours.

        With `states`, only of those that are in one of them then. Changes are gathered for up to `gather_s` seconds:
        what a batch writes is much the same for one and a hundred.
        """
        changed: dict[str, object] = {"Keys": {"sk": {"S": lambda_.FilterRule.begins_with("FILE#")}}}
        if states:
            changed["NewImage"] = {"state": {"S": list(states)}}
        lambda_.EventSourceMapping(
            self,
            "Changes",
            target=self.function,
            event_source_arn=table.table_stream_arn,
            starting_position=lambda_.StartingPosition.TRIM_HORIZON,
            batch_size=batch_size,
            max_batching_window=Duration.seconds(gather_s) if gather_s else None,
            bisect_batch_on_error=True,
            report_batch_item_failures=True,
            retry_attempts=-1,
            max_record_age=RECORD_AGE,
            on_failure=sources.SqsDlq(failures),
            filters=[lambda_.FilterCriteria.filter({"dynamodb": changed})],
        )


@dataclass(frozen=True, slots=True)
class FunctionSettings:
    """Environment variables by function; each also has the table's name."""

    parts: Resources
    config: StageConfig

    def judge(self) -> dict[str, str]:
        return {
            **self._table(),
            **self._buckets(),
            **self._renditions(),
            "SCALPER_QUEUE_URL": self.parts.queueing.main.queue_url,
            "SCALPER_AUDIT_TABLE": self.parts.audit_log.table.table_name,
            "SCALPER_SCAN_REQUIRED": str(self.config.malware_protection).lower(),
        }

    def projector(self) -> dict[str, str]:
        return {
            **self._table(),
            **self._alerts(),
            "SCALPER_REDRIVES_QUEUE_URL": self.parts.queueing.projection_redrives.queue_url,
            "SCALPER_RENDITIONS_QUEUE_URL": self.parts.queueing.renditions.queue_url,
        }

    def renderer(self) -> dict[str, str]:
        return {**self._renditions(), "SCALPER_RENDITIONS_QUEUE_URL": self.parts.queueing.renditions.queue_url}

    def rebuild(self) -> dict[str, str]:
        return {**self._table(), **self._alerts()}

    def exporter(self) -> dict[str, str]:
        return {
            **self._table(),
            "SCALPER_ANALYTICS_BUCKET": self.parts.storage.logs.bucket_name,
            "SCALPER_ANALYTICS_KEY_ARN": self.parts.keys.data.key_arn,
            "SCALPER_REDRIVES_QUEUE_URL": self.parts.queueing.export_redrives.queue_url,
        }

    def sweep(self) -> dict[str, str]:
        return {
            **self._table(),
            **self._buckets(),
            "SCALPER_QUARANTINE_DAYS": str(self.config.retention.quarantine_days),
            "SCALPER_TIME_LIMIT_S": str(self.config.alarms.oldest_message_s),
            **self._alerts(),
            **self._queues(),
            **self._gateway(),
        }

    def portal(self) -> dict[str, str]:
        return {
            **self._table(),
            **self._buckets(),
            **self._renditions(),
            **self._queues(),
            "SCALPER_PROJECTION_FAILURES_QUEUE_URL": self.parts.queueing.projection_failures.queue_url,
            "SCALPER_PROJECTION_REDRIVES_QUEUE_URL": self.parts.queueing.projection_redrives.queue_url,
            "SCALPER_EXPORT_FAILURES_QUEUE_URL": self.parts.queueing.export_failures.queue_url,
            "SCALPER_EXPORT_REDRIVES_QUEUE_URL": self.parts.queueing.export_redrives.queue_url,
            "SCALPER_ATHENA_WORKGROUP": self.parts.analytics.names.workgroup,
            "SCALPER_ANALYTICS_DATABASE": self.parts.analytics.names.database,
            "SCALPER_AUDIT_TABLE": self.parts.audit_log.table.table_name,
            "SCALPER_ALERT_TOPIC_ARN": self.parts.alerts.topic.topic_arn,
            "SCALPER_EVENT_TOPIC_ARN": self.parts.webhooks.topic.topic_arn,
            "SCALPER_WEBHOOK_DEAD_LETTER_QUEUE_URL": self.parts.webhooks.dead_letters.queue_url,
            "SCALPER_WEBHOOK_DEAD_LETTER_QUEUE_ARN": self.parts.webhooks.dead_letters.queue_arn,
            "SCALPER_BROWSER_ORIGINS": " ".join(self.config.browser_origins),
            "SCALPER_LOOPBACK_WEBHOOKS": str(self.config.loopback_webhooks).lower(),
            "SCALPER_MAILBOX_QUEUE_URL": self.parts.alerts.mailbox.queue_url,
            "SCALPER_USER_POOL_ID": self.parts.identity.pool.user_pool_id,
            **self._gateway(),
            "SCALPER_SIGN_IN_URL": self.parts.identity.sign_in_url,
            "SCALPER_PORTAL_ORIGIN": self.parts.origin,
            "SCALPER_PORTAL_SECRET": self.parts.portal_secret.arn,
            **({"SCALPER_ORIGIN_SECRET": secret_name(self.config)} if self.config.edge else {}),
        }

    def _table(self) -> dict[str, str]:
        return {"SCALPER_TABLE": self.parts.records.table.table_name}

    def _buckets(self) -> dict[str, str]:
        return {
            "SCALPER_INCOMING_BUCKET": self.parts.storage.incoming.bucket_name,
            "SCALPER_ACCEPTED_BUCKET": self.parts.storage.accepted.bucket_name,
            "SCALPER_QUARANTINE_BUCKET": self.parts.storage.quarantine.bucket_name,
        }

    def _renditions(self) -> dict[str, str]:
        return {"SCALPER_RENDITIONS_BUCKET": self.parts.storage.renditions.bucket_name}

    def _queues(self) -> dict[str, str]:
        return {
            "SCALPER_QUEUE_URL": self.parts.queueing.main.queue_url,
            "SCALPER_DEAD_LETTER_QUEUE_URL": self.parts.queueing.dead_letters.queue_url,
        }

    def _alerts(self) -> dict[str, str]:
        return {
            "SCALPER_ALERT_TOPIC_ARN": self.parts.alerts.topic.topic_arn,
            "SCALPER_EVENT_TOPIC_ARN": self.parts.webhooks.topic.topic_arn,
            "SCALPER_PORTAL_ORIGIN": self.parts.origin,
        }

    def _gateway(self) -> dict[str, str]:
        return {
            "SCALPER_API_ID": self.parts.api.http.api_id,
            "SCALPER_AUTHORIZER_ID": self.parts.api.tokens.authorizer_id,
            "SCALPER_WEB_CLIENT_ID": self.parts.identity.web_client.user_pool_client_id,
            "SCALPER_CLI_CLIENT_ID": self.parts.identity.cli_client.user_pool_client_id,
        }
