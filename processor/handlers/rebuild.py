"""The rebuilding Lambda: woken by the portal when an admin asks for a rebuild or an audit, and by the sweep while one
is not done. It finds its work itself.
"""

import os
from datetime import timedelta
from typing import Any

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext

from processor import wiring
from processor.telemetry import logger, metrics, report_rebuilt

_session = boto3.Session()
_worker = wiring.rebuild_worker(os.environ, _session)

CLOCKS_APART = timedelta(seconds=10)
"""How far the clocks of two workers may be apart."""


@logger.inject_lambda_context
@metrics.log_metrics(raise_on_empty_metrics=False)
def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:  # noqa: ARG001  # Lambda passes both.
    """Work for as long as Lambda lets it. Return how many jobs are left."""
    left = timedelta(milliseconds=context.get_remaining_time_in_millis())
    worked = _worker.run(left, left + CLOCKS_APART)
    for job in worked.ended:
        report_rebuilt(job)
    return {"left": worked.left}
