"""Announced files that are not going to be sent: the API is told, so that nobody waits for them."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from scalper.api.connection import Connection
from scalper.errors import ApiError, ClientError, FileChangedError, NotFoundError
from scalper.uploads.journal import ABANDONED, ANNOUNCED, SENT, Journal
from scalper.uploads.local_files import LocalFile
from scalper.uploads.outcome import Outcome, Watcher
from scalper.uploads.plan import Plan
from scalper.uploads.transfer import Item

GIVEN_UP = "expired"
"""The API's state of them."""
AT_ONCE = 100
ANNOUNCED_ANEW = 3
"""How often a run announces a file anew that keeps changing."""


class Withdrawals:
    """Those of one run, and of the runs before it. The journal is touched by the calling thread only."""

    def __init__(self, connection: Connection, journal: Journal, watcher: Watcher, outcome: Outcome) -> None:
        self._connection = connection
        self._journal = journal
        self._watcher = watcher
        self._outcome = outcome
        self._items: dict[str, Item] = {}
        self._changes: Counter[Path] = Counter()

    def take_up(self, plan: Plan) -> None:
        """Give up what earlier runs announced, and what changed or went since. Raises JournalError."""
        changed = [entry.file_id for entry in plan.changed if entry.state == ANNOUNCED]
        self._journal.note_states([*changed, *plan.vanished], ABANDONED)
        for file_id in plan.vanished:
            self._note(None, file_id, "It was announced by an earlier run, and is gone.")

    def give_up(self, item: Item, error: ClientError | OSError) -> LocalFile | None:
        """Give up a file that changed or is gone. Return it as it is now, where it is to be announced anew.

        Raises JournalError, and what is trouble for the next run: `error` where the file is as it was.
        """
        path, now = item.file.path, item.file.look_again()
        if now == item.file and not isinstance(error, FileChangedError):
            raise error
        self._journal.note_states([item.file_id], ABANDONED)
        self._items[item.file_id] = item
        if now is None:
            self._note(path, item.file_id, "It was announced, and is gone.")
        elif self._changes[path] == ANNOUNCED_ANEW:
            raise FileChangedError(f"{path} keeps changing while it is sent.")
        else:
            self._changes[path] += 1
            self._watcher.report_given_up(path, item.file_id, "It changed, and is announced anew.", anew=True)
        return now

    def tell(self) -> list[Item]:
        """Tell the API. Return this run's files among them that have arrived all the same, their answer being lost.

        Raises CredentialsError, UnreachableError, JournalError: then the next run does it.
        """
        abandoned = self._journal.list_abandoned()
        arrived: list[str] = []
        for start in range(0, len(abandoned), AT_ONCE):
            states = self._ask(abandoned[start : start + AT_ONCE])
            here = [file_id for file_id, state in states.items() if state != GIVEN_UP]
            with self._journal.transaction():
                self._journal.note_states(states.keys() - set(here), GIVEN_UP)
                self._journal.note_states(here, SENT)
            arrived += here
        return [self._items[file_id] for file_id in arrived if file_id in self._items]

    def _note(self, path: Path | None, file_id: str, reason: str) -> None:
        self._outcome.given_up.append(file_id)
        self._watcher.report_given_up(path, file_id, reason, anew=False)

    def _ask(self, file_ids: Sequence[str]) -> dict[str, str]:
        """Return how the files stand; nothing where the API gives none up, which then stops waiting within a day."""
        try:
            rows = self._connection.ask("POST", "files/withdraw", body={"file_ids": list(file_ids)})["files"]
        except NotFoundError:
            if len(file_ids) == 1:
                return dict.fromkeys(file_ids, GIVEN_UP)
            # One that is not known there keeps the others from being given up.
            half = len(file_ids) // 2
            return self._ask(file_ids[:half]) | self._ask(file_ids[half:])
        except ApiError:
            return {}
        return {row["file_id"]: row["state"] for row in rows}
