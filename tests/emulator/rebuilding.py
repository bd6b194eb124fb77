"""A stack whose projector is stopped, and whose stream is lost; and a rebuild of what it would have counted."""

from typing import Any

from intake.files.keys import new_upload_id
from intake.files.model import now
from intake.recounts.dynamodb import DynamoRebuildJobs
from intake.recounts.jobs import RebuildJob
from intake.table.table import Table
from tests.waiting import until


class StreamMapping:
    """The projector's source of changes, under a test's control."""

    def __init__(self, stack):
        self._functions = stack.clients.functions
        self._function = stack.outputs["ProjectorFunction"]

    def stop(self):
        """Have nobody read the stream any more."""
        uuid = self._find()["UUID"]
        self._functions.update_event_source_mapping(UUID=uuid, Enabled=False)
        until(lambda: self._find()["State"] == "Disabled", "the stopped projector")

    def lose(self):
        """Go on behind all that the stream holds, as after the day for which it keeps a change."""
        found = self._find()
        kept = ("EventSourceArn", "BatchSize", "FilterCriteria", "FunctionResponseTypes", "BisectBatchOnFunctionError")
        again: dict[str, Any] = {name: found[name] for name in kept if name in found}
        self._functions.delete_event_source_mapping(UUID=found["UUID"])
        self._functions.create_event_source_mapping(
            FunctionName=self._function, StartingPosition="LATEST", MaximumBatchingWindowInSeconds=1, **again
        )
        until(lambda: self._find()["State"] == "Enabled", "the projector behind the stream")

    def _find(self):
        rows = self._functions.list_event_source_mappings(FunctionName=self._function)["EventSourceMappings"]
        return next(row for row in rows if ":dynamodb:" in row["EventSourceArn"])


class Rebuilds:
    """Asks for rebuilds and audits as the portal does."""

    def __init__(self, stack):
        self._stack = stack
        self._jobs = DynamoRebuildJobs(Table(stack.clients.dynamodb, stack.outputs["Table"]))

    def begin(self, *, mends, clinic_id="", upload_id="", units_per_s=2000):
        job = RebuildJob(
            job_id=new_upload_id(), clinic_id=clinic_id, upload_id=upload_id, mends=mends, actor="test",
            placed_at=now(), units_per_s=units_per_s,
        )  # fmt: skip
        self._jobs.place(job)
        self._stack.clients.functions.invoke(
            FunctionName=self._stack.outputs["RebuildFunction"], InvocationType="Event", Payload=b"{}"
        )
        return job.job_id

    def await_end(self, job_id, within_s=600):
        until(lambda: self._jobs.find(job_id).ended_at, f"the end of rebuild {job_id}", within_s)
        return self._jobs.find(job_id)

    def run(self, **options):
        return self.await_end(self.begin(**options))
