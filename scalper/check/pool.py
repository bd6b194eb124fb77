"""Processes that work side by side, each with a pipe of its own, and whose answers come in the order of the questions.

The pool of `concurrent.futures` has one pipe for everybody's answers: a worker that Ctrl-C ends while it writes leaves
half an answer in it, and whoever reads waits for the rest for ever, the interpreter's own end included.
"""

import multiprocessing
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, Generic, TypeVar, cast

Question = TypeVar("Question")
Answer = TypeVar("Answer")

AHEAD = 4
"""Answers a worker that may wait for one before them, so that memory stays flat."""


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
            process = context.Process(
                target=_answer, args=(theirs, prepare, connections if copies else ()), daemon=True
            )
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
