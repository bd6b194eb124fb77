"""Running the saved queries, and finding what their latest runs answered.

A run costs what it scans, so one is kept for a while, for all admins: whoever asks again meanwhile is shown it.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from intake.analytics.model import Execution, Progress, QueryRun, ResultTable
from portal.audit import note
from portal.auth.identity import Identity
from portal.saved_queries import SavedQuery
from portal.services import Services

KEPT = timedelta(minutes=10)
"""How long a run is shown before another may be started."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of the latest run of a query, for one period."""

    run: QueryRun
    execution: Execution
    table: ResultTable | None = None
    """When it is done."""

    @property
    def progress(self) -> Progress:
        return self.execution.progress

    def repeatable_at(self) -> datetime:
        """Return when the query may be run again: at once, where the run failed."""
        return self.run.started_at if self.progress is Progress.FAILED else self.run.started_at + KEPT


def find_answer(services: Services, query: SavedQuery, days: int) -> Answer | None:
    """Return the latest answer, or None where there is none, or none that the query as it is now would give."""
    run = services.query_runs.latest(query.key).get(days)
    execution = services.athena.execution(run.execution_id) if run else None
    if run is None or execution is None:
        return None
    if execution.progress is not Progress.DONE:
        return Answer(run, execution)
    table = services.athena.table(run.execution_id)
    expected = tuple(column.name for column in query.columns)
    return Answer(run, execution, table) if table and table.columns == expected else None


def run_query(services: Services, identity: Identity, query: SavedQuery, days: int) -> None:
    """Run a query, unless its latest run is young enough to be shown."""
    standing = find_answer(services, query, days)
    if standing and services.clock() < standing.repeatable_at():
        return
    note(services, identity, "analytics.run", subject=query.key, days=str(days))
    previous = services.query_runs.latest(query.key).get(days)
    sql = query.sql(days)
    # Two who press the button at once follow the same run, and so get one.
    token = hashlib.sha256(f"{previous.execution_id if previous else ''}\0{sql}".encode()).hexdigest()
    execution_id = services.athena.start(sql, token)
    services.query_runs.note(QueryRun(query.key, days, execution_id, services.clock()))
