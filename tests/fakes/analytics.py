"""Athena and its runs, in memory: an answer is what the test says it is."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from intake.analytics.model import Execution, Progress, QueryRun, ResultTable


@dataclass
class FakeAthena:
    """Runs nothing. A query is done as soon as it is started, unless `progress` says otherwise."""

    answers: dict[str, ResultTable] = field(default_factory=dict)
    """By what the SQL's first line begins with, behind `-- `."""
    tables: dict[str, ResultTable] = field(default_factory=dict)
    """By the run's id, where it answers something of its own."""
    progress: Progress = Progress.DONE
    fates: dict[str, Progress] = field(default_factory=dict)
    """By the run's id, where it fares otherwise."""
    forgets: bool = False
    started: list[tuple[str, str]] = field(default_factory=list)
    """SQL and token of each."""

    def start(self, sql: str, token: str) -> str:
        tokens = [one for _, one in self.started]
        if token not in tokens:
            self.started.append((sql, token))
            tokens.append(token)
        return f"execution-{tokens.index(token)}"

    def execution(self, execution_id: str) -> Execution | None:
        return None if self.forgets else Execution(self.fates.get(execution_id, self.progress), 1_482_113, 1870)

    def table(self, execution_id: str) -> ResultTable | None:
        if execution_id in self.tables:
            return self.tables[execution_id]
        sql, _ = self.started[int(execution_id.rpartition("-")[2])]
        return next((table for start, table in self.answers.items() if sql.startswith(f"-- {start}")), None)


@dataclass
class FakeQueryRuns:
    """Keeps the latest runs."""

    runs: dict[tuple[str, int], QueryRun] = field(default_factory=dict)

    def note(self, run: QueryRun) -> None:
        self.runs[run.query, run.days] = run

    def latest(self, query: str) -> Mapping[int, QueryRun]:
        return {days: run for (name, days), run in self.runs.items() if name == query}
