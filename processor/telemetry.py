"""What the processor tells its operators: opaque ids, codes, sizes and times. Never a key, a name or a value.

Names of metrics are documented in `docs/metrics.md`.
"""

import json
import traceback
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter
from aws_lambda_powertools.logging.types import LogRecord
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from intake.aws_errors import AWS_ERRORS, describe_refusal
from intake.errors import ContentionError, ScalperError
from intake.files.model import now
from intake.files.outcomes import Outcome
from intake.files.states import State
from intake.messaging.retries import MAX_RECEIVES
from intake.operations.model import LastError
from intake.operations.ports import LastErrors
from intake.orders.commands import DoTask
from intake.orders.model import Answered
from intake.recounts.jobs import RebuildJob
from intake.renditions.model import RenditionAnswer, RenditionRequest
from processor.ingest.expand import Expanded
from processor.ingest.process import LeftOut, Processed
from processor.ingest.settle import Settled
from processor.orders.dispatch import Found
from processor.projection.exporter import Exported

_SAID_ELSEWHERE = frozenset({"location", "function_name", "function_memory_size", "function_arn", "cold_start"})
"""What Powertools adds to each line, and the log group, the message or a metric tells as well. Each byte is billed."""


class _Lines(LambdaPowertoolsFormatter):
    """Writes lines of JSON without blanks and without what is said elsewhere."""

    def serialize(self, log: LogRecord) -> str:
        said = {name: value for name, value in log.items() if name not in _SAID_ELSEWHERE}
        return json.dumps(said, separators=(",", ":"), ensure_ascii=False, default=str)


logger = Logger(logger_formatter=_Lines())
metrics = Metrics()

_VERDICT_METRIC = {State.ACCEPTED: "Accepted", State.REJECTED: "Rejected"}


def report_processed(processed: Processed) -> None:
    """Log and count one arrival. A redelivery is counted as such and not as a verdict."""
    logger.info(
        "judged",
        extra={
            "clinic_id": processed.placement.clinic_id,
            "upload_id": processed.placement.upload_id,
            "file_id": processed.placement.file_id,
            "state": processed.state,
            "outcome": processed.outcome.name.lower(),
            "kind": processed.kind,
            "codes": processed.codes,
            "shadow": processed.shadow,
            "size": processed.size,
            "bytes_read": processed.bytes_read,
            "upload_to_verdict_ms": processed.latency_ms,
        },
    )
    metrics.add_metric("BytesRead", MetricUnit.Bytes, processed.bytes_read)
    if processed.outcome is Outcome.ALREADY_RECORDED:
        metrics.add_metric("Redelivered", MetricUnit.Count, 1)
        return
    metrics.add_metric(_VERDICT_METRIC[processed.state], MetricUnit.Count, 1)
    metrics.add_metric("UploadToVerdict", MetricUnit.Milliseconds, processed.latency_ms)
    if processed.shadow:
        metrics.add_metric("ShadowFindings", MetricUnit.Count, len(processed.shadow))


def report_left_out(left_out: LeftOut) -> None:
    """Log and count a carrier file that nobody judges."""
    placement = left_out.placement
    logger.info(
        "left out",
        extra={
            "clinic_id": placement.clinic_id,
            "upload_id": placement.upload_id,
            "file_id": placement.file_id,
            "size": left_out.size,
        },
    )
    metrics.add_metric("LeftOut", MetricUnit.Count, 1)


def report_found(found: Found) -> None:
    """Log one portion of an order's files."""
    logger.info("found", extra={"order_id": found.order_id, "files": found.files, "complete": found.complete})


def report_answered(command: DoTask, answered: Answered) -> None:
    """Log and count what became of one file of an order."""
    logger.info(
        "answered",
        extra={
            "order_id": command.order_id,
            "task": command.task,
            "clinic_id": answered.clinic_id,
            "file_id": answered.file_id,
            "answer": answered.answer,
            "codes": answered.codes,
        },
    )
    metrics.add_metric("OrderedTasks", MetricUnit.Count, 1)


