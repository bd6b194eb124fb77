"""Telling the API of announced files that are not going to be sent, so that nobody waits for them."""

from collections.abc import Sequence

from scalper.api.connection import Connection
from scalper.errors import ApiError, NotFoundError
from scalper.uploads.journal import SENT, Journal

GIVEN_UP = "expired"
AT_ONCE = 100


def withdraw_abandoned(connection: Connection, journal: Journal) -> list[str]:
    """Give up what the journal says is not going to be sent. Return the ids of those that have arrived all the same.

    Raises CredentialsError, UnreachableError, JournalError: then the next run does it.
    """
    abandoned = journal.list_abandoned()
    arrived: list[str] = []
    for start in range(0, len(abandoned), AT_ONCE):
        states = _withdraw(connection, abandoned[start : start + AT_ONCE])
        here = [file_id for file_id, state in states.items() if state != GIVEN_UP]
        with journal.transaction():
            journal.note_states(states.keys() - set(here), GIVEN_UP)
            journal.note_states(here, SENT)
        arrived += here
    return arrived


def _withdraw(connection: Connection, file_ids: Sequence[str]) -> dict[str, str]:
    """Return how the files stand; nothing where the API gives none up, which then stops waiting within a day."""
    try:
        rows = connection.ask("POST", "files/withdraw", body={"file_ids": list(file_ids)})["files"]
    except NotFoundError:
        if len(file_ids) == 1:
            return dict.fromkeys(file_ids, GIVEN_UP)
        # One that is not known there keeps the others from being given up.
        half = len(file_ids) // 2
        return _withdraw(connection, file_ids[:half]) | _withdraw(connection, file_ids[half:])
    except ApiError:
        return {}
    return {row["file_id"]: row["state"] for row in rows}
