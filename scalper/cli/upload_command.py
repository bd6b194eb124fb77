"""The commands of the partner's client. Each builds a client, calls it, and says how it went by its exit code."""

import contextlib
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from scalper import errors, judge_code
from scalper.cli.reporters import PROBLEMS, ConsoleReporter, JsonReporter, Teller
from scalper.client import Client
from scalper.errors import ClientError
from scalper.uploads.announcements import Announcer
from scalper.uploads.journal import Journal
from scalper.uploads.local_files import LocalFile, Selection, find_files
from scalper.uploads.outcome import Outcome
from scalper.uploads.plan import compare

ACCEPTED, REJECTED, USAGE, AGAIN = range(4)
"""Exit codes: all is well; some file was refused; a wrong call or credentials; the same command must be run again."""


@dataclass(frozen=True, slots=True)
class UploadOptions:
    """What `scalper upload` was asked to do."""

    paths: Sequence[Path]
    reference: str
    note: str
    jobs: int
    journal: Path | None
    wait: bool
    timeout: float | None
    as_json: bool
    again: bool
    include_all: bool = False
    approve: Callable[[LocalFile, Teller], bool] | None = None


def upload(order: UploadOptions) -> int:
    """Send files, wait for verdicts if asked to. Return the exit code. Raises ClientError, KeyboardInterrupt."""
    teller: Teller = JsonReporter() if order.as_json else ConsoleReporter()
    found = find_files(order.paths, include_all=order.include_all)
    teller.report_selection(found)
    with end_on_signals(), Client.configured() as client, client.journal(order.journal) as journal:
        return _Run(order, found, client, journal, teller).run()


def dry_run(order: UploadOptions) -> None:
    """Print what an upload would send, and touch nothing but the journal's file."""
    found = find_files(order.paths, include_all=order.include_all)
    with Client.configured() as client, client.journal(order.journal) as journal:
        plan = compare(journal, found.files, again=order.again)
    teller: Teller = JsonReporter() if order.as_json else ConsoleReporter()
    teller.report_selection(found)
    teller.report_dry_run(plan)


def to_exit_code(error: BaseException) -> int:
    """Return what a run that an error ended exits with."""
    if isinstance(error, (errors.CredentialsError, errors.NotFoundError, errors.NotPermittedError)):
        return USAGE
    if isinstance(error, errors.ApiError):
        return AGAIN if error.problem.status in {409, 410, 429} or error.problem.status >= 500 else USAGE
    again = (
        errors.DamagedError,
        errors.JournalError,
        errors.StillRunningError,
        errors.UnreachableError,
        KeyboardInterrupt,
    )
    return AGAIN if isinstance(error, again) else USAGE


def load_check(profile: Path | None) -> Callable[[LocalFile, Teller], bool]:
    """Return a judgement on this machine, as the pipeline would judge. Raises ValueError for a wrong profile."""
    judge_code.make_importable()
    from processor.ingest.offline_check import check  # noqa: PLC0415  Not every upload judges.
    from scalper.check.report import read_profile  # noqa: PLC0415  As above.

    rules = read_profile(profile)

    def approve(file: LocalFile, teller: Teller) -> bool:
        found = list(check(file.path, rules))
        for checked in found:
            teller.report_check(checked)
        return not found[0].judgement.rejected

    return approve


class _Run:
    """One `scalper upload`."""

    def __init__(
        self, order: UploadOptions, found: Selection, client: Client, journal: Journal, teller: Teller
    ) -> None:
        self._order = order
        self._found = found
        self._client = client
        self._journal = journal
        self._teller = teller
        self._states: Counter[str] = Counter()
        self._warnings = 0
        self._ended_by: BaseException | None = None

    def run(self) -> int:
        outcome = self._deliver()
        self._teller.report_delivery(outcome)
        self._ended_by = outcome.halted
        if self._order.wait and not self._ended_by:
            self._states.update(outcome.states.values())
            try:
                with self._teller.show_waiting(len(outcome.unsettled())):
                    for verdict in self._client.settle(outcome, self._journal, timeout=self._order.timeout):
                        self._states[verdict.state] += 1
                        self._warnings += verdict.warnings > 0
                        self._teller.report_verdict(verdict, outcome.files.get(verdict.file_id))
            except (ClientError, KeyboardInterrupt) as error:
                self._ended_by = error
        code = self._choose_exit_code(outcome)
        self._teller.report_end(outcome, self._states, self._warnings, code)
        if self._ended_by:
            raise self._ended_by
        return code

    def _deliver(self) -> Outcome:
        order, teller = self._order, self._teller
        approve = order.approve
        announcer = Announcer(
            self._client.connection, self._journal, roots=order.paths, reference=order.reference, note=order.note
        )
        with teller.show_sending():
            return self._client.deliver(
                self._found,
                self._journal,
                announcer,
                jobs=order.jobs,
                again=order.again,
                watcher=teller,
                approve=(lambda file: approve(file, teller)) if approve else (lambda _file: True),
            )

    def _choose_exit_code(self, outcome: Outcome) -> int:
        if self._ended_by:
            return to_exit_code(self._ended_by)
        if outcome.troubles or self._found.unreadable:
            return AGAIN
        refused = outcome.withheld or outcome.given_up
        return REJECTED if refused or any(self._states[state] for state in PROBLEMS) else ACCEPTED


@contextlib.contextmanager
def end_on_signals() -> Iterator[None]:
    """Have SIGTERM end a run as Ctrl-C does: what has arrived is noted."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
