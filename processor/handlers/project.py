"""The projecting Lambda: a batch of the table's stream in. A failure delivers the batch again, in halves.

What was given up nevertheless comes back, when an admin redrives it, as a message that tells where in the stream it is.
"""

import os
from typing import Any

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext

from processor import wiring
from processor.handlers.record_changes import read_changes, read_records
from processor.telemetry import logger, metrics, report_projected

_session = boto3.Session()
_projector = wiring.projector(os.environ, _session, wiring.ask_for_pictures(os.environ, _session))
_stream = wiring.stream(_session)
_retries = wiring.redrive_retries(os.environ, _session)


@logger.inject_lambda_context
@metrics.log_metrics(raise_on_empty_metrics=False)
def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001  # Lambda passes both.
    with _retries.give_back(event) as failures:
        batch = list(read_changes(read_records(event, _stream)))
        alerts = _projector.project(batch)
        report_projected(len(batch), alerts)
    return {"batchItemFailures": failures}
