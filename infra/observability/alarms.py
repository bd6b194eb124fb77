"""When people are woken: each alarm tells the alert topic when it begins.

Each costs as much as any other, and one over several metrics as much as one for each: so none is combined.
"""

from aws_cdk import Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_events as events
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.config import StageConfig
from infra.observability.metrics import FIVE_MINUTES, Watched, name_part

_ABOVE = cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD
_BELOW = cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD


class Alarms(Construct):
    """Limits come from the stage. What is not measured is well, but for the sweep, whose silence is the trouble."""

    def __init__(
        self, scope: Construct, construct_id: str, *, watched: Watched, topic: sns.ITopic, config: StageConfig
    ) -> None:
        super().__init__(scope, construct_id)
        self._topic = topic
        self._watch_work(watched, config)
        self._watch_speed(watched, config)
        incidents = watched.own("OpenIncidents", "sweep", "Maximum")
        self._add_alarm("Incidents", incidents, 0, "Files wait too long, or objects, counts and records disagree.")
        quiet = watched.own("QuietClinics", "sweep", "Maximum")
        self._add_alarm("QuietClinics", quiet, 0, "From a usually busy clinic comes nothing.")
        behind = watched.own("RoundAge", "sweep", "Maximum")
        told = "The sweep has fallen behind: one of its rounds takes too long."
        self._add_alarm("SweepBehind", behind, config.alarms.sweep_round_s, told)
        cloudwatch.Alarm(
            self,
            "SweepMissing",
            alarm_name=alarm_name(Stack.of(self).stack_name, "SweepMissing"),
            metric=watched.own("Swept", "sweep"),
            threshold=1,
            evaluation_periods=3,
            comparison_operator=_BELOW,
            treat_missing_data=cloudwatch.TreatMissingData.BREACHING,
            alarm_description="The sweep has not run for a quarter of an hour.",
        ).add_alarm_action(actions.SnsAction(topic))

    def _watch_work(self, watched: Watched, config: StageConfig) -> None:
        """Tell of queues where something waits, and of functions that fail or may not run."""
        for queue in watched.dead_letters:
            depth = queue.metric_approximate_number_of_messages_visible(period=FIVE_MINUTES, statistic="Maximum")
            told = f"What could not be processed is waiting: {name_part(queue)}."
            self._add_alarm(f"{name_part(queue)}Waiting", depth, 0, told)
        age = watched.main_queue.metric_approximate_age_of_oldest_message(period=FIVE_MINUTES, statistic="Maximum")
        self._add_alarm("Backlog", age, config.alarms.oldest_message_s, "Files are waiting for their verdict.")
        behind, late_ms = watched.behind(watched.followers[0]), 1000 * config.alarms.oldest_change_s
        self._add_alarm("ProjectorLate", behind, late_ms, "Counts and lists lag behind the records.")
        for name, rule in watched.rules.items():
            watch_rule(self, f"{name}Untold", rule=rule, topic=self._topic)
        # That age leaves out what was received three times (SQS guide, "Available CloudWatch metrics"): what keeps
        # failing is told by its failures, which come in three of thirty minutes' parts within a quarter of an hour.
        retried = watched.own("PutOff", "judge")
        self._add_alarm("Retrying", retried, 0, "Messages keep failing and are tried again.", periods=6, of_them=3)
        for function in watched.processors:
            # Each failure is retried, so this tells of trouble before loss.
            name, errors = name_part(function), function.metric_errors(period=FIVE_MINUTES, statistic="Sum")
            self._add_alarm(f"{name}Errors", errors, 0, f"A function is failing: {name}.")
        throttles, told = watched.judge.metric_throttles(period=FIVE_MINUTES, statistic="Sum"), "The judge may not run."
        self._add_alarm("JudgeThrottles", throttles, 0, told, periods=3)

    def _watch_speed(self, watched: Watched, config: StageConfig) -> None:
        """Tell of verdicts and pages that come late, and of a portal that gives none."""
        verdicts = watched.own("UploadToVerdict", "judge", "p95")
        slow_ms = 1000 * config.alarms.upload_to_verdict_p95_s
        self._add_alarm("SlowVerdicts", verdicts, slow_ms, "Verdicts come late after their uploads.", periods=2)
        failures, latency = watched.portal("5xx", "Sum"), watched.portal("Latency", "p99")
        self._add_alarm("PortalFailures", failures, config.alarms.portal_5xx, "The portal fails to answer.")
        self._add_alarm("PortalLatency", latency, config.alarms.portal_p99_ms, "The portal answers slowly.", periods=3)

    def _add_alarm(
        self,
        construct_id: str,
        metric: cloudwatch.IMetric,
        limit: float,
        description: str,
        *,
        periods: int = 1,
        of_them: int | None = None,
    ) -> None:
        _add_alarm(self, construct_id, metric, limit, description, topic=self._topic, periods=periods, of_them=of_them)


def watch_rule(scope: Construct, construct_id: str, *, rule: events.CfnRule, topic: sns.ITopic) -> cloudwatch.Alarm:
    """Tell when a rule found something and could not bring it where it should (EventBridge guide, "Monitoring").

    A letter may tell of the same; but what keeps a rule from its target may keep it from the letters too.
    """
    failed = cloudwatch.Metric(
        namespace="AWS/Events",
        metric_name="FailedInvocations",
        dimensions_map={"RuleName": rule.ref},
        statistic="Sum",
        period=FIVE_MINUTES,
    )
    return _add_alarm(scope, construct_id, failed, 0, "AWS has something to tell and cannot.", topic=topic)


def _add_alarm(
    scope: Construct,
    construct_id: str,
    metric: cloudwatch.IMetric,
    limit: float,
    description: str,
    *,
    topic: sns.ITopic,
    periods: int = 1,
    of_them: int | None = None,
) -> cloudwatch.Alarm:
    """Alarm when a metric stands above its limit for some periods in a row, or for so many of them."""
    alarm = cloudwatch.Alarm(
        scope,
        construct_id,
        alarm_name=alarm_name(Stack.of(scope).stack_name, construct_id),
        metric=metric,
        threshold=limit,
        evaluation_periods=periods,
        datapoints_to_alarm=of_them,
        comparison_operator=_ABOVE,
        treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        alarm_description=description,
    )
    alarm.add_alarm_action(actions.SnsAction(topic))
    return alarm


def alarm_name(stack: str, alarm: str) -> str:
    """Return the name of an alarm of a stack: the pipeline, which stands in another stack, knows alarms by it."""
    return f"{stack}-{alarm}"
