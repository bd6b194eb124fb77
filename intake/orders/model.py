"""Orders, their answers, and reviews."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from intake.files.model import FileRecord, FileSummary
from intake.files.states import State


class Task(StrEnum):
    """What is to be done with each file."""

    REPROCESS = "reprocess"
    """Judge it again with today's rules, and file it by the new verdict."""
    TRY = "try"
    """Judge it again and change nothing: a dry run."""
    ACCEPT = "accept"
    """Accept it although rules reject it, as two admins have decided."""
    DELETE = "delete"
    """Delete its quarantined bytes; the record stays."""


class Answer(StrEnum):
    """What became of one file of an order."""

    ACCEPTED = "accepted"
    WARNED = "accepted_with_warnings"
    REJECTED = "rejected"
    DELETED = "deleted"
    ENQUEUED = "enqueued"
    """It came in an archive that has to be unpacked again, which was asked for."""
    GONE = "gone"
    """Its bytes are no longer kept, so there is nothing to judge."""
    UNSCANNED = "unscanned"
    """No result of a malware scan lets it be judged; it stays as it was."""
    CLOSED = "closed"
    """It is in a state that the task does not apply to; nothing was done."""
    REFUSED = "refused"
    """Its review does not hold: it is missing, or the file is not as it was reviewed."""


ACCEPTING = frozenset({Answer.ACCEPTED, Answer.WARNED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which files an order is about: those named, or all that match. What is left empty excludes none."""

    file_ids: tuple[str, ...] = ()
    """When given, only these; the other conditions hold as well."""
    state: State | None = None
    clinic_id: str = ""
    upload_id: str = ""
    code: str = ""
    kind: str = ""
    device: str = ""
    """Key of the device that its metadata names. Lists of files do not tell it, so `matches` leaves it to the reader of
    records."""
    since: datetime | None = None
    until: datetime | None = None

    def matches(self, file: FileSummary | FileRecord) -> bool:
        return (
            self.state in {None, file.state}
            and self.clinic_id in {"", file.clinic_id}
            and self.upload_id in {"", file.upload_id}
            and self.kind in {"", file.kind}
            and (not self.code or self.code in file.codes)
            and (self.since is None or file.created_at >= self.since)
            and (self.until is None or file.created_at < self.until)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A task for a selection of files, and how far it has come."""

    order_id: str
    """Has the form of an upload's id, so orders sort by age. Whoever asks chooses it: asking twice is one order."""
    owner: str
    """The clinic whose staff gave it, or empty for an admin's. Nobody else sees it."""
    task: Task
    selection: Selection
    actor: str
    """Opaque id of who gave it."""
    placed_at: datetime
    listed: bool = False
    """Whether all files of the selection have been found."""
    total: int = 0
    """Files found so far."""
    answers: dict[Answer, int] = field(default_factory=dict)
    """Files by what became of them, each counted once."""
    codes: dict[str, int] = field(default_factory=dict)
    """Finding code → files that it rejects."""

    def may_choose(self, file: FileSummary | FileRecord) -> bool:
        """Say whether the order is about a file: its selection matches it, and a clinic's order only its own."""
        return self.owner in {"", file.clinic_id} and self.selection.matches(file)

    @property
    def answered(self) -> int:
        return sum(self.answers.values())

    @property
    def complete(self) -> bool:
        return self.listed and self.answered >= self.total


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What became of one file."""

    file_id: str
    clinic_id: str
    answer: Answer
    codes: tuple[str, ...] = ()
    """Of the findings that reject it, or would."""


@dataclass(frozen=True, slots=True)
class OrderBatch:
    """Some files of an order, found together."""

    file_ids: tuple[str, ...]
    next: str | None
    """Where to look for the next portion; None for the last one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What was proposed for one file, and what was decided."""

    file_id: str
    clinic_id: str
    codes: tuple[str, ...]
    """Of the findings that reject the file, as they were when it was proposed: a file with others is another case."""
    reason: str
    """In the proposer's words, for admins only."""
    proposed_by: str
    proposed_by_name: str
    proposed_at: datetime
    decided_by: str = ""
    decided_by_name: str = ""
    decided_at: datetime | None = None
    confirmed: bool = False
    answer: Answer | None = None
    """What became of the file when it was judged once more; None until the processor has told."""
    refused_for: tuple[str, ...] = ()
    """Codes of what kept the file out although two people agreed."""

    @property
    def holds(self) -> bool:
        """Whether two different people stand behind it, and it was not carried out in vain."""
        agreed = self.confirmed and bool(self.decided_by) and self.decided_by != self.proposed_by
        return agreed and not self.was_in_vain

    @property
    def was_in_vain(self) -> bool:
        """Whether the file was not accepted, although two people agreed."""
        return self.answer not in {None, *ACCEPTING}
