"""moto's transactions, without the copy of the whole table that it makes for each of a transaction's writes.

Of a table of some hundred items that copy was most of what the tests' time went into. What a transaction may change are
the items that it names, so these are kept, and put back where it fails: as moto does with all of them.
"""

import copy

from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import Table


def keep_named_items_only(monkeypatch):
    """Have a transaction that fails put back the items that it names, and copy nothing else."""
    transact = DynamoDBBackend.transact_write_items

    def transact_write_items(backend, transact_items):
        named = [place for item in transact_items for op in item.values() if (place := _find(backend, op))]
        before = [copy.deepcopy(table.items[partition].get(sort)) for table, partition, sort in named]
        try:
            transact(backend, transact_items)
        except BaseException:
            for (table, partition, sort), item in zip(named, before, strict=True):
                _put_back(table.items[partition], sort, item)
            raise

    monkeypatch.setattr(DynamoDBBackend, "transact_write_items", transact_write_items)
    monkeypatch.setattr(Table, "__deepcopy__", lambda table, memo: table, raising=False)


def _find(backend, op):
    """Return the table, the partition and the sort key of what an operation writes."""
    table = backend.tables.get(op.get("TableName"))
    given = op.get("Item") or op.get("Key") or {}
    names = (table.hash_key_attr, table.range_key_attr) if table else ()
    if not names or any(name not in given for name in names):
        return None
    partition, sort = (DynamoType(given[name]) for name in names)
    return table, partition, sort


def _put_back(items, sort, item):
    if item is None:
        items.pop(sort, None)
    else:
        items[sort] = item
