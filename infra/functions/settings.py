"""The environment of each function: the names of what it works on (`portal/settings.py`, `processor/settings.py`)."""

from dataclasses import dataclass

from infra.config import StageConfig
from infra.edge.origin_secret import secret_name
from infra.resources import Resources


@dataclass(frozen=True, slots=True)
class FunctionSettings:
    """Environment variables by function; each also has the table's name."""

    parts: Resources
    config: StageConfig

    def judge(self) -> dict[str, str]:
        return {
            **self._table(),
            **self._buckets(),
            "SCALPER_QUEUE_URL": self.parts.queueing.main.queue_url,
            "SCALPER_SCAN_REQUIRED": str(self.config.malware_protection).lower(),
        }

    def projector(self) -> dict[str, str]:
        return {**self._table(), **self._alerts()}

    def exporter(self) -> dict[str, str]:
        return {
            **self._table(),
            "SCALPER_ANALYTICS_BUCKET": self.parts.storage.logs.bucket_name,
            "SCALPER_ANALYTICS_KEY_ARN": self.parts.keys.data.key_arn,
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
        }
