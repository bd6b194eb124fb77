"""What may get lost of what is projected, by hand, by a restore or by a bug: all of it is a rebuild's to bring back."""

from intake.files.states import State
from tests.model.dynamodb import InMemoryDynamoDB

MENDED = ("APPLIED", "BOARD", "CHANGES", "DAYS", "DEVICES", "HOLDINGS", "HOURS", "MINUTES", "STUDY", "UPLOAD")
"""Kinds of items that follow from records. What people said, and what was decided by who came first, does not."""


def list_projected(dynamodb: InMemoryDynamoDB) -> list[tuple[str, str]]:
    """Return the keys of what is projected, in an order that is the same each time.

    An upload's own item is among them where a list tells of its files still.
    """
    judged = {
        item["upload_id"]["S"]
        for items in dynamodb.items.values()
        for sort, item in items.items()
        if sort.startswith("FILE#") and item["state"]["S"] != State.AWAITING_UPLOAD
    }
    return sorted(
        (pk, sort)
        for pk, items in dynamodb.items.items()
        for sort, item in items.items()
        if pk.partition("#")[0] in MENDED
        and not sort.startswith("FILE#")
        and ("announced" not in item or pk.partition("#")[2] in judged)
    )


def delete(dynamodb: InMemoryDynamoDB, where: int, number: int) -> list[tuple[str, str]]:
    """Delete some of what is projected, spread from a place on, and return the keys of what was."""
    found = list_projected(dynamodb)
    chosen = [found[(where + 7919 * place) % len(found)] for place in range(min(number, len(found)))]
    for pk, sort in dict.fromkeys(chosen):
        dynamodb.remove(pk, sort)
    return chosen
