"""The sweeping Lambda: started by the scheduler, and by Secrets Manager when the portal's secret is to be rotated."""

import os
from contextlib import ExitStack
from typing import Any

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext

from processor import wiring
from processor.handlers.secret_rotation import asks_for_rotation
from processor.telemetry import (
    logger,
    metrics,
    report_expected,
    report_followed,
    report_quiet,
    report_reconciled,
    report_swept,
)

_session = boto3.Session()
_sweep = wiring.sweep(os.environ, _session)
_quiet = wiring.quiet_watch(os.environ, _session)
_scorecards = wiring.monthly_scorecards(os.environ, _session)
_expected = wiring.expected_watch(os.environ, _session)
_follow_up = wiring.follow_up(os.environ, _session)
_reconciler = wiring.reconciler(os.environ, _session)
_rotation = wiring.key_rotation(_session)


@logger.inject_lambda_context
@metrics.log_metrics
def handle(event: dict[str, Any], context: LambdaContext) -> None:  # noqa: ARG001  # Lambda passes both.
    if asks_for_rotation(event):
        _rotation.take(event)
        return
    # Whatever becomes of one part, the others are done, last in first out; then what any of them raised is raised.
    with ExitStack() as parts:
        parts.callback(_scorecards.run)
        parts.callback(lambda: report_quiet(_quiet.run()))
        parts.callback(lambda: report_expected(_expected.run()))
        parts.callback(lambda: report_reconciled(_reconciler.run()))
        parts.callback(lambda: report_swept(_sweep.run()))
        # What an earlier sweep noted is looked at before more is noted: nothing is told of at first sight.
        parts.callback(lambda: report_followed(_follow_up.run()))
