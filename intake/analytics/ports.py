"""Queries over the analytics, as admins run them."""

from collections.abc import Mapping
from typing import Protocol

from intake.analytics.model import Execution, QueryRun, ResultTable


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
