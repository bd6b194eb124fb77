"""Ids as the stack makes them: with its table's own secret."""

from intake.keyed_ids import KeyedIds
from intake.table import Table
from intake.table_secret import TableSecret


def ids_of(stack):
    return KeyedIds(TableSecret(Table(stack.clients.dynamodb, stack.outputs["Table"])).read)
