"""What the functions work on: where files, records, messages and people are kept, and how each is reached."""

from aws_cdk import CfnCondition, CfnParameter, Fn, RemovalPolicy, Stack, Token
from aws_cdk import aws_sns as sns

from infra.config import StageConfig
from infra.data.analytics import Analytics
from infra.data.buckets import Storage
from infra.data.keys import Keys, PortalSecret
from infra.data.recovery import Recovery
from infra.data.tables import AuditLog, Records
from infra.edge.access import Api, Identity
from infra.messaging import Alerts, Queueing, Webhooks, admit_events
from infra.retention import Protection


class Resources:
    """The stack's parts without its functions, each a construct of the stack itself."""

    def __init__(self, stack: Stack, config: StageConfig, removal: RemovalPolicy) -> None:
        protection = Protection(stack) if config.retain_data else None
        self.api = Api(stack, "Api")
        self.origin = _choose_portal_origin(stack, config, self.api)
        self.keys = Keys(stack, "Keys", removal_policy=removal)
        self.queueing = Queueing(stack, "Queueing", key=self.keys.messages, config=config)
        self.storage = Storage(
            stack,
            "Storage",
            key=self.keys.data,
            removal_policy=removal,
            portal_origin=self.origin,
            opens_to_websites=bool(config.browser_origins),
            retention=config.retention,
        )
        self.records = Records(
            stack,
            "Records",
            key=self.keys.data,
            removal_policy=removal,
            protection=protection,
            restored=config.restored_table,
        )
        self.audit_log = AuditLog(stack, "AuditLog", key=self.keys.data, removal_policy=removal, protection=protection)
        self.identity = Identity(stack, "Identity", config=config, removal_policy=removal, portal_origin=self.origin)
        if protection:
            protection.switch(self.identity.pool, "DeletionProtection", "ACTIVE", "INACTIVE")
        self.api.guard(pool=self.identity.pool, clients=[self.identity.web_client, self.identity.cli_client])
        self.portal_secret = PortalSecret(stack, "PortalSecret", key=self.keys.data)
        self.webhooks = Webhooks(stack, "Webhooks", key=self.keys.messages, config=config)
        self.alerts = Alerts(
            stack,
            "Alerts",
            key=self.keys.messages,
            undelivered=self.webhooks.dead_letters,
            failed=self.queueing.failed_invocations,
            emails=config.alert_emails,
        )
        if config.retain_data and not config.alert_emails:
            _ask_for_listener(stack, self.alerts)
        self.analytics = Analytics(
            stack,
            "Analytics",
            prefix=config.prefix,
            bucket=self.storage.logs,
            key=self.keys.data,
            kept_days=config.retention.logs_days,
        )
        self.recovery = Recovery(
            stack,
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
            admit_events(stack, config, alerts=self.alerts)
            self.keys.admit_unconditionally("events")


def _choose_portal_origin(stack: Stack, config: StageConfig, api: Api) -> str:
    """Return the address that browsers use: a parameter, or the API's own where it is left empty.

    An edge without a domain of its own has a name only once it is deployed: `make deploy` then gives it.
    """
    edge = config.edge
    origin = CfnParameter(
        stack,
        "PortalOriginParameter",
        default=f"https://{edge.domain}" if edge and edge.domain else "",
        allowed_pattern=r"^(https?://[^/]+)?$",
        description="scheme://host[:port] under which browsers reach the portal; empty for the API's own address",
    )
    origin.override_logical_id("PortalOriginParameter")
    given = CfnCondition(
        stack, "HasPortalOrigin", expression=Fn.condition_not(Fn.condition_equals(origin.value_as_string, ""))
    )
    return Token.as_string(Fn.condition_if(given.logical_id, origin.value_as_string, api.endpoint))


def _ask_for_listener(stack: Stack, alerts: Alerts) -> None:
    """Have whoever deploys say who is told: without, CloudFormation takes no template that keeps data, by whatever way.

    A stage that names its `alert_emails` asks nobody.
    """
    address = CfnParameter(
        stack,
        "AlertEmail",
        allowed_pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$",
        description="Who gets every alert and alarm by e-mail; the stage's file names nobody (alert_emails)",
    )
    alerts.tell("Listener", sns.SubscriptionProtocol.EMAIL, address.value_as_string)


def list_outputs(parts: Resources) -> dict[str, str]:
    """Return the stack's outputs but for the functions' names."""
    return {
        "IncomingBucket": parts.storage.incoming.bucket_name,
        "AcceptedBucket": parts.storage.accepted.bucket_name,
        "QuarantineBucket": parts.storage.quarantine.bucket_name,
        "RenditionsBucket": parts.storage.renditions.bucket_name,
        "LogsBucket": parts.storage.logs.bucket_name,
        "Table": parts.records.table.table_name,
        "AuditTable": parts.audit_log.table.table_name,
        "QueueUrl": parts.queueing.main.queue_url,
        "DeadLetterQueueUrl": parts.queueing.dead_letters.queue_url,
        "FailedInvocationsQueueUrl": parts.queueing.failed_invocations.queue_url,
        "ProjectionFailuresQueueUrl": parts.queueing.projection_failures.queue_url,
        "ProjectionRedrivesQueueUrl": parts.queueing.projection_redrives.queue_url,
        "ExportFailuresQueueUrl": parts.queueing.export_failures.queue_url,
        "ExportRedrivesQueueUrl": parts.queueing.export_redrives.queue_url,
        "RenditionsQueueUrl": parts.queueing.renditions.queue_url,
        "AnalyticsDatabase": parts.analytics.names.database,
        "AthenaWorkgroup": parts.analytics.names.workgroup,
        "MailboxQueueUrl": parts.alerts.mailbox.queue_url,
        "EventTopicArn": parts.webhooks.topic.topic_arn,
        "WebhookDeadLetterQueueUrl": parts.webhooks.dead_letters.queue_url,
        "AlertTopicArn": parts.alerts.topic.topic_arn,
        "UserPoolId": parts.identity.pool.user_pool_id,
        "WebClientId": parts.identity.web_client.user_pool_client_id,
        "CliClientId": parts.identity.cli_client.user_pool_client_id,
        "AuthorizerId": parts.api.tokens.authorizer_id,
        "ApiUrl": parts.api.endpoint,
        "SignInUrl": parts.identity.sign_in_url,
        "PortalOrigin": parts.origin,
        "DataKeyId": parts.keys.data.key_id,
        "MessagesKeyId": parts.keys.messages.key_id,
        **parts.recovery.names(),
    }
