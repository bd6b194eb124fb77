"""A batch of messages from SQS, worked on so that one message's trouble stays its own.

What fails is put off for seconds, as soon as it has failed: else it would stay hidden for as long as a dead worker's
messages do. What was delivered before is worked on by itself, and taken out of the queue as soon as it is done: one
message that kills its worker costs each of its neighbours one death, and not all of them every time. Before the
function's time is over, what is unfinished is given back like what failed.

Sources: AWS Lambda Developer Guide, "Handling errors for an SQS event source"; Amazon SQS API Reference,
ChangeMessageVisibilityBatch.
"""

import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event
from time import monotonic
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, ExceptionInfo, FailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from intake.aws_errors import AWS_ERRORS
from intake.messaging.ports import Deliveries
from intake.messaging.retries import find_wait
from intake.table.dynamodb_streams import StreamRecordsLostError
from processor.ingest.process import AT_ONCE
from processor.telemetry import FailureNotes, report_put_off, report_trouble, report_unfinished

SPARE_S = 20
"""Seconds before the end of the function's time at which it gives back what is unfinished, which takes two calls."""

_LOOK_S = 1.0
"""Seconds after which what has failed meanwhile is put off, while others are worked on still."""


@dataclass(slots=True)
class Retries:
    """Puts off messages of one queue, each for as long as it has been in trouble. That this fails changes nothing."""

    deliveries: Deliveries

    def put_off(self, records: Sequence[SQSRecord], begun: Collection[str] | None = None) -> None:
        """Put off messages; of those that were not begun, which did nothing to wait longer for, as at first."""
        waits = {
            record.receipt_handle: find_wait(
                _count_receives(record) if begun is None or record.message_id in begun else 1
            )
            for record in records
        }
        self._hide(waits)

    def _hide(self, waits: Mapping[str, int]) -> None:
        try:
            refused = self.deliveries.put_off(waits)
        except AWS_ERRORS as error:
            report_trouble(error)
            refused = len(waits)
        report_put_off(len(waits), refused)

    def remove(self, record: SQSRecord) -> None:
        """Take a message out that is done. Lambda does so as well, where its function lives that long."""
        try:
            self.deliveries.remove(record.receipt_handle)
        except AWS_ERRORS as error:
            report_trouble(error)

    @contextmanager
    def give_back(self, event: dict[str, Any]) -> Iterator[list[dict[str, str]]]:
        """Put off the letters of an event that cannot be processed; records of a stream have a pace of their own.

        A letter whose records are lost is no error of the function's, and waits for nothing: it joins the failures that
        are given here, and all its deliveries over, it stands among the dead ones again.
        """
        failures: list[dict[str, str]] = []
        letters = [SQSRecord(record) for record in event["Records"] if record["eventSource"] == "aws:sqs"]
        try:
            yield failures
        except StreamRecordsLostError as error:
            report_trouble(error)
            failures += [{"itemIdentifier": letter.message_id} for letter in letters]
            self._hide({letter.receipt_handle: 0 for letter in letters})
        except Exception as error:
            if letters:
                report_trouble(error)
                self.put_off(letters)
            raise


@dataclass(slots=True)
class _Progress:
    """How far a batch has come. Threads add to it, which lists and sets bear without a lock."""

    failed: list[SQSRecord] = field(default_factory=list)
    """Not put off yet."""
    begun: set[str] = field(default_factory=set)
    done: set[str] = field(default_factory=set)
    """Ids of messages that need not come again."""
    stopped: Event = field(default_factory=Event)


_left_behind: dict[Future[None], int] = {}
"""What did not end in its batch's time, with how many batches began since."""


def _end_worker() -> None:
    os._exit(1)


class Batch(BatchProcessor):
    """Works on the messages of one invocation: none is begun that another one's threads may still be at.

    A thread that is left behind at the end of the time goes on in the next invocation, if there is one: all that it
    does may happen twice, and its batch is no longer listened to. One that goes on through a whole batch more holds up
    whatever this worker is given, so the worker ends then, as Lambda would have ended it at the end of its time.
    """

    def __init__(
        self,
        retries: Retries,
        notes: FailureNotes,
        *,
        time_left_s: float,
        end_worker: Callable[[], None] = _end_worker,
    ) -> None:
        super().__init__(EventType.SQS, raise_on_entire_batch_failure=False)
        self._retries, self._notes, self._end_worker = retries, notes, end_worker
        self._ends_at = monotonic() + time_left_s - SPARE_S
        self._progress = _Progress()
        self._put_off: set[str] = set()

    def process(self) -> list[tuple[Any, ...]]:
        records = [SQSRecord(record) for record in self.records]
        if _outlive():
            self._retries.put_off(records, begun=())
            self._end_worker()
        came_before = [record for record in records if _count_receives(record) > 1]
        threads = ThreadPoolExecutor(AT_ONCE)
        try:
            self._work(threads, [[record] for record in records if record not in came_before])
            self._work(threads, [came_before])
        finally:
            self._progress.stopped.set()
            threads.shutdown(wait=False, cancel_futures=True)
        self._give_back(records)
        return []

    def failure_handler(self, record: Any, exception: ExceptionInfo) -> FailureResponse:  # noqa: ANN401  # Theirs.
        """Tell of a failure. What comes again is listed in one place, at the end: a late thread has no say in it."""
        if isinstance(exception[1], Exception):
            report_trouble(exception[1])
            self._notes.note(record, exception[1])
        self._progress.failed.append(record)
        return "fail", "", record

    def _work(self, threads: ThreadPoolExecutor, lanes: Sequence[Sequence[SQSRecord]]) -> None:
        """Work on lanes of messages side by side, until all are done or the time is over."""
        has_time = monotonic() < self._ends_at
        pending: set[Future[None]] = {threads.submit(self._take_in_turn, lane) for lane in lanes if has_time}
        _left_behind.update(dict.fromkeys(pending, 0))
        while pending and (left := self._ends_at - monotonic()) > 0:
            done, pending = wait(pending, timeout=min(left, _LOOK_S))
            self._put_off_failed()
            for lane in done:
                lane.result()  # What no message is to blame for is raised.

    def _take_in_turn(self, lane: Sequence[SQSRecord]) -> None:
        for record in lane:
            if self._progress.stopped.is_set():
                return
            self._progress.begun.add(record.message_id)
            outcome, *_ = self._process_record(record.raw_event)
            if outcome == "success":
                self._progress.done.add(record.message_id)
            if outcome == "success" and _count_receives(record) > 1:
                self._retries.remove(record)

    def _put_off_failed(self) -> None:
        failed = self._progress.failed
        if records := [failed.pop() for _ in range(len(failed))]:
            self._put_off |= {record.message_id for record in records}
            self._retries.put_off(records)

    def _give_back(self, records: Sequence[SQSRecord]) -> None:
        """List what comes again, and put off what nobody has put off yet: it is unfinished."""
        done = set(self._progress.done)
        self._put_off_failed()
        again = [record for record in records if record.message_id not in done]
        self.fail_messages = [*again]
        unfinished = [record for record in again if record.message_id not in self._put_off]
        if unfinished:
            report_unfinished(len(unfinished))
            self._retries.put_off(unfinished, self._progress.begun)


def _outlive() -> bool:
    """Count a batch more for what earlier ones left behind; say whether something is at it for longer than one."""
    for future, batches in [*_left_behind.items()]:
        _left_behind[future] = batches + 1
        if future.done():
            del _left_behind[future]
    return any(batches > 1 for batches in _left_behind.values())


def _count_receives(record: SQSRecord) -> int:
    return int(record.attributes.approximate_receive_count)
