"""The core stack. Read it as a table of contents: one construct per concern, who may do what, what others may know."""

from dataclasses import dataclass
from pathlib import Path

from aws_cdk import CfnCondition, CfnOutput, CfnParameter, Environment, Fn, RemovalPolicy, Stack, Token
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs
from aws_cdk.aws_lambda import IFunction
from constructs import Construct

from infra.alarms import Alarms
from infra.alerts import Alerts
from infra.analytics import Analytics
from infra.api import Api
from infra.audit_log import AuditLog
from infra.config import FunctionConfig, StageConfig
from infra.dashboard import Dashboard
from infra.event_alerts import admit_events
from infra.functions import Function
from infra.grants import Grants
from infra.identity import Identity
from infra.keys import Keys
from infra.origin import HEADER, read_secret, secret_name
from infra.queueing import Queueing
from infra.records import Records
from infra.recovery import Recovery
from infra.scanning import Scanning
from infra.schedule import EveryFiveMinutes
from infra.storage import Storage
from infra.unscoped import Unscoped
from infra.watched import Watched
from infra.webhooks import Webhooks
from processor.export import EXPORTED


@dataclass(frozen=True, slots=True)
class Bundles:
    """The functions' code, each a ZIP archive."""

    processor: Path
    portal: Path


class SilentScalper(Stack):
    """From an object in the incoming bucket to a verdict, an alert and a page that shows them."""

    def __init__(self, scope: Construct, *, config: StageConfig, bundles: Bundles) -> None:
        super().__init__(
            scope,
            config.prefix,
            env=Environment(account=config.account, region=config.region),
            termination_protection=config.retain_data,
        )
        self._config, self._bundles = config, bundles
        self._removal = RemovalPolicy.RETAIN if config.retain_data else RemovalPolicy.DESTROY
        self._build_foundation()
        self._build_functions()
        self._connect()
        self._watch()
        self._publish_outputs()

    def _build_foundation(self) -> None:
        config, removal = self._config, self._removal
        self.api = Api(self, "Api")
        self.origin = self._portal_origin()
        self.keys = Keys(self, "Keys", removal_policy=removal)
        self.queueing = Queueing(
            self,
            "Queueing",
            key=self.keys.messages,
            judge_timeout_s=config.judge.timeout_s,
            projector_timeout_s=config.projector.timeout_s,
            exporter_timeout_s=config.exporter.timeout_s,
        )
        self.storage = Storage(
            self,
            "Storage",
            key=self.keys.data,
            removal_policy=removal,
            portal_origin=self.origin,
            retention=config.retention,
        )
        self.records = Records(
            self,
            "Records",
            key=self.keys.data,
            removal_policy=removal,
            protected=config.retain_data,
            restored=config.restored_table,
        )
        self.audit_log = AuditLog(
            self, "AuditLog", key=self.keys.data, removal_policy=removal, protected=config.retain_data
        )
        self.identity = Identity(self, "Identity", config=config, removal_policy=removal, portal_origin=self.origin)
        self.api.guard(pool=self.identity.pool, client=self.identity.web_client)
        self.alerts = Alerts(self, "Alerts", key=self.keys.messages, emails=config.alert_emails)
        self.webhooks = Webhooks(self, "Webhooks", key=self.keys.messages)
        self.analytics = Analytics(
            self,
            "Analytics",
            prefix=config.prefix,
            bucket=self.storage.logs,
            key=self.keys.data,
            kept_days=config.retention.logs_days,
        )
        self.recovery = Recovery(
            self,
            "Recovery",
            config=config,
            keys=self.keys,
            storage=self.storage,
            records=self.records,
            audit_log=self.audit_log,
            alerts=self.alerts,
            removal_policy=removal,
        )
        if config.audit or config.backup:
            admit_events(self, config, topic=self.alerts.topic, key=self.keys.messages)
        self.unscoped = Unscoped(self, "Unscoped")

    def _build_functions(self) -> None:
        grants = Grants(
            keys=self.keys,
            storage=self.storage,
            queueing=self.queueing,
            records=self.records,
            audit_log=self.audit_log,
            alerts=self.alerts,
            identity=self.identity,
            api=self.api,
            webhooks=self.webhooks,
            analytics=self.analytics,
        )
        config, processor = self._config, self._bundles.processor
        self.judge = self._function(
            "Judge",
            handler="processor.handler.handle",
            bundle=processor,
            config=config.judge,
            grants=grants.judge(),
            settings={
                **self._buckets(),
                "SCALPER_QUEUE_URL": self.queueing.main.queue_url,
                "SCALPER_SCAN_REQUIRED": str(config.malware_protection).lower(),
            },
        )
        self.projector = self._function(
            "Projector",
            handler="processor.project_handler.handle",
            bundle=processor,
            config=config.projector,
            grants=grants.projector(),
            settings=self._for_alerts(),
            dead_letters=self.alerts.mailbox,
        )
        self.exporter = self._function(
            "Exporter",
            handler="processor.export_handler.handle",
            bundle=processor,
            config=config.exporter,
            grants=grants.exporter(),
            settings=self._for_exporter(),
        )
        self.sweep = self._function(
            "Sweep",
            handler="processor.sweep_handler.handle",
            bundle=processor,
            config=config.sweep,
            grants=grants.sweep(),
            settings=self._for_sweep(),
        )
        self.portal = self._function(
            "Portal",
            handler="portal.handler.handle",
            bundle=self._bundles.portal,
            config=config.portal,
            grants=[*grants.portal(), *([read_secret(config)] if config.edge else [])],
            settings=self._for_portal(),
            dead_letters=self.webhooks.dead_letters,
        )

        grants.open_buckets(
            judge=self.judge.role, sweep=self.sweep.role, portal=self.portal.role, exporter=self.exporter.role
        )

    def _connect(self) -> None:
        self.scanning = self._announce_arrivals()
        self.judge.consume(self.queueing.main, maximum_concurrency=self._config.judge_maximum_concurrency)
        self.projector.follow(
            self.records.table, failures=self.queueing.projection_failures, gather_s=self._config.gather_changes_s
        )
        self.projector.consume(self.queueing.projection_redrives, maximum_concurrency=2, batch_size=1)
        # Few files are read at less cost than many: the exporter waits for up to five minutes, or for a full batch.
        self.exporter.follow(
            self.records.table,
            failures=self.queueing.export_failures,
            batch_size=1000,
            gather_s=300,
            states=sorted(EXPORTED),
        )
        self.exporter.consume(self.queueing.export_redrives, maximum_concurrency=2, batch_size=1)
        EveryFiveMinutes(self, "Sweeping", function=self.sweep.function)
        self.api.route(self.portal.function, edge_header=HEADER if self._config.edge else None)
        self.api.publish(config=self._config, log_key=self.keys.messages, removal_policy=self._removal)

    def _announce_arrivals(self) -> Scanning | None:
        """Have S3 tell the judge of what arrives; or, where malware is looked for, have the scan tell it."""
        if not self._config.malware_protection:
            self.storage.notify(self.queueing.main, after=self.queueing.main_policy)
            return None
        self.storage.publish()
        self.keys.admit("events")
        return Scanning(self, "Scanning", incoming=self.storage.incoming, key=self.keys.data, queueing=self.queueing)

    def _watch(self) -> None:
        watched = Watched(
            functions=self._functions(),
            # The exporter is not among them: what it gives up is a dead letter, and no file waits for it.
            processors=(self.judge.function, self.projector.function, self.sweep.function),
            main_queue=self.queueing.main,
            dead_letters=(
                self.queueing.dead_letters,
                self.queueing.projection_failures,
                self.queueing.export_failures,
                self.queueing.failed_invocations,
                self.webhooks.dead_letters,
            ),
            api_id=self.api.http.api_id,
            table=self.records.table,
        )
        Alarms(self, "Alarms", watched=watched, topic=self.alerts.topic, config=self._config)
        Dashboard(self, "Dashboard", watched=watched, config=self._config)

    def _functions(self) -> tuple[IFunction, ...]:
        parts = (self.judge, self.projector, self.exporter, self.sweep, self.portal)
        return tuple(part.function for part in parts)

    def _publish_outputs(self) -> None:
        for name, value in {
            "IncomingBucket": self.storage.incoming.bucket_name,
            "AcceptedBucket": self.storage.accepted.bucket_name,
            "QuarantineBucket": self.storage.quarantine.bucket_name,
            "LogsBucket": self.storage.logs.bucket_name,
            "Table": self.records.table.table_name,
            "AuditTable": self.audit_log.table.table_name,
            "QueueUrl": self.queueing.main.queue_url,
            "DeadLetterQueueUrl": self.queueing.dead_letters.queue_url,
            "ProjectionFailuresQueueUrl": self.queueing.projection_failures.queue_url,
            "ProjectionRedrivesQueueUrl": self.queueing.projection_redrives.queue_url,
            "ExportFailuresQueueUrl": self.queueing.export_failures.queue_url,
            "ExportRedrivesQueueUrl": self.queueing.export_redrives.queue_url,
            "AnalyticsDatabase": self.analytics.names.database,
            "AthenaWorkgroup": self.analytics.names.workgroup,
            "MailboxQueueUrl": self.alerts.mailbox.queue_url,
            "EventTopicArn": self.webhooks.topic.topic_arn,
            "WebhookDeadLetterQueueUrl": self.webhooks.dead_letters.queue_url,
            "AlertTopicArn": self.alerts.topic.topic_arn,
            "UserPoolId": self.identity.pool.user_pool_id,
            "WebClientId": self.identity.web_client.user_pool_client_id,
            "AuthorizerId": self.api.tokens.authorizer_id,
            "ApiUrl": self.api.endpoint,
            "SignInUrl": self.identity.sign_in_url,
            "PortalOrigin": self.origin,
            "JudgeFunction": self.judge.function.function_name,
            "ProjectorFunction": self.projector.function.function_name,
            "ExporterFunction": self.exporter.function.function_name,
            "SweepFunction": self.sweep.function.function_name,
            "PortalFunction": self.portal.function.function_name,
            "DataKeyId": self.keys.data.key_id,
            "MessagesKeyId": self.keys.messages.key_id,
            **self.recovery.names(),
        }.items():
            CfnOutput(self, f"{name}Output", value=value).override_logical_id(name)

    def _portal_origin(self) -> str:
        """Return the address that browsers use: a parameter, or the API's own where it is left empty.

        An edge without a domain of its own has a name only once it is deployed: `make deploy` then gives it.
        """
        edge = self._config.edge
        origin = CfnParameter(
            self,
            "PortalOriginParameter",
            default=f"https://{edge.domain}" if edge and edge.domain else "",
            allowed_pattern=r"^(https?://[^/]+)?$",
            description="scheme://host[:port] under which browsers reach the portal; empty for the API's own address",
        )
        origin.override_logical_id("PortalOriginParameter")
        given = CfnCondition(
            self, "HasPortalOrigin", expression=Fn.condition_not(Fn.condition_equals(origin.value_as_string, ""))
        )
        return Token.as_string(Fn.condition_if(given.logical_id, origin.value_as_string, self.api.endpoint))

    def _function(
        self,
        name: str,
        *,
        handler: str,
        bundle: Path,
        config: FunctionConfig,
        grants: list[iam.PolicyStatement],
        settings: dict[str, str],
        dead_letters: sqs.IQueue | None = None,
    ) -> Function:
        return Function(
            self,
            name,
            bundle=bundle,
            handler=handler,
            config=config,
            environment={"SCALPER_TABLE": self.records.table.table_name, **settings},
            grants=grants,
            unscoped=self.unscoped,
            dead_letters=dead_letters or self.queueing.failed_invocations,
            log_key=self.keys.messages,
            log_days=self._config.retention.logs_days,
            removal_policy=self._removal,
        )

    def _buckets(self) -> dict[str, str]:
        return {
            "SCALPER_INCOMING_BUCKET": self.storage.incoming.bucket_name,
            "SCALPER_ACCEPTED_BUCKET": self.storage.accepted.bucket_name,
            "SCALPER_QUARANTINE_BUCKET": self.storage.quarantine.bucket_name,
        }

    def _queues(self) -> dict[str, str]:
        return {
            "SCALPER_QUEUE_URL": self.queueing.main.queue_url,
            "SCALPER_DEAD_LETTER_QUEUE_URL": self.queueing.dead_letters.queue_url,
        }

    def _for_sweep(self) -> dict[str, str]:
        return {
            **self._buckets(),
            "SCALPER_QUARANTINE_DAYS": str(self._config.retention.quarantine_days),
            "SCALPER_TIME_LIMIT_S": str(self._config.alarms.oldest_message_s),
            **self._for_alerts(),
            **self._queues(),
            **self._gateway(),
        }

    def _for_exporter(self) -> dict[str, str]:
        return {
            "SCALPER_ANALYTICS_BUCKET": self.storage.logs.bucket_name,
            "SCALPER_ANALYTICS_KEY_ARN": self.keys.data.key_arn,
        }

    def _gateway(self) -> dict[str, str]:
        return {
            "SCALPER_API_ID": self.api.http.api_id,
            "SCALPER_AUTHORIZER_ID": self.api.tokens.authorizer_id,
            "SCALPER_WEB_CLIENT_ID": self.identity.web_client.user_pool_client_id,
        }

    def _for_alerts(self) -> dict[str, str]:
        return {
            "SCALPER_ALERT_TOPIC_ARN": self.alerts.topic.topic_arn,
            "SCALPER_EVENT_TOPIC_ARN": self.webhooks.topic.topic_arn,
            "SCALPER_PORTAL_ORIGIN": self.origin,
        }

    def _for_portal(self) -> dict[str, str]:
        return {
            **self._buckets(),
            **self._queues(),
            "SCALPER_PROJECTION_FAILURES_QUEUE_URL": self.queueing.projection_failures.queue_url,
            "SCALPER_PROJECTION_REDRIVES_QUEUE_URL": self.queueing.projection_redrives.queue_url,
            "SCALPER_EXPORT_FAILURES_QUEUE_URL": self.queueing.export_failures.queue_url,
            "SCALPER_EXPORT_REDRIVES_QUEUE_URL": self.queueing.export_redrives.queue_url,
            "SCALPER_ATHENA_WORKGROUP": self.analytics.names.workgroup,
            "SCALPER_ANALYTICS_DATABASE": self.analytics.names.database,
            "SCALPER_AUDIT_TABLE": self.audit_log.table.table_name,
            "SCALPER_ALERT_TOPIC_ARN": self.alerts.topic.topic_arn,
            "SCALPER_EVENT_TOPIC_ARN": self.webhooks.topic.topic_arn,
            "SCALPER_WEBHOOK_DEAD_LETTER_QUEUE_URL": self.webhooks.dead_letters.queue_url,
            "SCALPER_WEBHOOK_DEAD_LETTER_QUEUE_ARN": self.webhooks.dead_letters.queue_arn,
            "SCALPER_LOOPBACK_WEBHOOKS": str(self._config.loopback_webhooks).lower(),
            "SCALPER_MAILBOX_QUEUE_URL": self.alerts.mailbox.queue_url,
            "SCALPER_USER_POOL_ID": self.identity.pool.user_pool_id,
            **self._gateway(),
            "SCALPER_SIGN_IN_URL": self.identity.sign_in_url,
            "SCALPER_PORTAL_ORIGIN": self.origin,
            **({"SCALPER_ORIGIN_SECRET": secret_name(self._config)} if self._config.edge else {}),
        }
