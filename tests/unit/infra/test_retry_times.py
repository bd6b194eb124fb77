"""What failed comes again in seconds, what died within twelve minutes, and people know before it is given up.

Each of these times stands in another resource of the template, and means something beside the others only.
"""

import pytest

from infra.stages import LOCAL, PROD
from intake.messaging.retries import FIRST_WAIT_S, JITTER, LONGEST_WAIT_S, MAX_RECEIVES, find_wait
from intake.table.dynamodb_streams import LONGEST_S
from processor.handlers.batches import SPARE_S

CRASHED_S = 12 * 60
FAILED_S = 30
OUTAGE_S = 2 * 3600
TWO_WEEKS_S = 14 * 86_400
STREAM_KEEPS_S = 24 * 3600
OLDEST_PLANNED_S = 300
"""A sweep's period: it looks for what is late that often, and so tells of it that much later at most."""

FEEDS = {
    "main": "JudgeFunction",
    "projection redrives": "ProjectorFunction",
    "export redrives": "ExporterFunction",
    "renditions": "RendererFunction",
}


def shortest_waits():
    return [find_wait(receives, lambda: 1.0) for receives in range(1, MAX_RECEIVES)]


@pytest.fixture
def fed(template):
    """Return each queue that feeds a function, with that function's properties."""
    mappings = [
        mapping["Properties"]
        for mapping in template.of_type("AWS::Lambda::EventSourceMapping").values()
        if "StartingPosition" not in mapping["Properties"]
    ]
    return [
        (
            template.resources[mapping["EventSourceArn"]["Fn::GetAtt"][0]]["Properties"],
            template.resources[mapping["FunctionName"]["Ref"]]["Properties"],
        )
        for mapping in mappings
    ]


def test_every_queue_that_feeds_a_function_is_held_to_these_times(fed):
    assert len(fed) == len(FEEDS)


def test_what_a_dead_worker_held_comes_again_within_twelve_minutes_and_not_while_another_may_have_it(fed):
    for queue, function in fed:
        assert 6 * function["Timeout"] <= queue["VisibilityTimeout"] <= CRASHED_S


def test_what_failed_comes_again_within_half_a_minute_and_never_later_than_what_died_twice():
    assert find_wait(1, lambda: 0.0) == FIRST_WAIT_S <= FAILED_S
    waits = [find_wait(receives, lambda: 0.0) for receives in range(1, MAX_RECEIVES)]
    assert waits == sorted(waits)
    assert waits[-1] == LONGEST_WAIT_S <= 900


def test_an_outage_of_two_hours_is_outlived_by_what_fails_and_by_files_whose_workers_die(template, fed):
    assert sum(shortest_waits()) >= OUTAGE_S
    for queue, _ in fed:
        assert queue["RedrivePolicy"]["maxReceiveCount"] == MAX_RECEIVES
    assert (MAX_RECEIVES - 1) * template.named_by("QueueUrl")["VisibilityTimeout"] >= OUTAGE_S


