"""Queries over the analytics, as admins run them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class Progress(StrEnum):
    """How far a query has come."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class QueryRun:
    """That a saved query was started, for a period."""

    query: str
    days: int
    execution_id: str
    started_at: datetime


@dataclass(frozen=True, slots=True)
class Execution:
    """What Athena tells of a run."""

    progress: Progress
    scanned_bytes: int = 0
    """What is billed for it."""
    took_ms: int = 0


@dataclass(frozen=True, slots=True)
class ResultTable:
    """A query's answer, at most a thousand rows of it."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str | None, ...], ...]
    """Values as text, as Athena writes them; None for NULL."""


class Athena(Protocol):
    """Runs SQL over the analytics, for as long as it takes."""

    def start(self, sql: str, token: str) -> str:
        """Start a query and return its execution's id; the same again for the same `token`, of 32 to 128 characters."""
        ...

    def execution(self, execution_id: str) -> Execution | None:
        """Return how far it has come, or None for one that Athena no longer knows."""
        ...

    def table(self, execution_id: str) -> ResultTable | None:
        """Return the answer of a query that is done, or None where it is no longer kept."""
        ...


class QueryRuns(Protocol):
    """The latest run of each saved query and period."""

    def note(self, run: QueryRun) -> None: ...

    def latest(self, query: str) -> Mapping[int, QueryRun]:
        """Return the latest runs of a query, by the days of their period."""
        ...
