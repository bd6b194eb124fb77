"""Messages of a batch that are worked on at the same time: a file waits ten times longer for AWS than it is judged."""

from collections.abc import Callable
from threading import Lock

from intake.dicom.streams import ByteSource
from processor.judge import Facts, Judgement

AT_ONCE = 10
"""Messages: a whole batch, and as many connections as boto3 keeps. Each may hold 16 MiB of a document and what is read
from it."""

Judge = Callable[[ByteSource, Facts], Judgement]


def serialize(judge: Judge) -> Judge:
    """Return a judge that takes files one after the other: what it keeps between files knows no threads, and two that
    judged at the same time would only share one processor."""
    lock = Lock()

    def judge_next(source: ByteSource, facts: Facts) -> Judgement:
        with lock:
            return judge(source, facts)

    return judge_next
