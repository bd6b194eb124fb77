"""Files judged side by side in processes of their own, and told in the order in which they were named.

A worker judges some files and writes down what is to be told of them, so that the one process that prints has little to
do. Each has a pipe of its own: the pool of `concurrent.futures` has one pipe for everybody's answers, in which a worker
that Ctrl-C ends while it writes leaves half an answer, and whoever reads waits for the rest for ever.
"""

import io
import json
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Literal, NamedTuple, TypeVar, cast

from rich.console import Console

from scalper import judge_code
from scalper.check.batches import JudgedBatch, note_instance
from scalper.formatting import MARKS, count_files, escape_name, explain_findings

if TYPE_CHECKING:
    from processor.ingest.offline_check import Checked
    from processor.judge.inspection.findings import Profile

Colours = Literal["standard", "256", "truecolor"] | None
Question = TypeVar("Question")
Answer = TypeVar("Answer")

BATCH = 16
"""Files that a worker judges at a time."""
FEWEST = 2 * BATCH
"""Files that are worth a second process: one takes some 0.2 s to start."""
AHEAD = 4
"""Answers a worker that may wait for one before them, so that memory stays flat."""


class Style(NamedTuple):
    """How findings are written."""

    as_json: bool
    """As JSON Lines, or for people."""
    colours: str | None
    """What the terminal can show, as rich calls it; None for none."""


def count_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def judge_files(files: Sequence[Path], profile: "Profile", style: Style, jobs: int) -> Iterator[Iterator[JudgedBatch]]:
    """Judge files with so many processes while the block runs, which gets what became of them, in their order.

    Raises OSError where a worker was ended from outside.
    """
    if jobs == 1 or len(files) < FEWEST:
        yield (judge_batch((path,), profile, style) for path in files)
        return
    batches = [files[first : first + BATCH] for first in range(0, len(files), BATCH)]
    work = partial(judge_batch, profile=profile, style=style)
    with open_pool(work, min(jobs, len(batches)), judge_code.make_importable) as pool:
        yield pool.ask_all(batches)


def judge_batch(paths: Sequence[Path], profile: "Profile", style: Style) -> JudgedBatch:
    """Judge files one after the other, up to the first that cannot be read."""
    from processor.ingest.offline_check import check  # noqa: PLC0415  A worker finds the judge only once it is prepared.

    batch, out = JudgedBatch(), io.StringIO()
    colours = cast("Colours", style.colours if style.colours in {"standard", "256", "truecolor"} else None)
    # It writes as the terminal can show it, whole lines however long.
    console = Console(
        file=out, force_terminal=bool(colours), color_system=colours, highlight=False, soft_wrap=True, width=1000
    )
    try:
        for path in paths:
            for checked in check(path, profile):
                batch.verdicts[name_verdict(checked)] += 1
                note_instance(batch, checked)
                if style.as_json:
                    out.write(json.dumps(checked.as_dict(), ensure_ascii=False) + "\n")
                else:
                    print_checked(console, checked)
            batch.files += 1
    except OSError as error:
        # Only its text crosses to the other process, whatever it carried.
        batch.unreadable = OSError(str(error))
    batch.text = out.getvalue()
    return batch


def print_checked(console: Console, checked: "Checked") -> None:
    """Print what was found of one file."""
    judgement = checked.judgement
    console.print(f"{MARKS[name_verdict(checked)]}  {escape_name(checked.path)}  [dim]{judgement.kind}[/]")
    for line in explain_findings(judgement.findings):
        console.print(line)
    if left_out := judgement.metadata.get("left_out"):
        console.print(f"    {count_files(left_out, 'other ')} in it left out.")


def name_verdict(checked: "Checked") -> str:
    if checked.judgement.rejected:
        return "rejected"
    return "warned" if checked.judgement.findings else "accepted"


@contextmanager
def open_pool(
    work: Callable[[Question], Answer], workers: int, prepare: Callable[[], None]
) -> Iterator["Pool[Question, Answer]"]:
    """Begin processes that `prepare` and then `work`, as often as they are asked. They are gone when the block ends."""
    # As copies of this process, which costs nothing, while it is safe: without threads.
    copies = sys.platform == "linux" and threading.active_count() == 1
    context = multiprocessing.get_context("fork") if copies else multiprocessing.get_context("spawn")
    begun: list[BaseProcess] = []
    connections: list[Connection[Any, Any]] = []
    try:
        for _ in range(workers):
            ours, theirs = context.Pipe()
            connections.append(ours)
            # A copy of this process holds our ends too, and would not see us end.
            known = (theirs, prepare, connections if copies else ())
            process = context.Process(target=_answer, args=known, daemon=True)
            process.start()
            begun.append(process)
            # While we held their end as well, its end would not show.
            theirs.close()
            # Sent, since what it names is found only by who is prepared.
            ours.send(work)
        yield Pool([*connections])
    finally:
        for worker in begun:
            worker.kill()
        for worker in begun:
            worker.join()
        for connection in connections:
            connection.close()


@dataclass(frozen=True, slots=True)
class _Failure:
    """What a worker raised, to be raised again by who asked."""

    error: Exception


def _answer(
    connection: "Connection[Any, Any]", prepare: Callable[[], None], others: "Iterable[Connection[Any, Any]]"
) -> None:
    # Ctrl-C ends a worker at once and in silence.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    for other in others:
        other.close()
    prepare()
    work = connection.recv()
    while True:
        try:
            question = connection.recv()
        except EOFError:
            # Who asked is gone.
            return
        try:
            answer = work(question)
        except Exception as error:  # noqa: BLE001  It is raised again where it can be told of.
            answer = _Failure(error)
        connection.send(answer)


class Pool(Generic[Question, Answer]):
    """Hands questions to workers that wait, and gives their answers in order."""

    def __init__(self, connections: "list[Connection[Question, Answer]]") -> None:
        self._idle = connections
        self._most_ahead = AHEAD * len(connections)
        self._asked: dict[Connection[Question, Answer], int] = {}
        self._answers: dict[int, Answer | _Failure] = {}

    def ask_all(self, questions: Iterable[Question]) -> Iterator[Answer]:
        """Yield the answers in the order of the questions.

        Raises what a worker raised once what comes before it is given, and OSError where one was ended from outside.
        """
        numbered = enumerate(questions)
        given = 0
        upcoming = next(numbered, None)
        while upcoming or self._asked or self._answers:
            while upcoming and self._idle and upcoming[0] < given + self._most_ahead:
                self._ask(self._idle.pop(), *upcoming)
                upcoming = next(numbered, None)
            if given in self._answers:
                answer = self._answers.pop(given)
                if isinstance(answer, _Failure):
                    raise answer.error
                yield answer
                given += 1
            else:
                self._collect()

    def _ask(self, connection: "Connection[Question, Answer]", number: int, question: Question) -> None:
        with _tell_of_ends():
            connection.send(question)
        self._asked[connection] = number

    def _collect(self) -> None:
        """Wait for whoever answers next."""
        for ready in wait(list(self._asked)):
            connection = cast("Connection[Question, Answer]", ready)
            number = self._asked.pop(connection)
            with _tell_of_ends():
                self._answers[number] = connection.recv()
            self._idle.append(connection)


@contextmanager
def _tell_of_ends() -> Iterator[None]:
    try:
        yield
    except (EOFError, OSError) as error:
        raise OSError("A process that checks files was ended from outside.") from error
