"""Why messages were given up, in the table, behind the `LastErrors` port."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from intake.batches import items_at
from intake.expressions import replacement
from intake.items import Item, expiry, moment
from intake.ownership import SYSTEM
from intake.ports import LastError
from intake.record import timestamp

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient


class DynamoLastErrors:
    """Notes and reads why messages were given up. A message keeps its id on its way to the dead letters."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._dynamodb = client
        self._table = table

    def note(self, error: LastError) -> None:
        # A queue keeps its messages for 14 days: the note that outlives none of them lapses after as many.
        item = {
            **_key(error.message_id),
            "error": error.error,
            "at": timestamp(error.at),
            "expires": expiry() + 7 * 86_400,
        }
        self._dynamodb.put_item(**replacement(self._table, item, SYSTEM))

    def of(self, message_ids: Sequence[str]) -> dict[str, LastError]:
        found = items_at(self._dynamodb, self._table, [_key(message_id) for message_id in dict.fromkeys(message_ids)])
        errors = (LastError(item["pk"].partition("#")[2], item["error"], moment(item["at"])) for item in found)
        return {error.message_id: error for error in errors}


def _key(message_id: str) -> Item:
    return {"pk": f"LASTERROR#{message_id}", "sk": "#LASTERROR"}