def report_rendered(request: RenditionRequest, answer: RenditionAnswer, took_ms: int) -> None:
    """Log and count a file's pictures, or why there are none, which is no error."""
    logger.info(
        "rendered",
        extra={
            "clinic_id": request.clinic_id,
            "file_id": request.file_id,
            "kind": request.kind,
            "size": request.size,
            "view": request.view is not None,
            "outcome": answer.reason or "made",
            "took_ms": took_ms,
        },
    )
    metrics.add_metric("RenditionsRefused" if answer.reason else "RenditionsMade", MetricUnit.Count, 1)


def report_settled(settled: Settled) -> None:
    """Log what became of an archive whose entries were looked at."""
    logger.info("settled", extra={**asdict(settled), "state": settled.state or "waits"})


def report_expanded(expanded: Expanded) -> None:
    """Log and count one slice of an archive."""
    part = expanded.slice
    logger.info(
        "expanded",
        extra={
            "clinic_id": part.clinic_id,
            "upload_id": part.upload_id,
            "file_id": part.file_id,
            "first": part.first,
            "entries": expanded.entries,
            "unpacked": expanded.unpacked,
            "damaged": expanded.damaged,
        },
    )
    metrics.add_metric("EntriesUnpacked", MetricUnit.Count, expanded.unpacked)


def report_exported(exported: Exported) -> None:
    """Log and count one batch of the exporter."""
    logger.info("exported", extra=asdict(exported))
    metrics.add_metric("VerdictsExported", MetricUnit.Count, exported.rows)


def report_projected(changes: int, alerts: int) -> None:
    """Log and count one batch of the table's stream."""
    logger.info("projected", extra={"changes": changes, "alerts": alerts})
    metrics.add_metric("AlertsSent", MetricUnit.Count, alerts)


def report_rebuilt(job: RebuildJob) -> None:
    """Log a rebuild, or an audit, that is done; what differed stands in the job itself."""
    names = ("job_id", "clinic_id", "upload_id", "mends", "looked_at", "differences", "uncounted", "adopted", "beside")
    logger.info("rebuilt", extra={name: getattr(job, name) for name in (*names, "busy", "read_units")})


def report_unread_trouble(upload_id: str) -> None:
    """Log an upload with more trouble than is looked through for what was sent in its place."""
    logger.warning("trouble not looked through", extra={"upload_id": upload_id})


def count_what_happened(counts: Mapping[str, int]) -> None:
    """Count what there is any of: a metric is billed for each hour that it is written in, be it zero."""
    for name, amount in counts.items():
        if amount:
            metrics.add_metric(name, MetricUnit.Count, amount)


def report_trouble(error: Exception) -> None:
    """Log what went wrong with a message that will be delivered again."""
    logger.error("not processed", extra=describe(error))


def report_put_off(messages: int, refused: int) -> None:
    """Count the messages that failed, and log of how many SQS did not take that they come again in seconds."""
    if refused:
        logger.error("not put off", extra={"messages": refused})
    count_what_happened({"PutOff": messages - refused, "NotPutOff": refused})


def report_unfinished(messages: int) -> None:
    """Log and count the messages that the function's time was too short for."""
    logger.warning("out of time", extra={"messages": messages})
    count_what_happened({"Unfinished": messages})


def describe(error: Exception) -> dict[str, Any]:
    """Return what may be logged of an error: AWS's own messages name keys, and ours never do."""
    last = traceback.extract_tb(error.__traceback__)[-1:]
    raised_at = [f"{frame.filename}:{frame.lineno}" for frame in last]
    described = {"error": type(error).__name__, "raised_at": raised_at}
    if of_aws := describe_refusal(error) or describe_refusal(error.__cause__):
        described |= of_aws
    return described | ({"told": str(error)} if isinstance(error, ScalperError) else {})


@dataclass(frozen=True, slots=True)
class FailureNotes:
    """Notes, for whoever finds it among the dead letters, why a message is given up: at its last delivery."""

    last_errors: LastErrors

    def note(self, record: SQSRecord, error: Exception) -> None:
        """Note an error. That the note itself fails is logged: the message must be given back all the same."""
        if int(record.attributes.approximate_receive_count) < MAX_RECEIVES:
            return
        told = describe(error)
        text = " ".join(filter(None, (told["error"], told.get("code"))))
        try:
            self.last_errors.note(LastError(record.message_id, text, now()))
        except (*AWS_ERRORS, ContentionError) as failure:
            report_trouble(failure)
