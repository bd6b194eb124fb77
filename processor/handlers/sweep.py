"""The sweeping Lambda: started by the scheduler, and by Secrets Manager when the portal's secret is to be rotated."""

import os
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext

from intake.files.model import now
from processor.handlers import wiring
from processor.handlers.secret_rotation import asks_for_rotation
from processor.handlers.sweep_reports import (
    report_awaited,
    report_dropped,
    report_expected,
    report_followed,
    report_overlapped,
    report_quiet,
    report_reconciled,
    report_sampled,
    report_swept,
)
from processor.reconcile.rounds import begin_share
from processor.telemetry import logger, metrics

_session = boto3.Session()
_lease = wiring.sweep_lease(os.environ, _session)
_resender = wiring.resender(os.environ, _session)
_sweep = wiring.sweep(os.environ, _session)
_awaited = wiring.awaited_round(os.environ, _session, _resender)
_dropped = wiring.dropped_round(os.environ, _session, _resender)
_quiet = wiring.quiet_watch(os.environ, _session)
_scorecards = wiring.monthly_scorecards(os.environ, _session)
_expected = wiring.expected_watch(os.environ, _session)
_follow_up = wiring.follow_up(os.environ, _session, _resender)
_rebuilds = wiring.rebuild_watch(os.environ, _session)
_reconciler = wiring.reconciler(os.environ, _session)
_sample = wiring.daily_sample(os.environ, _session)
_rotation = wiring.key_rotation(_session)


CLOCKS_APART = timedelta(seconds=10)
"""How far the clocks of two workers may be apart."""

OF_AWAITED, OF_DROPPED, OF_COMPARED, OF_AUDITED = 1 / 4, 1 / 4, 1 / 8, 1 / 32
"""Shares of a sweep's time, for its rounds. The rest is for what is bounded by numbers."""

LONGEST = 8.0
"""Seconds for a round that no sweep need end: so each sweep ends within half a minute, and the next one goes on."""


@logger.inject_lambda_context
@metrics.log_metrics
def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, bool]:
    """Sweep, or rotate the secret. Return whether it has swept: where another is at it, there is nothing to do."""
    if asks_for_rotation(event):
        _rotation.take(event)
        return {"swept": False}
    # Lambda ends us by then: a turn never ends before who has it, and outlives one who was killed by so little.
    at, left = now(), timedelta(milliseconds=context.get_remaining_time_in_millis())
    turn = _lease.take(at, at + left + CLOCKS_APART)
    if not turn:
        report_overlapped()
        return {"swept": False}
    seconds = left.total_seconds()
    _resender.begin()
    # Whatever becomes of one part, the others are done, last in first out; then what any of them raised is raised.
    with ExitStack() as parts:
        parts.callback(_lease.give_back, turn)
        parts.callback(_scorecards.run)
        parts.callback(_rebuilds.run)
        parts.callback(lambda: report_quiet(_quiet.run()))
        parts.callback(lambda: report_expected(_expected.run()))
        parts.callback(lambda: report_sampled(_sample.run(begin_share(min(seconds * OF_AUDITED, LONGEST)))))
        parts.callback(lambda: report_reconciled(_reconciler.run(begin_share(min(seconds * OF_COMPARED, LONGEST)))))
        parts.callback(lambda: report_dropped(_dropped.run(begin_share(seconds * OF_DROPPED))))
        parts.callback(lambda: report_awaited(_awaited.run(begin_share(min(seconds * OF_AWAITED, LONGEST)))))
        parts.callback(lambda: report_swept(_sweep.run()))
        # What an earlier sweep noted is looked at before more is noted: nothing is told of at first sight.
        parts.callback(lambda: report_followed(_follow_up.run(begin_share(min(seconds * OF_AUDITED, LONGEST)))))
    return {"swept": True}
