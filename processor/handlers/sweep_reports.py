"""What a sweep tells its operators of its parts; `processor/telemetry.py` says what may be told."""

from dataclasses import asdict
from datetime import timedelta

from aws_lambda_powertools.metrics import MetricUnit

from processor.projection.samples import Sampled
from processor.reconcile.awaited import AwaitedSwept
from processor.reconcile.dropped import DroppedSwept
from processor.reconcile.incidents import Followed
from processor.reconcile.reconciler import Reconciled
from processor.reconcile.sweep import Swept
from processor.telemetry import count_what_happened, logger, metrics

BEHIND = timedelta(hours=12)
"""A round that is going for so long has fallen behind: those of a bucket that is not small may take half a day."""


def report_swept(swept: Swept) -> None:
    """Log and count one sweep."""
    counts = {
        "Failed": swept.failed,
        "UnreadableDeadLetters": swept.unreadable,
        "GatewayMended": int(swept.readmitted),
    }
    logger.info("swept", extra={**counts, "alerts": swept.alerts})
    # Its absence is what an alarm watches for.
    metrics.add_metric("Swept", MetricUnit.Count, 1)
    count_what_happened(counts)


def report_awaited(swept: AwaitedSwept) -> None:
    """Log and count what was awaited."""
    counts = {"Expired": swept.expired, "Reenqueued": swept.enqueued}
    logger.info("awaited", extra={**counts, "late": swept.late, "rows": swept.rows, **_tell_age(swept.age)})
    count_what_happened(counts)


def report_dropped(swept: DroppedSwept) -> None:
    """Log and count what was dropped into the incoming bucket."""
    counts = {"listed": swept.listed, "unrecorded": swept.unrecorded, "enqueued": swept.enqueued}
    logger.info("dropped", extra={**counts, **_tell_age(swept.age)})
    count_what_happened({"Reenqueued": swept.enqueued})


def _tell_age(age: timedelta) -> dict[str, int]:
    """Return how long a round is going, for the log; it is counted where it has fallen behind."""
    seconds = int(age.total_seconds())
    if age >= BEHIND:
        metrics.add_metric("RoundAge", MetricUnit.Seconds, seconds)
    return {"round_s": seconds}


def report_overlapped() -> None:
    """Count a sweep that left the work to another, which is at it."""
    metrics.add_metric("SweepOverlapped", MetricUnit.Count, 1)


def report_followed(followed: Followed) -> None:
    """Log and count the incidents that were looked at again."""
    logger.info("followed up", extra=asdict(followed))
    count_what_happened({"OpenIncidents": followed.standing, "Reenqueued": followed.enqueued})


def report_reconciled(reconciled: Reconciled) -> None:
    """Log one sweep's part of the rounds."""
    counts = {"compared": reconciled.compared, "suspected": reconciled.suspected}
    logger.info("reconciled", extra={**counts, **_tell_age(reconciled.age)})


def report_sampled(sampled: Sampled) -> None:
    """Log one sweep's part of a day's sample, where there was anything to do."""
    if sampled != Sampled():
        logger.info("sampled", extra=asdict(sampled))


def report_quiet(clinics: int) -> None:
    """Count the clinics from which nothing comes."""
    count_what_happened({"QuietClinics": clinics})


def report_expected(missing: int) -> None:
    """Count the expected exams that did not come, of the clinics that are told just now."""
    count_what_happened({"ExpectedExamsMissing": missing})
