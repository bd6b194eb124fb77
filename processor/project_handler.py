"""The projecting Lambda: a batch of the table's stream in. A failure delivers the batch again, in halves.

What was given up nevertheless comes back, when an admin redrives it, as a message that tells where in the stream it is.
"""

import json
import os
from collections.abc import Iterator
from typing import Any

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext

from intake.streams import Stretch
from processor import wiring
from processor.stream import changes
from processor.telemetry import logger, metrics, report_projected

_session = boto3.Session()
_projector = wiring.projector(os.environ, _session)
_stream = wiring.stream(_session)


@logger.inject_lambda_context
@metrics.log_metrics(raise_on_empty_metrics=False)
def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001  # Lambda passes both.
    batch = list(changes({"Records": list(_records(event))}))
    alerts = _projector.project(batch)
    report_projected(len(batch), alerts)
    return {"batchItemFailures": []}


def _records(event: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for record in event["Records"]:
        if record["eventSource"] == "aws:sqs":
            yield from _stream.records(Stretch.read(json.loads(record["body"])))
        else:
            yield record
