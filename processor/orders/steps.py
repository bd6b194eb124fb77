"""The steps that orders leave in a file's story: who may take one, whether it was taken, and what it is answered."""

from intake.files.model import FileRecord, Finding, list_rejecting_codes
from intake.files.states import State
from intake.orders.commands import DoTask
from intake.orders.model import Answer, Task

STEPS = {Task.REPROCESS: "reprocess", Task.ACCEPT: "review-confirmed", Task.DELETE: "delete-ordered"}
"""What the timeline calls the wish that a task follows."""
RETRY = "retry"
"""The same, where a clinic's staff wish their own file to be checked again."""

Answering = tuple[Answer, tuple[str, ...]]
"""An answer, and the codes of the findings that reject the file."""


def is_allowed(command: DoTask, record: FileRecord) -> bool:
    """Say whether the one who ordered may: a clinic's staff have their own failed files checked again, and no more."""
    if not command.owner:
        return True
    own = command.owner == record.clinic_id and command.task is Task.REPROCESS
    return own and (record.state is State.FAILED or is_done(command, record))


def is_done(command: DoTask, record: FileRecord) -> bool:
    return any(step.detail == command.order_id and step.event in {RETRY, *STEPS.values()} for step in record.timeline)


def choose_answer(findings: tuple[Finding, ...]) -> Answering:
    rejecting = list_rejecting_codes(findings)
    if rejecting:
        return Answer.REJECTED, rejecting
    return (Answer.WARNED if findings else Answer.ACCEPTED), ()
