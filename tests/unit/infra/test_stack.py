"""How the parts hang together: events, retries, limits, schedules, alarms, and the contract with the code."""

import json

import pytest

from infra.build.runtime import RUNTIME

SHARED = {"POWERTOOLS_SERVICE_NAME", "POWERTOOLS_METRICS_NAMESPACE", "POWERTOOLS_LOG_LEVEL", "SCALPER_TABLE"}
BUCKETS = {"SCALPER_INCOMING_BUCKET", "SCALPER_ACCEPTED_BUCKET", "SCALPER_QUARANTINE_BUCKET"}
QUEUES = {"SCALPER_QUEUE_URL", "SCALPER_DEAD_LETTER_QUEUE_URL"}
GATEWAY = {"SCALPER_API_ID", "SCALPER_AUTHORIZER_ID", "SCALPER_WEB_CLIENT_ID"}
ALERTS = {"SCALPER_ALERT_TOPIC_ARN", "SCALPER_EVENT_TOPIC_ARN", "SCALPER_PORTAL_ORIGIN"}
WEBHOOKS = {
    "SCALPER_EVENT_TOPIC_ARN",
    "SCALPER_WEBHOOK_DEAD_LETTER_QUEUE_URL",
    "SCALPER_WEBHOOK_DEAD_LETTER_QUEUE_ARN",
    "SCALPER_LOOPBACK_WEBHOOKS",
}
SETTINGS = {
    "JudgeFunction": SHARED | BUCKETS | {"SCALPER_QUEUE_URL", "SCALPER_SCAN_REQUIRED", "SCALPER_AUDIT_TABLE"},
    "ProjectorFunction": SHARED | ALERTS,
    "ExporterFunction": SHARED | {"SCALPER_ANALYTICS_BUCKET", "SCALPER_ANALYTICS_KEY_ARN"},
    "SweepFunction": SHARED | BUCKETS | QUEUES | ALERTS | GATEWAY | {"SCALPER_QUARANTINE_DAYS", "SCALPER_TIME_LIMIT_S"},
    "PortalFunction": SHARED
    | BUCKETS
    | QUEUES
    | GATEWAY
    | WEBHOOKS
    | {
        "SCALPER_AUDIT_TABLE",
        "SCALPER_PROJECTION_FAILURES_QUEUE_URL",
        "SCALPER_PROJECTION_REDRIVES_QUEUE_URL",
        "SCALPER_EXPORT_FAILURES_QUEUE_URL",
        "SCALPER_EXPORT_REDRIVES_QUEUE_URL",
        "SCALPER_ATHENA_WORKGROUP",
        "SCALPER_ANALYTICS_DATABASE",
        "SCALPER_ALERT_TOPIC_ARN",
        "SCALPER_MAILBOX_QUEUE_URL",
        "SCALPER_PORTAL_SECRET",
        "SCALPER_USER_POOL_ID",
        "SCALPER_SIGN_IN_URL",
        "SCALPER_PORTAL_ORIGIN",
    },
}


def mapping_of(template, function):
    return next(
        mapping
        for mapping in template.properties_of("AWS::Lambda::EventSourceMapping")
        if mapping["FunctionName"]["Ref"] == template.output(function)
    )


@pytest.mark.parametrize("function", SETTINGS)
def test_a_function_is_told_exactly_the_settings_it_validates(template, function, request):
    behind_an_edge = function == "PortalFunction" and template is request.getfixturevalue("prod")
    told = SETTINGS[function] | ({"SCALPER_ORIGIN_SECRET"} if behind_an_edge else set())
    assert set(template.named_by(function)["Environment"]["Variables"]) == told


@pytest.mark.parametrize("function", SETTINGS)
def test_a_function_runs_python_on_arm_is_traced_and_logs_to_its_own_group(template, function):
    properties = template.named_by(function)
    assert properties["Runtime"] == f"python{RUNTIME}"
    assert properties["Architectures"] == ["arm64"]
    assert properties["TracingConfig"] == {"Mode": "Active"}
    group = properties["LoggingConfig"]["LogGroup"]["Ref"]
    writes = {
        str(statement["Resource"]) for statement in template.statements_of(function) if "logs:" in statement["Action"]
    }
    assert all(group in resource for resource in writes)


def test_production_limits_how_many_run_at_once(prod):
    assert all(prod.named_by(function)["ReservedConcurrentExecutions"] > 0 for function in SETTINGS)


def test_every_object_that_is_created_is_announced_to_the_main_queue(template):
    (configuration,) = template.named_by("IncomingBucket")["NotificationConfiguration"]["QueueConfigurations"]
    assert configuration["Event"] == "s3:ObjectCreated:*"
    assert configuration["Queue"]["Fn::GetAtt"][0] == template.output("QueueUrl")


def test_the_bucket_waits_until_it_may_notify_the_queue(template):
    policies = {
        name
        for name, body in template.of_type("AWS::SQS::QueuePolicy").items()
        if {"Ref": template.output("QueueUrl")} in body["Properties"]["Queues"]
    }
    assert policies & set(template.resources[template.output("IncomingBucket")]["DependsOn"])


def test_no_function_but_ours_is_deployed(template):
    assert set(template.of_type("AWS::Lambda::Function")) == {template.output(function) for function in SETTINGS}


