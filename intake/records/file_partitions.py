"""Reading an upload's files in their order, out of the partitions that they are spread over."""

import heapq
from collections.abc import Iterator
from typing import Any

from intake.files.item_keys import FILE_SHARDS, list_file_partitions
from intake.table.items import Item
from intake.table.queries import Query
from intake.table.table import Table


def list_files(table: Table, upload_id: str, limit: int, **bounds: Any) -> Iterator[Item]:  # noqa: ANN401  # A Query's.
    """Yield an upload's files in their order, of which `limit` are wanted; `bounds` are options of a Query.

    Each partition is asked once for its share of these, and again only where the files lie unevenly.
    """
    share = limit // FILE_SHARDS + 2
    parts = [table.items(Query(part, limit=share, **bounds)) for part in list_file_partitions(upload_id)]
    return heapq.merge(*parts, key=lambda item: str(item["sk"]), reverse=bounds.get("newest_first", False))
