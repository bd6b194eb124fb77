"""What others may know of the stack: the names by which they reach it."""

from infra.foundation import Foundation


def exported(parts: Foundation) -> dict[str, str]:
    """Return the stack's outputs but for the functions' names."""
    return {
        "IncomingBucket": parts.storage.incoming.bucket_name,
        "AcceptedBucket": parts.storage.accepted.bucket_name,
        "QuarantineBucket": parts.storage.quarantine.bucket_name,
        "LogsBucket": parts.storage.logs.bucket_name,
        "Table": parts.records.table.table_name,
        "AuditTable": parts.audit_log.table.table_name,
        "QueueUrl": parts.queueing.main.queue_url,
        "DeadLetterQueueUrl": parts.queueing.dead_letters.queue_url,
        "ProjectionFailuresQueueUrl": parts.queueing.projection_failures.queue_url,
        "ProjectionRedrivesQueueUrl": parts.queueing.projection_redrives.queue_url,
        "ExportFailuresQueueUrl": parts.queueing.export_failures.queue_url,
        "ExportRedrivesQueueUrl": parts.queueing.export_redrives.queue_url,
        "AnalyticsDatabase": parts.analytics.names.database,
        "AthenaWorkgroup": parts.analytics.names.workgroup,
        "MailboxQueueUrl": parts.alerts.mailbox.queue_url,
        "EventTopicArn": parts.webhooks.topic.topic_arn,
        "WebhookDeadLetterQueueUrl": parts.webhooks.dead_letters.queue_url,
        "AlertTopicArn": parts.alerts.topic.topic_arn,
        "UserPoolId": parts.identity.pool.user_pool_id,
        "WebClientId": parts.identity.web_client.user_pool_client_id,
        "AuthorizerId": parts.api.tokens.authorizer_id,
        "ApiUrl": parts.api.endpoint,
        "SignInUrl": parts.identity.sign_in_url,
        "PortalOrigin": parts.origin,
        "DataKeyId": parts.keys.data.key_id,
        "MessagesKeyId": parts.keys.messages.key_id,
        **parts.recovery.names(),
    }
