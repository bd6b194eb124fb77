"""Why messages were given up, in the table, behind the `LastErrors` port."""

from collections.abc import Sequence

from intake.files.model import timestamp
from intake.operations.model import LastError
from intake.table.expressions import SYSTEM
from intake.table.items import Item, expiry, moment
from intake.table.table import Table


class DynamoLastErrors:
    """Notes and reads why messages were given up. A message keeps its id on its way to the dead letters."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def note(self, error: LastError) -> None:
        # A queue keeps its messages for 14 days: the note that outlives none of them lapses after as many.
        item = {
            **_key(error.message_id),
            "error": error.error,
            "at": timestamp(error.at),
            "expires": expiry() + 7 * 86_400,
        }
        self._table.put(item, SYSTEM)

    def find(self, message_ids: Sequence[str]) -> dict[str, LastError]:
        found = zip(message_ids, self._table.batch_get([_key(message_id) for message_id in message_ids]), strict=True)
        return {
            message_id: LastError(message_id, item["error"], moment(item["at"])) for message_id, item in found if item
        }


def _key(message_id: str) -> Item:
    return {"pk": f"LASTERROR#{message_id}", "sk": "#LASTERROR"}
