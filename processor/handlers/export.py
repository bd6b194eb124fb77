"""The exporting Lambda: a batch of the table's stream in, files of rows out. A failure delivers it again, in halves."""

import os
from typing import Any

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext

from processor import wiring
from processor.handlers.record_changes import read_records, verdict_rows
from processor.telemetry import logger, metrics, report_exported

_session = boto3.Session()
_exporter = wiring.exporter(os.environ, _session)
_stream = wiring.stream(_session)
_retries = wiring.redrive_retries(os.environ, _session)


@logger.inject_lambda_context
@metrics.log_metrics(raise_on_empty_metrics=False)
def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001  # Lambda passes both.
    with _retries.give_back(event) as failures:
        report_exported(_exporter.export(list(verdict_rows(read_records(event, _stream)))))
    return {"batchItemFailures": failures}
