"""What the portal, and the processor itself, ask the processor to do: messages of the main queue.

They stand beside S3's notifications and are told apart by their one member, `command`. Opaque ids only.
"""

from dataclasses import asdict, dataclass
from typing import Any, Self

from intake.files.keys import is_clinic_id, is_file_id, is_upload_id
from intake.orders.model import Task

COMMAND = "command"


@dataclass(frozen=True, slots=True, kw_only=True)
class FindFiles:
    """Find one portion of the files that an order is about, and ask for each of them."""

    owner: str
    order_id: str
    number: int = 0

    def message(self) -> dict[str, Any]:
        return {COMMAND: asdict(self)}

    def __post_init__(self) -> None:
        _check(_is_order(self.owner, self.order_id) and type(self.number) is int and self.number >= 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class DoTask:
    """Do an order's task with one file."""

    owner: str
    order_id: str
    task: Task
    file_id: str
    actor: str

    def message(self) -> dict[str, Any]:
        return {COMMAND: asdict(self)}

    def __post_init__(self) -> None:
        _check(_is_order(self.owner, self.order_id) and isinstance(self.file_id, str) and is_file_id(self.file_id))
        _check(isinstance(self.task, Task) and isinstance(self.actor, str) and 0 < len(self.actor) <= 128)

    @classmethod
    def read(cls, members: dict[str, Any]) -> Self:
        return cls(**{**members, "task": Task(members["task"])})


def parse_command(body: dict[str, Any]) -> FindFiles | DoTask:
    """Return the command of a message. Raises ValueError for one that is none of ours, whatever else it holds."""
    members = body.get(COMMAND)
    if set(body) != {COMMAND} or not isinstance(members, dict):
        raise ValueError("the message is no command of ours")
    try:
        return DoTask.read(members) if "task" in members else FindFiles(**members)
    except (TypeError, ValueError):
        raise ValueError("the message is no command of ours") from None


def _is_order(owner: object, order_id: object) -> bool:
    owned = isinstance(owner, str) and (not owner or is_clinic_id(owner))
    return owned and isinstance(order_id, str) and is_upload_id(order_id)


def _check(right: bool) -> None:  # An assertion that stays on.
    if not right:
        raise ValueError("the message is no command of ours")
