"""How the parts hang together: events, retries, limits, schedules, alarms, and the contract with the code."""

import json
from dataclasses import replace

import pytest

from infra.build.runtime import RUNTIME
from infra.stages import PROD
from intake.files.states import State
from tests.unit.infra.conftest import template_of

SHARED = {"POWERTOOLS_SERVICE_NAME", "POWERTOOLS_METRICS_NAMESPACE", "POWERTOOLS_LOG_LEVEL", "SCALPER_TABLE"}
BUCKETS = {"SCALPER_INCOMING_BUCKET", "SCALPER_ACCEPTED_BUCKET", "SCALPER_QUARANTINE_BUCKET"}
QUEUES = {"SCALPER_QUEUE_URL", "SCALPER_DEAD_LETTER_QUEUE_URL"}
GATEWAY = {"SCALPER_API_ID", "SCALPER_AUTHORIZER_ID", "SCALPER_WEB_CLIENT_ID", "SCALPER_CLI_CLIENT_ID"}
ALERTS = {"SCALPER_ALERT_TOPIC_ARN", "SCALPER_EVENT_TOPIC_ARN", "SCALPER_PORTAL_ORIGIN"}
WEBHOOKS = {
    "SCALPER_EVENT_TOPIC_ARN",
    "SCALPER_WEBHOOK_DEAD_LETTER_QUEUE_URL",
    "SCALPER_WEBHOOK_DEAD_LETTER_QUEUE_ARN",
    "SCALPER_BROWSER_ORIGINS",
    "SCALPER_LOOPBACK_WEBHOOKS",
}
SETTINGS = {
    "JudgeFunction": SHARED
    | BUCKETS
    | {"SCALPER_QUEUE_URL", "SCALPER_SCAN_REQUIRED", "SCALPER_AUDIT_TABLE", "SCALPER_RENDITIONS_BUCKET"},
    "ProjectorFunction": SHARED | ALERTS | {"SCALPER_REDRIVES_QUEUE_URL", "SCALPER_RENDITIONS_QUEUE_URL"},
    "ExporterFunction": SHARED
    | {"SCALPER_ANALYTICS_BUCKET", "SCALPER_ANALYTICS_KEY_ARN", "SCALPER_REDRIVES_QUEUE_URL"},
    "SweepFunction": SHARED
    | BUCKETS
    | QUEUES
    | ALERTS
    | GATEWAY
    | {"SCALPER_QUARANTINE_DAYS", "SCALPER_TIME_LIMIT_S", "SCALPER_REBUILD_FUNCTION"},
    "RebuildFunction": SHARED | ALERTS,
    # No table: it knows of a file what it is told.
    "RendererFunction": (SHARED - {"SCALPER_TABLE"}) | {"SCALPER_RENDITIONS_BUCKET", "SCALPER_RENDITIONS_QUEUE_URL"},
    "PortalFunction": SHARED
    | BUCKETS
    | QUEUES
    | GATEWAY
    | WEBHOOKS
    | {
        "SCALPER_REBUILD_FUNCTION",
        "SCALPER_RENDERER_FUNCTION",
        "SCALPER_RENDITIONS_BUCKET",
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
def test_a_function_runs_python_on_arm_and_logs_to_its_own_group(template, function):
    properties = template.named_by(function)
    assert properties["Runtime"] == f"python{RUNTIME}"
    assert properties["Architectures"] == ["arm64"]
    group = properties["LoggingConfig"]["LogGroup"]["Ref"]
    writes = {
        str(statement["Resource"]) for statement in template.statements_of(function) if "logs:" in statement["Action"]
    }
    assert all(group in resource for resource in writes)


def test_production_limits_how_many_run_at_once(prod):
    assert all(prod.named_by(function)["ReservedConcurrentExecutions"] > 0 for function in SETTINGS)


def test_a_stage_of_a_small_account_reserves_nothing_and_judges_as_many_batches_as_it_says(tmp_path):
    small = template_of(replace(PROD, reserve_concurrency=False, judge_maximum_concurrency=2), tmp_path)
    assert not [name for name in SETTINGS if "ReservedConcurrentExecutions" in small.named_by(name)]
    assert mapping_of(small, "JudgeFunction")["ScalingConfig"]["MaximumConcurrency"] == 2


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


def test_a_message_that_is_given_up_becomes_a_dead_letter(template):
    redrive = template.named_by("QueueUrl")["RedrivePolicy"]
    assert redrive["deadLetterTargetArn"]["Fn::GetAtt"][0] == template.output("DeadLetterQueueUrl")


def test_the_judge_takes_ten_messages_and_answers_which_failed(template):
    mapping = mapping_of(template, "JudgeFunction")
    assert mapping["BatchSize"] == 10
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["ScalingConfig"]["MaximumConcurrency"] >= 2


def test_the_projector_follows_files_that_wait_no_longer_and_a_change_that_it_cannot_take_is_kept(template):
    mapping = mapping_of(template, "ProjectorFunction")
    (criterion,) = mapping["FilterCriteria"]["Filters"]
    states = sorted({*State} - {State.AWAITING_UPLOAD})
    assert json.loads(criterion["Pattern"]) == {
        "dynamodb": {"Keys": {"sk": {"S": [{"prefix": "FILE#"}]}}, "NewImage": {"state": {"S": states}}}
    }
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["BisectBatchOnFunctionError"] is True
    kept = mapping["DestinationConfig"]["OnFailure"]["Destination"]["Fn::GetAtt"][0]
    assert template.sends_to("ProjectorFunction") == {kept, template.output("RenditionsQueueUrl")}


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
    kept = mapping["DestinationConfig"]["OnFailure"]["Destination"]["Fn::GetAtt"][0]
    assert template.sends_to("ExporterFunction") == {kept} == {template.output("ExportFailuresQueueUrl")}


def test_the_sweep_starts_every_five_minutes(template):
    (schedule,) = template.properties_of("AWS::Scheduler::Schedule")
    assert schedule["ScheduleExpression"] == "rate(5 minutes)"
    assert schedule["Target"]["Arn"]["Fn::GetAtt"][0] == template.output("SweepFunction")


def test_the_mailbox_gets_every_alert_with_its_attributes(template):
    (subscription,) = [one for one in template.properties_of("AWS::SNS::Subscription") if one["Protocol"] != "email"]
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
    # None of these is known to the emulator.
    unknown = {
        "AWS::Cognito::ManagedLoginBranding",
        "AWS::Cognito::UserPoolRiskConfigurationAttachment",
        "AWS::SecretsManager::RotationSchedule",
    }
    asked_for = {"AWS::SNS::Subscription"}  # Whom production must tell, before it keeps anything.
    assert kinds == {*unknown, *at_the_edge, *asked_for}


def test_production_without_addresses_is_deployed_to_nobody_before_somebody_is_named(prod):
    asked = prod.content["Parameters"]["AlertEmail"]
    assert "Default" not in asked, "CloudFormation refuses a template whose parameter has no value"
    mails = [one for one in prod.properties_of("AWS::SNS::Subscription") if one["Protocol"] == "email"]
    assert [(one["Endpoint"], one["TopicArn"]["Ref"]) for one in mails] == [
        ({"Ref": "AlertEmail"}, prod.output("AlertTopicArn"))
    ]


@pytest.mark.parametrize("told", [{"alert_emails": ("operations@example.org",)}, {"retain_data": False}])
def test_who_names_addresses_or_keeps_nothing_is_asked_for_none(told, tmp_path):
    assert "AlertEmail" not in template_of(replace(PROD, **told), tmp_path).content["Parameters"]


def test_a_sweep_that_was_killed_keeps_the_next_one_from_nothing(template):
    """Its turn ends by itself (`processor/handlers/sweep.py`) before the schedule starts another."""
    (schedule,) = template.properties_of("AWS::Scheduler::Schedule")
    minutes = int(schedule["ScheduleExpression"].removeprefix("rate(").split()[0])
    assert template.named_by("SweepFunction")["Timeout"] + CLOCKS_APART_S < 60 * minutes


CLOCKS_APART_S = 10
"""As the handler says, which reads its settings when it is imported."""