def test_a_letter_that_is_given_up_waits_for_nothing_and_is_kept_for_two_weeks(template, fed):
    assert find_wait(MAX_RECEIVES) == find_wait(MAX_RECEIVES + 1) == 0
    for queue, _ in fed:
        letters = template.resources[queue["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0]]["Properties"]
        # SQS counts a letter's age from when it was sent first (SQS guide, "Using dead-letter queues").
        assert letters["MessageRetentionPeriod"] == TWO_WEEKS_S
        assert queue["MessageRetentionPeriod"] - MAX_RECEIVES * LONGEST_WAIT_S > TWO_WEEKS_S - 86_400


def alarm_on(template, metric):
    (alarm,) = [one for one in template.properties_of("AWS::CloudWatch::Alarm") if one["MetricName"] == metric]
    return alarm


def test_a_crash_heals_before_the_alarm_rings_and_the_alarm_rings_before_a_message_is_given_up(template):
    backlog = alarm_on(template, "ApproximateAgeOfOldestMessage")
    queue, judge = template.named_by("QueueUrl"), template.named_by("JudgeFunction")
    assert queue["VisibilityTimeout"] + judge["Timeout"] <= backlog["Threshold"]
    assert backlog["Threshold"] + OLDEST_PLANNED_S < sum(shortest_waits()) / 4
    limit = template.named_by("SweepFunction")["Environment"]["Variables"]["SCALPER_TIME_LIMIT_S"]
    assert int(limit) == backlog["Threshold"]


@pytest.mark.parametrize("chance", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("phase_s", range(0, 300, 20))
def test_a_single_message_that_keeps_failing_rings_long_before_it_is_given_up(template, chance, phase_s):
    """CloudWatch leaves what was received three times out of the oldest message's age: its failures have to tell."""
    alarm = alarm_on(template, "PutOff")
    fails_at = [
        phase_s + sum(find_wait(n, lambda: chance) for n in range(1, receives)) for receives in range(1, MAX_RECEIVES)
    ]
    parts = [any(part <= at / alarm["Period"] < part + 1 for at in fails_at) for part in range(24)]
    rings = [
        part
        for part in range(24)
        if sum(parts[max(0, part - alarm["EvaluationPeriods"] + 1) : part + 1]) >= alarm["DatapointsToAlarm"]
    ]
    assert (rings[0] + 1) * alarm["Period"] <= 20 * 60


def test_a_failure_that_four_tries_mended_rings_nothing(template):
    alarm = alarm_on(template, "PutOff")
    lasted_s = sum(find_wait(receives, lambda: 0.0) for receives in range(1, 5))
    touched = -(-lasted_s // alarm["Period"]) + 1
    assert touched < alarm["DatapointsToAlarm"]


def followers(template):
    """Return the event sources that read the table's stream, by their functions."""
    mappings = template.properties_of("AWS::Lambda::EventSourceMapping")
    return {mapping["FunctionName"]["Ref"]: mapping for mapping in mappings if "StartingPosition" in mapping}


def test_a_change_is_tried_for_hours_alone_in_the_end_and_its_letter_can_be_redriven_for_longer(template):
    """No number of tries: ten are over within minutes, which no outage of a table asks for."""
    assert set(followers(template)) == {template.output(f"{name}Function") for name in ("Projector", "Exporter")}
    for mapping in followers(template).values():
        assert mapping["MaximumRetryAttempts"] == -1
        assert mapping["BisectBatchOnFunctionError"] is True
        assert OUTAGE_S < mapping["MaximumRecordAgeInSeconds"] <= STREAM_KEEPS_S / 4
        assert mapping["DestinationConfig"]["OnFailure"]["Destination"]


def test_people_know_that_counts_lag_while_there_is_time_to_mend_it(template):
    alarm = alarm_on(template, "IteratorAge")
    projector = template.output("ProjectorFunction")
    assert alarm["Dimensions"] == [{"Name": "FunctionName", "Value": {"Ref": projector}}]
    assert (alarm["Statistic"], alarm["Period"], alarm["EvaluationPeriods"]) == ("Maximum", 300, 1)
    # Not for what a large upload or a deployment takes, and long before anything is given up.
    rings_s = alarm["Threshold"] / 1000 + alarm["Period"]
    assert 10 * 60 <= rings_s <= followers(template)[projector]["MaximumRecordAgeInSeconds"] / 12


def test_a_letter_is_read_within_half_of_the_time_of_those_that_follow_the_stream(template):
    for function in followers(template):
        assert template.resources[function]["Properties"]["Timeout"] >= 2 * LONGEST_S


def test_the_judge_stops_in_time_to_give_back_what_it_has_not_done(template):
    judge = template.named_by("JudgeFunction")
    assert judge["Timeout"] == 120
    assert 10 <= SPARE_S <= judge["Timeout"] / 4


def test_a_sweep_ends_before_the_next_one_begins(template):
    sweep = template.named_by("SweepFunction")
    assert sweep["Timeout"] < OLDEST_PLANNED_S
    for schedule in template.properties_of("AWS::Scheduler::Schedule"):
        if schedule["ScheduleExpression"] == "rate(5 minutes)":
            assert schedule["Target"]["RetryPolicy"]["MaximumEventAgeInSeconds"] < OLDEST_PLANNED_S


def test_the_emulator_runs_with_the_times_of_production():
    for part in ("judge", "projector", "sweep", "exporter", "portal"):
        here, there = getattr(LOCAL, part), getattr(PROD, part)
        assert (here.timeout_s, here.memory_mib) == (there.timeout_s, there.memory_mib), part
    assert LOCAL.alarms == PROD.alarms


def test_waits_differ_so_that_what_failed_together_does_not_come_back_together():
    assert {find_wait(7, lambda chance=chance: chance / 10) for chance in range(11)} >= {900, 855, 810}
    assert 0 < JITTER <= 0.2