def test_a_message_stays_hidden_six_times_as_long_as_judging_may_take(template):
    queue, judge = template.named_by("QueueUrl"), template.named_by("JudgeFunction")
    assert queue["VisibilityTimeout"] >= 6 * judge["Timeout"]


def test_a_message_that_fails_five_times_becomes_a_dead_letter(template):
    redrive = template.named_by("QueueUrl")["RedrivePolicy"]
    assert redrive["maxReceiveCount"] == 5
    assert redrive["deadLetterTargetArn"]["Fn::GetAtt"][0] == template.output("DeadLetterQueueUrl")


def test_the_judge_takes_ten_messages_and_answers_which_failed(template):
    mapping = mapping_of(template, "JudgeFunction")
    assert mapping["BatchSize"] == 10
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["ScalingConfig"]["MaximumConcurrency"] >= 2


def test_the_projector_follows_files_only_and_a_change_that_it_cannot_take_is_kept(template):
    mapping = mapping_of(template, "ProjectorFunction")
    (criterion,) = mapping["FilterCriteria"]["Filters"]
    assert criterion["Pattern"] == '{"dynamodb":{"Keys":{"sk":{"S":[{"prefix":"FILE#"}]}}}}'
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["BisectBatchOnFunctionError"] is True
    assert mapping["MaximumRetryAttempts"] > 0
    kept = mapping["DestinationConfig"]["OnFailure"]["Destination"]["Fn::GetAtt"][0]
    assert template.sends_to("ProjectorFunction") == {kept}


def test_the_exporter_follows_verdicts_only_waits_for_many_and_keeps_what_it_cannot_take(template):
    mapping = mapping_of(template, "ExporterFunction")
    (criterion,) = mapping["FilterCriteria"]["Filters"]
    changed = json.loads(criterion["Pattern"])["dynamodb"]
    assert changed["Keys"] == {"sk": {"S": [{"prefix": "FILE#"}]}}
    assert changed["NewImage"] == {"state": {"S": ["accepted", "expired", "failed", "rejected"]}}
    assert mapping["BatchSize"] == 1000
    assert mapping["MaximumBatchingWindowInSeconds"] == 300
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["BisectBatchOnFunctionError"] is True
    assert mapping["MaximumRetryAttempts"] > 0
    kept = mapping["DestinationConfig"]["OnFailure"]["Destination"]["Fn::GetAtt"][0]
    assert template.sends_to("ExporterFunction") == {kept} == {template.output("ExportFailuresQueueUrl")}


def test_the_sweep_starts_every_five_minutes(template):
    (schedule,) = template.properties_of("AWS::Scheduler::Schedule")
    assert schedule["ScheduleExpression"] == "rate(5 minutes)"
    assert schedule["Target"]["Arn"]["Fn::GetAtt"][0] == template.output("SweepFunction")


def test_the_mailbox_gets_every_alert_with_its_attributes(template):
    (subscription,) = template.properties_of("AWS::SNS::Subscription")
    assert subscription["Protocol"] == "sqs"
    assert subscription["Endpoint"]["Fn::GetAtt"][0] == template.output("MailboxQueueUrl")
    assert not subscription.get("RawMessageDelivery")
    assert "FilterPolicy" not in subscription


def test_every_alarm_tells_the_alert_topic(template):
    for alarm in template.properties_of("AWS::CloudWatch::Alarm"):
        assert alarm["AlarmActions"] == [{"Ref": template.output("AlertTopicArn")}]


def test_dead_letters_a_backlog_and_errors_of_the_processor_raise_alarms(template):
    watched = {
        (alarm["MetricName"], str(dimension["Value"]))
        for alarm in template.properties_of("AWS::CloudWatch::Alarm")
        for dimension in alarm["Dimensions"]
    }

    def alarms_on(metric, output):
        return any(name == metric and template.output(output) in value for name, value in watched)

    assert alarms_on("ApproximateNumberOfMessagesVisible", "DeadLetterQueueUrl")
    assert alarms_on("ApproximateAgeOfOldestMessage", "QueueUrl")
    assert alarms_on("ApproximateNumberOfMessagesVisible", "ExportFailuresQueueUrl")
    assert all(alarms_on("Errors", f"{part}Function") for part in ("Judge", "Projector", "Sweep"))


def test_both_stages_are_made_of_the_same_parts(local, prod):
    def parts(template):
        """Return all but the backups, whose plan's selections the emulator does not know."""
        return {
            name: body["Type"] for name, body in template.resources.items() if not name.startswith("RecoveryBackup")
        }

    assert set(parts(prod).items()) >= set(parts(local).items())
    more = [(name, kind) for name, kind in parts(prod).items() if name not in parts(local)]
    at_the_edge = {"AWS::ApiGatewayV2::Authorizer", "AWS::Lambda::Permission"}  # For what only CloudFront may call.
    kinds = {kind for name, kind in more if "Backup" not in name}
    # Neither of these two is known to the emulator.
    unknown = {"AWS::Cognito::ManagedLoginBranding", "AWS::SecretsManager::RotationSchedule"}
    assert kinds == {*unknown, *at_the_edge}
