"""The sweeping Lambda: started by the scheduler."""

import os
from typing import Any

import boto3
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from processor import wiring
from processor.telemetry import logger, metrics, report_swept

_session = boto3.Session()
_sweep = wiring.sweep(os.environ, _session)
_quiet = wiring.quiet_watch(os.environ, _session)


@logger.inject_lambda_context
@metrics.log_metrics
def handle(event: dict[str, Any], context: LambdaContext) -> None:  # noqa: ARG001  # Lambda passes both.
    report_swept(_sweep.run())
    metrics.add_metric("QuietClinics", MetricUnit.Count, _quiet.run())
