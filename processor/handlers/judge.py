"""The judging Lambda: a batch of messages from SQS in, those to be delivered again out.

S3 tells of objects that arrived, the Lambda itself of archives that are to be expanded, and the portal of orders.
"""

import json
import os
from collections.abc import Callable
from threading import Lock
from typing import Any, assert_never

import boto3
from aws_lambda_powertools.utilities.batch import process_partial_response
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from intake.messaging.events import (
    Arrival,
    MalwareScanResult,
    ObjectsCreated,
    Settlement,
    Slice,
    Unknown,
    UnreadableEventError,
    parse,
)
from intake.orders.commands import DoTask, FindFiles
from processor import wiring
from processor.handlers.batches import Batch
from processor.ingest.process import LeftOut, Processed
from processor.telemetry import (
    logger,
    metrics,
    report_answered,
    report_expanded,
    report_found,
    report_left_out,
    report_processed,
    report_settled,
)

_judging = wiring.judging(os.environ, boto3.Session())
_reporting = Lock()
"""Metrics are added up in one place, which knows no threads."""


@logger.inject_lambda_context
@metrics.log_metrics(capture_cold_start_metric=True)
def handle(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    time_left_s = context.get_remaining_time_in_millis() / 1000
    batch = Batch(_judging.retries, _judging.failure_notes, time_left_s=time_left_s)
    return process_partial_response(event=event, record_handler=_take, processor=batch, context=context)


def _take(record: SQSRecord) -> None:
    match parse(json.loads(record.body)):
        case FindFiles() as command:
            _report(report_found, _judging.dispatcher.find(command))
        case DoTask() as command:
            _report(report_answered, command, _judging.dispatcher.carry_out(command))
        case Slice() as part:
            _report(report_expanded, _judging.expander.expand(part))
        case Settlement() as settlement:
            _report(report_settled, _judging.settler.settle(settlement))
        case ObjectsCreated(arrivals) | MalwareScanResult(arrivals):
            for arrival in arrivals:
                _take_arrival(arrival)
        case Unknown(reason):
            raise UnreadableEventError(reason)
        case other:
            assert_never(other)


def _take_arrival(arrival: Arrival) -> None:
    match _judging.processor.process(arrival):
        case LeftOut() as left_out:
            _report(report_left_out, left_out)
        case Processed() as processed:
            _report(report_processed, processed)


def _report(report: Callable[..., None], *what: Any) -> None:  # noqa: ANN401  # Each report knows its own.
    with _reporting:
        report(*what)
