"""The judging Lambda: a batch of messages from SQS in, those to be delivered again out.

S3 tells of objects that arrived, the Lambda itself of archives that are to be expanded, and the portal of orders.
"""

import json
import os
from typing import Any

import boto3
from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    ExceptionInfo,
    FailureResponse,
    process_partial_response,
)
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from intake.commands import FindFiles
from intake.events import arrivals, order_of, slice_of
from processor import wiring
from processor.telemetry import (
    logger,
    metrics,
    report_answered,
    report_expanded,
    report_found,
    report_processed,
    report_trouble,
)

_judging = wiring.judging(os.environ, boto3.Session())


class _Batch(BatchProcessor):
    """Reports each message that will be delivered again."""

    def failure_handler(self, record: Any, exception: ExceptionInfo) -> FailureResponse:  # noqa: ANN401  # Theirs.
        if isinstance(exception[1], Exception):
            report_trouble(exception[1])
            _judging.last_words.note(record, exception[1])
        return super().failure_handler(record, exception)


_batch = _Batch(EventType.SQS, raise_on_entire_batch_failure=False)


@logger.inject_lambda_context
@metrics.log_metrics(capture_cold_start_metric=True)
def handle(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    return process_partial_response(event=event, record_handler=_take, processor=_batch, context=context)


def _take(record: SQSRecord) -> None:
    body = json.loads(record.body)
    order = order_of(body)
    if isinstance(order, FindFiles):
        report_found(_judging.desk.find(order))
        return
    if order:
        report_answered(order, _judging.desk.carry_out(order))
        return
    part = slice_of(body)
    if part:
        report_expanded(_judging.expander.expand(part))
        return
    for arrival in arrivals(body):
        report_processed(_judging.processor.process(arrival))
